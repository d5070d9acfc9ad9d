// The address names what is chosen: it can be reloaded, sent to someone, and gone back to.
import { expect, item, key, open, test } from './story';

test('the choice is in the address and survives a reload', async ({ page, server }) => {
  const dune = await server.write('books/*', { title: 'Dune' });
  await server.write('config', { theme: 'dark' });
  await open(page);
  await expect(page).toHaveTitle('monoxide');

  await key(page, 'books/*').click();
  await expect(page).toHaveURL('/_ui/books/*');
  await expect(page).toHaveTitle('books/* · monoxide');
  await expect(key(page, 'books/*')).toHaveAttribute('aria-current', 'page');

  await page.reload();
  await expect(item(page, `books/${dune}`)).toContainText('Dune');
  await expect(key(page, 'books/*')).toHaveAttribute('aria-current', 'page');
});

test('back and forward go through what was chosen', async ({ page, server }) => {
  const dune = await server.write('books/*', { title: 'Dune' });
  await open(page);
  const heading = page.getByRole('heading', { level: 1 });

  await key(page, 'books/*').click();
  await page.getByRole('link', { name: dune }).click();
  await expect(page).toHaveURL(`/_ui/books/${dune}`);
  await expect(heading).toHaveText(`books/${dune}`);

  await heading.getByRole('link', { name: 'books' }).click();
  await expect(heading).toHaveText('books/*');
  await page.goBack();
  await expect(heading).toHaveText(`books/${dune}`);
  await page.goBack();
  await page.goBack();
  await expect(page).toHaveURL('/');
  await expect(page.getByText('Choose a key')).toBeVisible();
  await page.goForward();
  await expect(heading).toHaveText('books/*');
});

test('back and forward may come faster than the page is painted', async ({ page, server }) => {
  await server.write('books/*', { title: 'Dune' });
  await server.write('config', { theme: 'dark' });
  await open(page);
  await key(page, 'books/*').click();
  await expect(page.getByText('Dune')).toBeVisible();
  await key(page, 'config').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('config');
  await page.getByRole('link', { name: 'Monitor' }).click();
  await expect(page.getByRole('heading', { name: 'Monitor' })).toBeVisible();

  // As somebody does who holds the key down. What was to be done in the next frame is for nobody by then.
  await page.evaluate(async () => {
    for (const step of [-1, -1, -1, 1, 1, 1, -1, -1, -1]) {
      const moved = new Promise((resolve) => addEventListener('popstate', resolve, { once: true }));
      history.go(step);
      await moved;
    }
  });
  await expect(page.getByText('Choose a key')).toBeVisible();
  await key(page, 'books/*').click();
  await expect(page.getByText('Dune')).toBeVisible();
});

test('a pattern over several lists can be watched by its address', async ({ page, server }) => {
  await server.write('users/ann/posts/*', { text: 'hello' });
  await server.write('users/bob/posts/*', { text: 'world' });
  await open(page, '/_ui/users/*/posts/*');
  await expect(page.locator('.item')).toHaveCount(2);
});

test('an address that names no key says why', async ({ page, server }) => {
  await open(page, '/_ui/a//b');
  await expect(page.getByRole('heading', { name: 'a//b is not a key' })).toBeVisible();
  await expect(page.getByText('has an empty segment')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'All keys' }).click();
  await expect(page).toHaveURL('/');
  expect(server.url).toContain('127.0.0.1');
});

test('numbers are shown with every digit they were written with, and times to the nanosecond', async ({ page, server }) => {
  await server.write('exact', '{"time":1795216331200612975,"huge":12345678901234567890123,"price":1.10}');
  await open(page, '/_ui/exact');
  for (const digits of ['1795216331200612975', '12345678901234567890123', '1.10']) {
    await expect(page.getByText(digits, { exact: true })).toBeVisible();
  }
  const { created } = JSON.parse(
    (await (await fetch(`${server.url}/exact`)).text()).replace(/"created":(\d+)/, '"created":"$1"'),
  );
  const title = await page.locator('.facts time').first().getAttribute('title');
  expect(title).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0[12]:00$/);
  expect(title).toContain(`.${created.slice(-9)} `);
});

// What is of use on every page: the palette, shortcuts, the theme, toasts, the menu of a phone.
import { connection, expect, key, open, test } from './story';

const theme = () => document.documentElement.dataset.theme;
const ground = () => getComputedStyle(document.documentElement).backgroundColor;

test('the palette finds keys, pages and actions by a few letters', async ({ page, server }) => {
  await server.write('books/*', { title: 'Dune' });
  await server.write('devices/thermostat-7', { celsius: 21.5 });
  await open(page);
  await expect(key(page, 'books/*')).toBeVisible();

  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: 'Page, key or action' });
  await expect(field).toBeFocused();
  await page.keyboard.type('dvc');
  await expect(page.getByRole('option', { selected: true })).toContainText('devices/*');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/_ui/devices/*');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('devices/thermostat-7');
  await expect(page.getByRole('option')).toHaveText('Open devices/thermostat-7');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/_ui/devices/thermostat-7');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('filt');
  await expect(page.getByRole('option', { selected: true })).toContainText('Filters');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/_ui/_filters');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('dark');
  await page.keyboard.press('Enter');
  expect(await page.evaluate(theme)).toBe('dark');

  await page.keyboard.press('Control+k');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('option').last()).toHaveAttribute('aria-selected', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('nothing has this name');
  await expect(page.getByText('Nothing has that in its name.')).toBeVisible();
});

test('shortcuts go to pages, and are listed on ?', async ({ page }) => {
  await open(page);
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Shortcuts' });
  await expect(sheet.getByText('Filters')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page).toHaveURL('/');
  await page.keyboard.press('Escape');
  await expect(sheet).toHaveCount(0);

  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await expect(page).toHaveURL('/_ui/_filters');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(page).toHaveURL('/');

  await page.getByLabel('Filter keys').focus();
  await page.keyboard.type('?gf');
  await expect(page.getByLabel('Filter keys')).toHaveValue('?gf');
  await expect(page).toHaveURL('/');
});

test('the theme is remembered, is there before the program, and in other pages at once', async ({ page, context }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await open(page);
  const light = await page.evaluate(ground);
  const button = page.getByRole('button', { name: 'System theme' });
  const other = await context.newPage();
  await other.emulateMedia({ colorScheme: 'light' });
  await other.goto(page.url());
  await button.click();
  await page.getByRole('button', { name: 'Light theme' }).click();
  await expect(page.getByRole('button', { name: 'Dark theme' })).toBeVisible();
  const dark = await page.evaluate(ground);
  expect(dark).not.toBe(light);
  await expect.poll(() => other.evaluate(ground)).toBe(dark);

  // Without the program the page has only what is there before it.
  await page.route('**/boot.js*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
  await page.reload();
  expect(await page.evaluate(ground)).toBe(dark);
  await page.unroute('**/boot.js*');

  await page.reload();
  await page.getByRole('button', { name: 'Dark theme' }).click();
  await expect(page.getByRole('button', { name: 'System theme' })).toBeVisible();
  expect(await page.evaluate(theme)).toBeUndefined();
  expect(await page.evaluate(ground)).toBe(light);
});

test('toasts: at most three, which wait for who reads them, and leave by themselves or by hand', async ({ page, server }) => {
  await page.clock.install();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await server.write(name, 1);
  await page.goto('/_ui/_orphans');
  const toasts = page.locator('.toast');
  for (const name of ['a', 'b', 'c', 'd']) {
    await page.getByRole('button', { name: `Delete ${name}`, exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(toasts.last()).toContainText(`Deleted ${name}`);
  }
  await expect(toasts).toHaveText([/Deleted b/, /Deleted c/, /Deleted d/]);
  await expect(page.getByRole('status', { name: 'What was done' })).toHaveAttribute('aria-live', 'polite');

  await toasts.first().hover();
  await page.clock.runFor(60_000);
  await expect(toasts).toHaveCount(3);
  await toasts.last().getByRole('button', { name: 'Dismiss' }).click();
  await expect(toasts).toHaveCount(2);
  await page.mouse.move(10, 400);
  await page.clock.runFor(1_000);
  await expect(toasts).toHaveCount(2);
  await page.clock.runFor(15_000);
  await expect(toasts).toHaveCount(0);
});

test('everything in the header is reached by keyboard, and shows that it has the focus', async ({ page }) => {
  await open(page);
  const seen: string[] = [];
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    seen.push(((await focused.textContent()) ?? '').trim());
    const ring = await focused.evaluate((it) => getComputedStyle(it).outlineStyle + getComputedStyle(it.closest('label') ?? it).outlineStyle);
    expect(ring, seen.at(-1)).toContain('solid');
  }
  for (const name of ['Skip to the document', 'Data', 'Live', 'Monitor', 'Filters', 'Endpoints', 'Orphan keys', 'Backups', 'Go to…', 'System theme']) {
    expect(seen).toContain(name);
  }
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('the pages are in a menu, and nothing is wider than the screen', async ({ page }) => {
    await open(page);
    for (const [name, address] of [['Filters', '/_ui/_filters'], ['Endpoints', '/_ui/_endpoints'], ['Orphan keys', '/_ui/_orphans'], ['Backups', '/_ui/_backups'], ['Data', '/']]) {
      await expect(page.getByRole('link', { name, exact: true })).toBeHidden();
      await page.getByRole('button', { name: 'Pages' }).click();
      await page.getByRole('link', { name, exact: true }).click();
      await expect(page).toHaveURL(address);
      await expect(page.getByRole('link', { name, exact: true })).toBeHidden();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
    await expect(connection(page)).toHaveText('Live');
  });
});

test('n makes an object in a list, and e edits one, but not while one types', async ({ page, server }) => {
  await server.write('books/dune', { title: 'Dune' });
  await open(page);
  await expect(page.getByRole('button', { name: 'New object' })).toBeVisible();
  await page.keyboard.press('n');
  const anywhere = page.getByRole('dialog', { name: 'New object' });
  await expect(anywhere.getByLabel('Key', { exact: true }), 'one may type at once').toBeFocused();
  await page.keyboard.press('Escape');
  await expect(anywhere).toHaveCount(0);

  await open(page, '/_ui/books/*');
  await expect(page.getByRole('button', { name: 'New object' })).toBeVisible();
  await page.keyboard.press('n');
  const dialog = page.getByRole('dialog', { name: 'New object in books/*' });
  await expect(dialog.locator('textarea')).toBeFocused();
  // The first frees the tabulator, for those who have no mouse.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  await open(page, '/_ui/books/dune');
  await expect(page.getByRole('button', { name: 'Edit' })).toBeVisible();
  await page.getByLabel('Filter keys').press('e');
  await expect(page.getByLabel('Filter keys')).toHaveValue('e');
  await page.getByLabel('Filter keys').blur();
  await page.keyboard.press('e');
  await expect(page).toHaveURL('/_ui/books/dune?view=json');
});

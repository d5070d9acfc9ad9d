// Everything on the page can be reached and done without a mouse.
import { expect, item, line, open, test } from './story';

test('keys are found, chosen and unfolded by keyboard', async ({ page, server }) => {
  const dune = await server.write('books/*', { title: 'Dune', author: { name: 'Frank' } });
  await server.write('config', { theme: 'dark' });
  await open(page);

  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the document' })).toBeFocused();

  await page.keyboard.press('/');
  await expect(page.getByLabel('Filter keys')).toBeFocused();
  await page.keyboard.type('boo');
  await expect(page.locator('nav li .key')).toHaveCount(1);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/_ui/books/*');
  await page.keyboard.press('Escape');
  await expect(page.locator('nav li .key')).toHaveCount(2);

  await page.keyboard.press('Tab');
  await expect(page.locator('nav li .key').first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('nav li .key').nth(1)).toBeFocused();

  // From the column into the table, and from there to an object.
  await page.getByRole('grid').focus();
  await page.keyboard.press('ArrowDown');
  await expect(item(page, `books/${dune}`)).toHaveClass(/active/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`/_ui/books/${dune}`);

  await line(page, '/title').focus();
  await page.keyboard.press('End');
  await expect(line(page, '/author/name')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(line(page, '/author')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(line(page, '/author')).toHaveAttribute('aria-expanded', 'false');
  await page.keyboard.press('ArrowRight');
  await expect(line(page, '/author')).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('ArrowRight');
  await expect(line(page, '/author/name')).toBeFocused();
  await page.keyboard.press('Home');
  await expect(line(page, '/title')).toBeFocused();
});

test('the first link leads past the keys, and leaves the document as it is', async ({ page, server }) => {
  await server.write('config', { deep: { a: 1 } });
  await open(page, '/_ui/config');
  await line(page, '/deep').click();

  await page.keyboard.press('Tab');
  await page.getByRole('link', { name: 'Skip to the document' }).focus();
  await page.keyboard.press('Enter');

  await expect(page.getByRole('main')).toBeFocused();
  await expect(line(page, '/deep')).toHaveAttribute('aria-expanded', 'false');
});

test('a name that does not exist yet is opened from the filter', async ({ page, server }) => {
  await open(page);
  await page.keyboard.press('/');
  await page.keyboard.type('films/*');
  await page.keyboard.press('Enter');
  await expect(page.getByText('No objects in films/*')).toBeVisible();
  await server.write('films/*', { title: 'Dune' });
  await expect(page.locator('.item')).toHaveCount(1);
});

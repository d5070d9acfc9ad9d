// A write by HTTP shows in an open page within a second, without a reload.
import { connection, expect, item, key, open, test } from './story';

const second = { timeout: 1_000 };

test('what is written shows at once in an open page @page', async ({ page, server }) => {
  const list = `shelf${Date.now()}`;
  await open(page);
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));

  const dune = await server.write(`${list}/*`, { title: 'Dune' });
  await expect(key(page, `${list}/*`)).toContainText('1', second);

  await key(page, `${list}/*`).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`${list}/*`);
  await expect(item(page, `${list}/${dune}`)).toContainText('Dune');

  const emma = await server.write(`${list}/*`, { title: 'Emma' });
  await expect(item(page, `${list}/${emma}`)).toContainText('Emma', second);
  await expect(page.locator('.item').first()).toHaveAttribute('data-key', `${list}/${emma}`);
  await expect(key(page, `${list}/*`)).toContainText('2', second);

  await server.write(`${list}/${dune}`, { title: 'Dune Messiah' });
  await expect(item(page, `${list}/${dune}`)).toContainText('Dune Messiah', second);

  await server.remove(`${list}/${emma}`);
  await expect(item(page, `${list}/${emma}`)).toHaveCount(0, second);
  await server.remove(`${list}/*`);
  await expect(page.getByText(`No objects in ${list}/*`)).toBeVisible(second);
  await expect(key(page, `${list}/*`)).toHaveCount(0, second);

  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
  await expect(connection(page)).toHaveText('Live');
});

test('an object shows when it is written, changes, and says when it is gone', async ({ page, server }) => {
  await open(page, '/_ui/config');
  await expect(page.getByText('Nothing is stored as config')).toBeVisible();

  await server.write('config', { theme: 'dark' });
  await expect(page.getByRole('treeitem')).toHaveText('theme"dark"', second);

  await server.patch('config', { theme: 'light', size: 12 });
  await expect(page.getByRole('treeitem').first()).toHaveText('theme"light"', second);
  await expect(page.getByRole('treeitem')).toHaveCount(2);

  await server.remove('config');
  await expect(page.getByText('config is gone')).toBeVisible(second);

  await server.write('config', { theme: 'dark' });
  await expect(page.getByRole('treeitem')).toHaveText('theme"dark"', second);
});

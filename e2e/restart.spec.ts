// The server is killed and started again: the page says so, reconnects, and ends equal to it.
import { connection, expect, item, key, open, picture, test } from './story';

test.skip(!!process.env.MONOXIDE_URL, 'only a server that the story has started can be killed');

test('the page outlives its server', async ({ page, server, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
  const dune = await server.write('books/*', { title: 'Dune' });
  await server.write('config', { theme: 'dark' });
  await open(page, '/_ui/books/*');
  await expect(item(page, `books/${dune}`)).toBeVisible();
  await page.evaluate(() => Object.assign(window, { notReloaded: true }));

  await server.kill();
  await expect(connection(page)).toHaveText('Reconnecting');
  await expect(page.getByRole('status').filter({ hasText: 'This is how it was at' })).toBeVisible();
  await expect(item(page, `books/${dune}`), 'the old document stays').toContainText('Dune');
  await picture(page, 'desktop-light-reconnecting');

  await server.restart();
  await expect(connection(page)).toHaveText('Live', { timeout: 15_000 });
  await expect(page.getByText('No objects in books/*'), 'memory was all it had').toBeVisible();
  await expect(key(page, 'config')).toHaveCount(0);
  await expect(page.getByText('This is how it was at')).toHaveCount(0);

  const emma = await server.write('books/*', { title: 'Emma' });
  await expect(item(page, `books/${emma}`)).toContainText('Emma', { timeout: 1_000 });
  await expect(key(page, 'books/*')).toContainText('1');
  expect(await page.evaluate(() => 'notReloaded' in window)).toBe(true);
});

test('a page that was opened while the server is away says that it still tries', async ({ page, server, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed|Failed to fetch/);
  await open(page);
  await server.kill();
  await expect(connection(page)).toHaveText('Reconnecting');

  // The filter opens what is not in the column: a subscription that was never live.
  await page.getByLabel('Filter keys').fill('films/*');
  await page.getByLabel('Filter keys').press('Enter');

  await expect(page.getByRole('heading', { name: 'Still trying' })).toBeVisible();
  await picture(page, 'desktop-light-still-trying');

  // Not even the program that shows a list had been fetched.
  await server.restart();
  await server.write('films/*', { title: 'Metropolis' });
  await expect(page.getByText('Metropolis')).toBeVisible({ timeout: 20_000 });
});

// The state monitor: how the server is, over the last hour, and who is connected; one may be closed.
import AxeBuilder from '@axe-core/playwright';
import { type Page, devices } from '@playwright/test';
import { expect, open, picture, test } from './story';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };

/** The row of the table of connections that watches `what`. */
function watcher(page: Page, what: string) {
  return page.getByRole('region', { name: 'Connections', exact: true }).getByRole('row').filter({ hasText: what });
}

function tile(page: Page, title: string) {
  return page.locator('.tile').filter({ has: page.locator('dt').getByText(title, { exact: true }) });
}

test('the monitor says how the server is, and counts what happens', async ({ page, server }) => {
  await open(page, '/_ui/_monitor');
  await expect(page).toHaveTitle(/^Monitor · /);
  await expect(tile(page, 'Health')).toContainText('Well');
  await expect(tile(page, 'Uptime')).toContainText(/\d+ (s|min)/);
  await expect(tile(page, 'Memory')).toContainText('MiB');
  await expect(tile(page, 'Storage')).toContainText('nothing is kept over a restart');
  await expect(page.getByText('Settings in effect')).toBeVisible();

  for (let n = 0; n < 3; n++) await server.write('books/*', { n });

  await expect(tile(page, 'Stored')).toContainText('3 objects');
  await expect(tile(page, 'Requests')).toContainText(/[1-9]/);
});

test('charts have the samples of the last hour, to be pointed at and to be read', async ({ page, server }) => {
  await server.write('books/*', { title: 'Dune' });
  await open(page, '/_ui/_monitor');
  await expect(page.locator('.chart')).toHaveCount(7);
  const requests = page.locator('.chart').filter({ has: page.getByRole('heading', { name: 'Requests' }) });
  await expect(requests.locator('path.line-2')).not.toHaveCount(0);
  await expect(requests.locator('text').filter({ hasText: 'now' })).toHaveCount(1);

  // By keyboard: the moment before, in all charts at once.
  const slider = page.getByRole('slider', { name: 'Requests over the last hour' });
  await slider.focus();
  await slider.press('Home');
  await expect(slider).toHaveAttribute('aria-valuetext', /^\d\d:\d\d:\d\d: reads /);
  await expect(page.locator('.chart .cursor')).toHaveCount(7);

  const memory = page.locator('.chart').filter({ has: page.getByRole('heading', { name: 'Memory' }) });
  await memory.getByText('As a table').click();
  await expect(memory.getByRole('cell').first()).toContainText('MiB');
});

test('an administrator closes the connection of another browser, which says why and comes back', async ({
  page, server, browser,
}) => {
  const other = await (await browser.newContext()).newPage();
  await open(other, `${server.url}/_ui/books/*`);
  await open(page, '/_ui/_monitor');
  const row = watcher(page, 'books/*');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('127.0.0.1:');

  await row.getByRole('button', { name: /^Close connection \d+$/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close it' }).click();

  await expect(page.getByText(/^Closed connection \d+$/)).toBeVisible();
  await expect(other.getByText('closed by an administrator')).toBeVisible();
  await expect(other.getByText('closed by an administrator')).toBeHidden({ timeout: 15_000 });
  await expect(watcher(page, 'books/*')).toHaveCount(1);
  await other.context().close();
});

test('tables are sorted and filtered, and stay so over a reload', async ({ page, server }) => {
  await server.write('books/*', {});
  await open(page, '/_ui/_monitor');
  await page.getByLabel('Find in connections').fill('_mon');
  await expect(watcher(page, '_monitor')).toHaveCount(1);
  await expect(watcher(page, '_keys')).toHaveCount(0);
  await page.getByRole('region', { name: 'Topics' }).getByRole('button', { name: 'Subscribers' }).click();
  await page.reload();
  await expect(page.getByLabel('Find in connections')).toHaveValue('_mon');
  await expect(watcher(page, '_monitor')).toHaveCount(1);
  await expect(page.getByRole('columnheader', { name: 'Subscribers' })).toHaveAttribute('aria-sort', 'descending');
});

test('more connections than fit are paged', async ({ page, server }) => {
  await open(page, '/_ui/_monitor');
  await page.evaluate(async () => {
    const sockets = [];
    for (let n = 0; n < 60; n++) {
      sockets.push(new WebSocket(`${location.origin.replace('http', 'ws')}/many/${n}`));
    }
    Object.assign(window, { sockets });
  });
  await expect(page.getByText('Page 1 of 2').first()).toBeVisible({ timeout: 20_000 });
  const pages = page.getByRole('navigation', { name: 'Pages of connections' });
  await pages.getByRole('button', { name: 'After' }).click();
  await expect(pages).toContainText('Page 2 of 2');
  await page.getByLabel('Find in connections').fill('many/7');
  await expect(watcher(page, 'many/7')).toHaveCount(1);
  await expect(watcher(page, '_keys')).toHaveCount(0);
});

test('a monitor whose server is gone says since when it is old', async ({ page, server, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
  await open(page, '/_ui/_monitor');
  await expect(tile(page, 'Health')).toContainText('Well');
  await server.kill();
  await expect(page.locator('.banner')).toContainText('This is how it was at');
  await server.restart();
  await expect(page.locator('.banner')).toHaveCount(0, { timeout: 20_000 });
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });

      test('the monitor', async ({ page, server }) => {
        await open(page, '/_ui/_monitor');
        for (let n = 0; n < 30; n++) {
          await server.write('books/*', { title: 'Dune', n });
          await fetch(`${server.url}/books/*`);
          await page.waitForTimeout(100);
        }
        await expect(watcher(page, '_monitor')).toHaveCount(1);
        // The ring's second sample.
        await page.waitForTimeout(9_000);
        await picture(page, `${size}-${colorScheme}-monitor`);
        await page.screenshot({ path: `screenshots/${size}-${colorScheme}-monitor-whole.png`, fullPage: true });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      });
    });
  }
}

// Every state of the page, in both themes and on a phone: a picture of it, and no fault that axe finds.
import AxeBuilder from '@axe-core/playwright';
import { type Page, devices } from '@playwright/test';
import { furnish } from './places';
import { connection, expect, item, key, line, open, picture, test } from './story';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });
      const look = async (page: Page, state: string) => {
        await picture(page, `${size}-${colorScheme}-${state}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      };

      for (const [state, address, text] of [
        ['empty-server', '/', 'Nothing is stored yet'],
        ['empty-list', '/_ui/films/*', 'No objects in films/*'],
        ['missing', '/_ui/config', 'Nothing is stored as config'],
        ['no-key', '/_ui/a//b', 'a//b is not a key'],
      ]) {
        test(`nothing there: ${state}`, async ({ page }) => {
          await open(page, address);
          await expect(page.getByText(text)).toBeVisible();
          await look(page, state);
        });
      }

      test('deleted', async ({ page, server }) => {
        await server.write('config', { theme: 'dark', size: 12 });
        await open(page, '/_ui/config');
        await expect(page.getByRole('treeitem')).toHaveCount(2);
        await server.remove('config');
        await expect(page.getByText('config is gone')).toBeVisible();
        await expect(key(page, 'config')).toHaveCount(0);
        await look(page, 'deleted');
      });

      test('keys', async ({ page, server }) => {
        await furnish(server);
        await open(page);
        await expect(key(page, 'books/*')).toBeVisible();
        await look(page, 'keys');
      });

      test('an object', async ({ page, server }) => {
        await furnish(server);
        await open(page, '/_ui/config');
        await expect(line(page, '/limits')).toBeVisible();
        await look(page, 'object');
      });

      test('a list, and changes in it', async ({ page, server }) => {
        const { dune } = await furnish(server);
        await open(page, '/_ui/books/*');
        await expect(item(page, `books/${dune}`)).toBeVisible();
        await look(page, 'list');

        await server.patch(`books/${dune}`, { pages: 413, read: true });
        await server.write('books/*', { title: 'Piranesi', author: 'Susanna Clarke', pages: 272 });
        await expect(page.locator('.item.flash')).toBeVisible();
        await expect(item(page, `books/${dune}`).locator('.flash').first()).toBeVisible();
        await picture(page, `${size}-${colorScheme}-flash`);
      });

      test('waiting', async ({ page }) => {
        await page.routeWebSocket(/./, () => {});
        await page.goto('/_ui/books/*');
        await expect(page.getByRole('heading', { name: 'books/*' })).toBeVisible();
        await expect(connection(page)).toHaveText('Connecting');
        await expect(page.getByRole('main').locator('.skeleton')).toHaveCSS('opacity', '1');
        await look(page, 'loading');
      });

      test('refused', async ({ page }) => {
        await page.routeWebSocket(/./, (socket) => socket.close({ code: 4401 }));
        await page.goto('/_ui/books/*');
        await expect(page.getByText('You have to sign in to see this')).toBeVisible();
        await expect(connection(page)).toHaveText('Closed');
        await look(page, 'refused');
      });

      test('the program does not start', async ({ page, complaints }) => {
        // The browser complains too, if the picture takes long enough.
        complaints.expect(/preloaded using link preload but not used/);
        await page.route('**/boot.js*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
        await page.goto('/');
        await expect(page.getByRole('main').locator('.skeleton')).toHaveCSS('opacity', '1');
        // The message comes after seconds: this is how it looks then.
        await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
        await expect(page.getByText('Still loading')).toHaveCSS('opacity', '1');
        await look(page, 'frame');
      });

      test('the server goes away', async ({ page, server, complaints }) => {
        test.skip(!!process.env.MONOXIDE_URL, 'only a server that the story has started can be killed');
        complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
        const { dune } = await furnish(server);
        await open(page, '/_ui/books/*');
        await expect(item(page, `books/${dune}`)).toBeVisible();
        await server.kill();
        await expect(connection(page)).toHaveText('Reconnecting');
        await look(page, 'reconnecting');
      });
    });
  }
}

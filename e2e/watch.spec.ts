// The live view: messages as they come, paused, stepped through, and honest when the server is gone.
import AxeBuilder from '@axe-core/playwright';
import { type Page, devices } from '@playwright/test';
import { expect, line, open, picture, test } from './story';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };

const rows = (page: Page) => page.locator('.live-row');
const state = (page: Page) => page.locator('.live-state');

test('a key is chosen by its name, with those that exist proposed', async ({ page, server }) => {
  await server.write('books/*', { title: 'Dune' });
  await server.write('config', { theme: 'dark' });
  await open(page, '/_ui/_live');
  const field = page.getByLabel('Key or list');
  await expect(page.locator('#live-keys option')).toHaveCount(2);
  await field.fill('a//b');
  await field.press('Enter');
  await expect(page.getByRole('alert')).toContainText('has an empty segment');
  await field.fill('config');
  await field.press('Enter');
  await expect(page).toHaveURL(/\/_ui\/_live\/config$/);
  await expect(page).toHaveTitle(/^Live: config · /);
  await expect(state(page)).toContainText('Live');
  await expect(line(page, '/data/theme')).toContainText('dark');
});

test('messages come in with time, version, size and operations, and can be filtered', async ({ page, server }) => {
  await server.write('config', { theme: 'dark', size: 12 });
  await open(page, '/_ui/_live/config');
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page).first()).toContainText('snapshot');

  await server.patch('config', { size: 13 });

  const first = rows(page).first();
  await expect(rows(page)).toHaveCount(2);
  await expect(first).toContainText(/\d\d:\d\d:\d\d\.\d\d\d/);
  await expect(first).toContainText('replace');
  await expect(first).toContainText('/data/size');
  await expect(first).toContainText('13');
  await expect(first.locator('.live-size')).toContainText(' B');
  await expect(line(page, '/data/size')).toContainText('13');

  await page.getByLabel('Filter messages').fill('snapshot":true');
  await expect(rows(page)).toHaveCount(1);
});

test('paused, nothing changes and what comes is counted; stepping back shows the document as it was', async ({
  page, server,
}) => {
  await server.write('config', { size: 1 });
  await open(page, '/_ui/_live/config');
  await expect(rows(page)).toHaveCount(1);
  await server.write('config', { size: 2 });
  await server.write('config', { size: 3 });
  await expect(line(page, '/data/size')).toContainText('3');

  await page.getByRole('button', { name: 'Pause' }).click();
  await server.write('config', { size: 4 });
  await server.write('config', { size: 5 });
  await expect(page.getByText('2 new')).toBeVisible();
  await expect(rows(page)).toHaveCount(3);
  await expect(line(page, '/data/size')).toContainText('3');

  await page.getByRole('button', { name: 'Step back' }).click();
  await expect(page.getByRole('heading', { name: /^The document at message 2, / })).toBeVisible();
  await expect(line(page, '/data/size')).toContainText('2');
  await expect(line(page, '/data/size').locator('.flash')).toHaveCount(1);
  await page.getByRole('button', { name: 'Step back' }).click();
  await expect(line(page, '/data/size')).toContainText('1');
  await expect(page.getByRole('button', { name: 'Step back' })).toBeDisabled();
  await page.getByRole('button', { name: 'Step forward' }).click();
  await expect(line(page, '/data/size')).toContainText('2');
  await expect(page.getByRole('region', { name: 'Message 2', exact: true })).toContainText('/data/size');

  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(line(page, '/data/size')).toContainText('5');
  await expect(rows(page)).toHaveCount(5);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(rows(page)).toHaveCount(0);
  await expect(page.getByText('Nothing has come since')).toBeVisible();
});

test('the state is honest when the server is gone, and it goes on when that is back', async ({ page, server, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
  await server.write('config', { size: 1 });
  await open(page, '/_ui/_live/config');
  await expect(state(page)).toContainText('Live');
  await server.kill();
  await expect(state(page)).toContainText('Stale');
  await expect(page.locator('.banner')).toContainText('This is how it was at');
  await expect(line(page, '/data/size')).toContainText('1');
  await server.restart();
  await expect(state(page)).toContainText('Live', { timeout: 20_000 });
});

test('messages that come faster than anybody reads are shown without the page standing still', async ({ page, server }) => {
  await server.write('counter', { n: 0 });
  await open(page, '/_ui/_live/counter');
  await expect(rows(page)).toHaveCount(1);
  const measure = () => page.evaluate(async () => {
    let frames = 0;
    let longest = 0;
    let last = performance.now();
    const end = last + 3_000;
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
      frames += 1;
    }
    return { rate: frames / 3, longest };
  });
  // What this machine can do while nothing comes.
  const idle = await measure();
  const measured = measure();
  const begun = Date.now();
  let sent = 0;
  const writers = Array.from({ length: 8 }, async () => {
    while (Date.now() - begun < 3_000) {
      // No faster than a thousand a second.
      if (sent / (Date.now() - begun + 1) > 1) await new Promise((resolve) => setTimeout(resolve, 1));
      else await server.write('counter', { n: (sent += 1) });
    }
  });
  await Promise.all(writers);
  const { rate, longest } = await measured;
  console.log(`${Math.round(sent / 3)} messages/s: ${rate.toFixed(1)} frames/s of ${idle.rate.toFixed(1)}, the longest took ${longest.toFixed(0)} ms`);
  await expect(page.locator('.live-messages .count')).toContainText('the last 500 are kept', { timeout: 15_000 });
  await expect(rows(page)).toHaveCount(50);
  expect(rate).toBeGreaterThan(idle.rate / 3);
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });
      const look = async (page: Page, name: string) => {
        await picture(page, `${size}-${colorScheme}-${name}`);
        await page.screenshot({ path: `screenshots/${size}-${colorScheme}-${name}-whole.png`, fullPage: true });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      };

      test('choosing what to watch', async ({ page, server }) => {
        await server.write('config', { theme: 'dark' });
        await open(page, '/_ui/_live');
        await expect(page.getByRole('heading', { name: 'Live view' })).toBeVisible();
        await look(page, 'live-choose');
      });

      test('messages, and the document as it was', async ({ page, server }) => {
        for (const title of ['Dune', 'Emma', 'Ulysses']) await server.write('books/*', { title, pages: 412, tags: ['a', 'b'] });
        await open(page, '/_ui/_live/books/*');
        await expect(rows(page)).toHaveCount(1);
        const key = await server.write('books/*', { title: 'Persuasion', pages: 249 });
        await server.patch(`books/${key}`, { pages: 250, lent: true });
        await server.write('books/*', { title: 'Middlemarch' });
        await server.remove(`books/${key}`);
        await expect(rows(page)).toHaveCount(5);
        await page.waitForTimeout(1_700);
        await look(page, 'live');
        await page.getByRole('button', { name: 'Step back' }).click();
        await page.getByRole('button', { name: 'Step back' }).click();
        await look(page, 'live-then');
      });
    });
  }
}

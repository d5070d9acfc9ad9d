// A change to a file is on the screen without anyone reloading the page.
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Page } from '@playwright/test';
import { expect, open, test } from '../story';

const file = (path: string) => join(process.env.MONOXIDE_WATCH!, path);

/** Opens the page and waits until it listens for changes. */
async function openAndListen(page: Page): Promise<void> {
  const listens = page.waitForEvent('websocket', (socket) => socket.url().endsWith('/live_reload'));
  await open(page);
  await listens;
}

test('a change of style reaches an open page', async ({ page }) => {
  await openAndListen(page);
  await expect(page.locator('body')).not.toHaveCSS('outline-width', '7px');

  await appendFile(file('style/main.css'), '\nbody { outline: 7px solid red }\n');

  await expect(page.locator('body')).toHaveCSS('outline-width', '7px', { timeout: 30_000 });
});

test('a change of code reaches an open page', async ({ page }) => {
  // It is compiled first.
  test.setTimeout(5 * 60_000);
  await openAndListen(page);
  await expect(page.locator('body')).not.toHaveAttribute('data-changed');

  const code = await readFile(file('app/src/lib.rs'), 'utf8');
  const start = 'pub fn start() {';
  const change = '_ = document().body().map(|body| body.set_attribute("data-changed", ""));';
  expect(code).toContain(start);
  await writeFile(file('app/src/lib.rs'), code.replace(start, `${start}\n    ${change}`));

  await expect(page.locator('body')).toHaveAttribute('data-changed', '', { timeout: 4 * 60_000 });
});

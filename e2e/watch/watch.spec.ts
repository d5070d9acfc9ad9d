// A change to a file is on the screen without anyone reloading the page.
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';

const workspace = process.env.MONOXIDE_WATCH!;
const url = process.env.MONOXIDE_URL!;

test('a change of style reaches an open page', async ({ page }) => {
  await page.goto(url);
  await expect(page.locator('body')).not.toHaveCSS('outline-width', '7px');

  await appendFile(join(workspace, 'style/main.css'), 'body { outline: 7px solid red }\n');

  await expect(page.locator('body')).toHaveCSS('outline-width', '7px', { timeout: 30_000 });
});

test('a change of code reaches an open page', async ({ page }) => {
  test.setTimeout(300_000);
  await page.goto(url);
  await expect(page.locator('h1')).toHaveText('Hello from Leptos');

  const file = join(workspace, 'app/src/lib.rs');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('Hello from Leptos', 'Hello again'));

  await expect(page.locator('h1')).toHaveText('Hello again', { timeout: 240_000 });
});

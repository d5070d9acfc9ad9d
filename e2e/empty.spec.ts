// An empty server says what to do next, and that works as it stands.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, item, key, open, test } from './story';

const run = promisify(execFile);

test('the command of an empty server can be copied, run in a shell, and seen', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page);
  await expect(page.getByRole('heading', { name: 'Nothing is stored yet' })).toBeVisible();

  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  const command = await page.evaluate(() => navigator.clipboard.readText());
  expect(command.trim()).toBe((await page.locator('.command code').innerText()).trim());
  const { stdout } = await run('sh', ['-c', command]);

  await key(page, 'books/*').click();
  await expect(item(page, `books/${JSON.parse(stdout).index}`)).toContainText('Dune');
});

test('what was deleted can be written back by the command that is shown', async ({ page, server }) => {
  await server.write('config', { name: "O'Hara", quote: '"' });
  await open(page, '/_ui/config');
  await expect(page.getByRole('treeitem')).toHaveCount(2);
  await server.remove('config');

  const command = await page.locator('.command code').innerText();
  await run('sh', ['-c', command]);

  await expect(line(page)).toHaveText(['name"O\'Hara"', 'quote"\\""']);
});

function line(page: import('@playwright/test').Page) {
  return page.getByRole('treeitem');
}

// Editing on a server that wants to know who asks: sessions end, and some may not write.
import { expect, password, setUp, signIn, test } from './people';

test('a session that ends in the middle of an edit takes nothing of it along', async ({ page, server, complaints }) => {
  complaints.expect(/40[0134]/);
  await setUp(page, server);
  await page.goto('/_ui/config?view=json');
  await page.locator('.editor-area').fill('{"theme": "typed"}');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await signIn(page, 'ann');
  await expect(page.locator('.toast')).toContainText('Saved config');
  await expect(page.locator('.editor-area')).toHaveValue('{"theme": "typed"}');
});

test('a draft is there again after signing in anew, and for nobody else', async ({ page, server, complaints }) => {
  complaints.expect(/40[0134]/);
  await setUp(page, server);
  await page.goto('/_ui/config?view=json');
  await page.locator('.editor-area').fill('{"theme": "typed"}');
  await page.context().clearCookies();
  await page.reload();
  await signIn(page, 'ann');
  await expect(page.getByText('This is what you typed, not saved yet')).toBeVisible();
  await expect(page.locator('.editor-area')).toHaveValue('{"theme": "typed"}');

  await page.evaluate(
    async (password) => {
      const headers = { 'X-Monoxide': 'page' };
      await fetch('/create', { method: 'POST', headers, body: JSON.stringify({ account: 'bob', name: 'Bob', password, roles: ['admin'] }) });
    },
    password,
  );
  await page.context().clearCookies();
  await page.reload();
  await signIn(page, 'bob');
  await expect(page.locator('.editor-area')).toHaveValue('{\n  \n}');
});

test('commands that are copied leave room for a token', async ({ page, server, context, complaints }) => {
  complaints.expect(/404/);
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await setUp(page, server);
  await page.goto('/_ui/config?view=json');
  await page.locator('.editor-area').fill('1');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.locator('.toast')).toContainText('Saved config');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Copy', exact: true }).click();
  await page.getByRole('menuitem', { name: 'curl that reads it' }).click();
  await expect
    .poll(() => page.evaluate(() => navigator.clipboard.readText()))
    .toBe(`curl -H "Authorization: Bearer $TOKEN" '${server.url}/config'`);
});

test('who may not write is told so, and keeps what was typed', async ({ page, server, complaints }) => {
  complaints.expect(/40[0134]/);
  await setUp(page, server);
  await page.goto('/_ui/config?view=json');
  await page.route('**/config', (route) =>
    route.request().method() === 'POST' ? route.fulfill({ status: 403, body: 'ooo: not allowed' }) : route.fallback(),
  );
  await page.locator('.editor-area').fill('{"theme": "typed"}');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'You may not do this' })).toBeVisible();
  await expect(page.locator('.editor-area')).toHaveValue('{"theme": "typed"}');
});

// Objects: read, edited, made, taken away; and nothing that was typed is lost.
import { type Page } from '@playwright/test';
import { expect, key, line, open, test } from './story';

/** The field in which JSON is typed. */
const field = (page: Page) => page.locator('.editor-area');
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const toast = (page: Page) => page.locator('.toast');

test.beforeEach(async ({ context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
});

async function edit(page: Page, name: string): Promise<void> {
  await open(page, `/_ui/${name}`);
  await button(page, 'Edit').click();
  await expect(field(page)).toBeVisible();
}

const stored = async (page: Page, name: string) => (await (await page.request.get(`/${name}`)).json()).data;

test('an object is edited and saved, and the tree shows it', async ({ page, server }) => {
  await server.write('books/dune', '{"title":"Dune","isbn":12345678901234567890123}');
  await edit(page, 'books/dune');
  await expect(field(page)).toHaveValue('{\n  "title": "Dune",\n  "isbn": 12345678901234567890123\n}');
  await expect(page).toHaveURL(/\?view=json$/);

  await field(page).fill('{"title": "Dune II", "isbn": 12345678901234567890123}');
  await expect(page.getByText('Not saved yet')).toBeVisible();
  await field(page).press('Control+s');
  await expect(toast(page)).toContainText('Saved books/dune');
  await expect(page.getByText('Not saved yet')).toBeHidden();

  await button(page, 'Done').click();
  await expect(line(page, '/title')).toContainText('Dune II');
  await expect(line(page, '/isbn')).toContainText('12345678901234567890123');
});

test('a mistake is told with its line while one types, and not saved', async ({ page, server }) => {
  await server.write('config', { a: 1 });
  await edit(page, 'config');
  await field(page).fill('{\n  "a": 1\n  "b": 2\n}');
  await expect(page.locator('.editor-says')).toHaveText('Line 2, column 8a comma is missing behind this');
  await expect(field(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('.editor-colours .mistake')).toHaveText('1');

  await button(page, 'Save').click();
  await expect(page.getByRole('alert')).toContainText('Line 2: a comma is missing');
  expect(await stored(page, 'config')).toEqual({ a: 1 });

  await button(page, 'Line 2, column 8').click();
  expect(await field(page).evaluate((it: HTMLTextAreaElement) => it.selectionStart)).toBe(9);
});

test('keys indent, format is one button, and the keyboard gets out again', async ({ page, server }) => {
  await server.write('config', { a: 1 });
  await edit(page, 'config');
  await field(page).fill('');
  await field(page).pressSequentially('{');
  await field(page).press('Enter');
  await field(page).pressSequentially('"list":[1,2]');
  await expect(field(page)).toHaveValue('{\n  "list":[1,2]');
  await field(page).press('Enter');
  await field(page).press('Shift+Tab');
  await field(page).pressSequentially('}');
  await button(page, 'Format').click();
  await expect(field(page)).toHaveValue('{\n  "list": [\n    1,\n    2\n  ]\n}');
  await field(page).press('Control+z');
  await expect(field(page)).toHaveValue('{\n  "list":[1,2]\n}');

  await field(page).focus();
  await field(page).press('Tab');
  await expect(field(page)).toBeFocused();
  await field(page).press('Escape');
  await field(page).press('Tab');
  await expect(field(page)).not.toBeFocused();
});

for (const choice of ['Keep mine', 'Take theirs'] as const) {
  test(`somebody else was first: ${choice}`, async ({ page, server, complaints }) => {
    complaints.expect(/412/);
    await server.write('config', { theme: 'dark', size: 12 });
    await edit(page, 'config');
    await field(page).fill('{\n  "theme": "mine",\n  "size": 12\n}');
    await server.write('config', { theme: 'theirs', size: 12 });
    await expect(page.getByText('Somebody else changed this meanwhile')).toBeVisible();
    await expect(field(page)).toHaveValue(/mine/);

    await button(page, 'Save').click();
    const rows = page.getByRole('region', { name: 'Mine and theirs' }).locator('tr.differs');
    await expect(rows).toHaveCount(1);
    await expect(rows.locator('.mine')).toContainText('"theme": "mine"');
    await expect(rows.locator('.theirs')).toContainText('"theme": "theirs"');
    expect(await stored(page, 'config')).toEqual({ theme: 'theirs', size: 12 });

    await button(page, choice).click();
    if (choice === 'Keep mine') {
      await expect(toast(page)).toContainText('Saved config');
      expect(await stored(page, 'config')).toEqual({ theme: 'mine', size: 12 });
    } else {
      await expect(field(page)).toHaveValue(/theirs/);
      await button(page, 'Bring mine back').click();
      await expect(field(page)).toHaveValue(/mine/);
      expect(await stored(page, 'config')).toEqual({ theme: 'theirs', size: 12 });
    }
  });
}

test('a change that the page has not heard of is not overwritten either', async ({ page, server, complaints }) => {
  complaints.expect(/412/);
  let deaf = false;
  await page.routeWebSocket(/\/config/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((message) => {
      if (!deaf) socket.send(message);
    });
  });
  await server.write('config', { theme: 'dark' });
  await edit(page, 'config');
  deaf = true;
  await field(page).fill('{"theme": "mine"}');
  await server.write('config', { theme: 'theirs' });
  await button(page, 'Save').click();
  await expect(page.getByRole('region', { name: 'Mine and theirs' })).toContainText('theirs');
  expect(await stored(page, 'config')).toEqual({ theme: 'theirs' });
});

test('two who change different parts are put together', async ({ page, server }) => {
  await server.write('config', { theme: 'dark', size: 12 });
  await edit(page, 'config');
  await field(page).fill('{"theme": "mine", "size": 12}');
  await server.write('config', { theme: 'dark', size: 13 });
  await button(page, 'Show both').click();
  await button(page, 'Put both together').click();
  await expect(field(page)).toHaveValue('{\n  "theme": "mine",\n  "size": 13\n}');
  await button(page, 'Save').click();
  await expect(toast(page)).toContainText('Saved config');
  expect(await stored(page, 'config')).toEqual({ theme: 'mine', size: 13 });
});

test('only what was changed is saved, and what others changed elsewhere stays', async ({ page, server }) => {
  await server.write('config', { theme: 'dark', size: 12, old: true });
  await edit(page, 'config');
  await field(page).fill('{"theme": "mine", "size": 12}');
  await server.write('config', { theme: 'dark', size: 13, old: true });
  await expect(page.getByText('Somebody else changed this meanwhile')).toBeVisible();
  await button(page, 'Save only my changes').click();
  await expect(toast(page)).toContainText('Saved config');
  expect(await stored(page, 'config')).toEqual({ theme: 'mine', size: 13 });
  await expect(field(page)).toHaveValue('{\n  "theme": "mine",\n  "size": 13\n}');
});

test('what was typed survives a reload, and can be discarded', async ({ page, server }) => {
  await server.write('config', { theme: 'dark' });
  await edit(page, 'config');
  await field(page).fill('{"theme": "ty');
  await page.reload();
  await expect(page.getByText('This is what you typed, not saved yet')).toBeVisible();
  await expect(field(page)).toHaveValue('{"theme": "ty');

  await key(page, 'config').waitFor();
  await page.goto('/');
  await key(page, 'config').click();
  await expect(page.getByText('You have typed something here and not saved it')).toBeVisible();
  await button(page, 'Go on editing').click();
  await expect(field(page)).toHaveValue('{"theme": "ty');
  await page.locator('.matters').getByRole('button', { name: 'Discard' }).click();
  await expect(field(page)).toHaveValue('{\n  "theme": "dark"\n}');
  await page.reload();
  await expect(field(page)).toHaveValue('{\n  "theme": "dark"\n}');
});

test('a server that goes away in the middle of an edit takes nothing of it along', async ({ page, server, complaints }) => {
  test.skip(!!process.env.MONOXIDE_URL, 'only a server that the story has started can be killed');
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed|40[04]|412/);
  await server.write('config', { theme: 'dark' });
  await edit(page, 'config');
  await field(page).fill('{"theme": "typed"}');
  await server.kill();
  await button(page, 'Save').click();
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached. Nothing is lost');
  await expect(field(page)).toHaveValue('{"theme": "typed"}');

  await server.restart();
  await expect(page.getByText('Somebody else deleted this meanwhile')).toBeVisible({ timeout: 20_000 });
  await expect(field(page)).toHaveValue('{"theme": "typed"}');
  await page.reload();
  await expect(field(page)).toHaveValue('{"theme": "typed"}');
  await button(page, 'Save').click();
  await button(page, 'Write mine again').click();
  await expect(toast(page)).toContainText('Saved config');
  expect(await stored(page, 'config')).toEqual({ theme: 'typed' });
});

test('an object is pushed to a list, and that can be taken back', async ({ page, server, complaints }) => {
  complaints.expect(/404/);
  await server.write('books/*', { title: 'Dune' });
  await open(page, '/_ui/books/*');
  await button(page, 'New object').click();
  const dialog = page.getByRole('dialog');
  await dialog.locator('.editor-area').fill('{"title": "Emma"}');
  await button(page, 'Add').click();
  await expect(dialog).toBeHidden();
  await expect(toast(page)).toContainText('Added books/');
  await expect(page.getByText('Emma')).toBeVisible();
  await toast(page).getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Emma')).toBeHidden();
});

test('a list of several stars asks which', async ({ page, server }) => {
  await server.write('users/ann/posts/1', { text: 'hello' });
  await open(page, '/_ui/users/*/posts/*');
  await button(page, 'New object').click();
  await button(page, 'Add').click();
  await expect(page.getByRole('alert').first()).toHaveText('Say which users/* it goes to.');
  await page.getByLabel('Which users/*').fill('bob');
  await page.getByLabel('Name', { exact: true }).fill('first');
  await page.getByRole('dialog').locator('.editor-area').fill('{"text": "hi"}');
  await button(page, 'Add').click();
  await expect(page.getByRole('dialog')).toBeHidden();
  expect(await stored(page, 'users/bob/posts/first')).toEqual({ text: 'hi' });
});

test('a key that is not there can be created, and one that is taken says so', async ({ page, server, complaints }) => {
  complaints.expect(/40[04]|412/);
  await server.write('books/dune', 1);
  await open(page, '/_ui/settings');
  await button(page, 'Create it').click();
  await field(page).fill('{"a": 1}');
  await button(page, 'Save').click();
  await expect(toast(page)).toContainText('Saved settings');
  expect(await stored(page, 'settings')).toEqual({ a: 1 });

  await page.goto('/_ui/books/*');
  await button(page, 'New object').click();
  await page.getByLabel('Name', { exact: true }).fill('dune');
  await page.getByRole('dialog').locator('.editor-area').fill('2');
  await button(page, 'Add').click();
  await expect(page.getByRole('alert').first()).toContainText('stored under this key already');
  expect(await stored(page, 'books/dune')).toBe(1);
});

test('the first object of an empty server is added without reading anything', async ({ page }) => {
  await open(page);
  await button(page, 'New object').click();
  await page.getByLabel('Key', { exact: true }).fill('settings/colours');
  await page.getByRole('dialog').locator('.editor-area').fill('{"accent": "blue"}');
  await button(page, 'Add').click();
  await expect(page).toHaveURL(/_ui\/settings\/colours$/);
  await expect(line(page, '/accent')).toContainText('blue');
  await expect(key(page, 'settings/*')).toBeVisible();
});

test('what was typed for a new object is there when the dialog opens again', async ({ page }) => {
  await open(page, '/_ui/books/*');
  await button(page, 'New object').click();
  await page.getByRole('dialog').locator('.editor-area').fill('{"title": "ty');
  await page.reload();
  await button(page, 'New object').click();
  await expect(page.getByRole('dialog').locator('.editor-area')).toHaveValue('{"title": "ty');
  await button(page, 'Start anew').click();
  await expect(page.getByRole('dialog').locator('.editor-area')).toHaveValue('{\n  \n}');
});

test('an object is duplicated', async ({ page, server }) => {
  await server.write('books/dune', { title: 'Dune' });
  await open(page, '/_ui/books/dune');
  await button(page, 'More').click();
  await page.getByRole('menuitem', { name: 'Duplicate…' }).click();
  await expect(page.getByLabel('Key', { exact: true })).toHaveValue('books/dune-copy');
  await button(page, 'Add').click();
  await expect(page).toHaveURL(/books\/dune-copy$/);
  await expect(line(page, '/title')).toContainText('Dune');
});

test('an object is deleted and put back as it was', async ({ page, server, complaints }) => {
  complaints.expect(/404/);
  await server.write('books/dune', '{"z":1.10,"a":1,"a":2}');
  await open(page, '/_ui/books/dune');
  await button(page, 'More').click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('books/dune is gone')).toBeVisible();
  await expect(toast(page)).toContainText('Deleted books/dune');
  await toast(page).getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('treeitem').first()).toBeVisible();
  expect(await (await page.request.get('/books/dune')).text()).toContain('"data":{"z":1.10,"a":1,"a":2}');
});

test('key, value and commands are copied', async ({ page, server }) => {
  await server.write('books/dune', { title: 'Dune' });
  await open(page, '/_ui/books/dune');
  for (const [item, text] of [
    ['Key', 'books/dune'],
    ['Value', '{\n  "title": "Dune"\n}'],
    ['curl that reads it', `curl '${server.url}/books/dune'`],
    ['curl that writes it', `curl -X POST '${server.url}/books/dune' -d '{"title":"Dune"}'`],
  ]) {
    await button(page, 'Copy').click();
    await page.getByRole('menuitem', { name: item, exact: true }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  }
});

test('the schema of a filter is told, and what does not fit it', async ({ page, complaints }) => {
  complaints.expect(/400/);
  await open(page, '/_ui/example/notes/*');
  await button(page, 'New object').click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.locator('.editor-area')).toHaveValue(/"text": ""/);
  await dialog.getByText('Schema: 2 members').click();
  await expect(dialog.locator('.editor-schema dl > div').first()).toContainText('textrequired');
  await dialog.locator('.editor-area').fill('{\n  "done": "no"\n}');
  await expect(dialog.locator('.editor-misfits li')).toHaveText(['Line 1text is missing', 'Line 2done should be a boolean']);
  await dialog.locator('.editor-area').fill('{"text": " "}');
  await button(page, 'Add').click();
  await expect(dialog.getByRole('alert').last()).toHaveText('The server refused it: a note says something.');
});

test('a large object can be edited', async ({ page, server }) => {
  const lines = Array.from({ length: 20_000 }, (_, nth) => ({ nth, text: 'x'.repeat(30) }));
  await server.write('large', lines);
  await edit(page, 'large');
  await expect(field(page)).toHaveValue(/"nth": 19999/);
  await field(page).focus();
  await page.keyboard.press('Control+Home');
  const start = Date.now();
  await page.keyboard.type(' ');
  await expect(page.getByText('Not saved yet')).toBeVisible();
  expect(Date.now() - start).toBeLessThan(2_000);
  await page.keyboard.type('x');
  await expect(page.locator('.editor-says')).toContainText('Line 1, column 2');
});

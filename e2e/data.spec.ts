// Data in and out: what is exported is what comes back, and what is wrong with a row is told.
import { readFile } from 'node:fs/promises';
import { type Page } from '@playwright/test';
import { expect, item, open, test } from './story';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function choose(page: Page, what: 'Import…' | 'Export…'): Promise<void> {
  await button(page, 'Data').click();
  await page.getByRole('menuitem', { name: what }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
}

async function exported(page: Page, format: string): Promise<{ name: string; path: string }> {
  await choose(page, 'Export…');
  await page.getByRole('radio', { name: format, exact: true }).check();
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()]);
  return { name: file.suggestedFilename(), path: await file.path() };
}

/** Keys and data of a list, to the letter and in its order. */
async function list(page: Page, name: string): Promise<string[]> {
  const text = await (await page.request.get(`/${name}`)).text();
  return [...text.matchAll(/"path":"([^"]+)","data":(.*?)\}(?=,\{"created"|\]$)/g)].map(([, path, data]) => `${path} ${data}`);
}

const odd = [
  '{"title":"Dune, \\"I\\"","pages":412,"isbn":12345678901234567890123,"price":1.10,"tags":["a","b"],"note":"two\\nlines"}',
  '{"title":"412","empty":"","none":null,"yes":true,"text":"true","deep":{"a":{"b":[1,{"c":2}]}}}',
  '{"title":" ünïcödé 😀 ","=formula":"=1+1"}',
  '42',
  '{}',
  '"a text"',
];

for (const [format, name] of [
  ['JSON', 'books.json'],
  ['JSON Lines', 'books.jsonl'],
  ['CSV', 'books.csv'],
]) {
  test(`a list that is exported as ${format} and imported again is the same`, async ({ page, server }) => {
    for (const [nth, data] of odd.entries()) await server.write(`books/b${nth}`, data);
    const before = await list(page, 'books/*');
    expect(before).toHaveLength(odd.length);
    await open(page, '/_ui/books/*');
    const file = await exported(page, format);
    expect(file.name).toBe(name);

    await server.remove('books/*');
    await choose(page, 'Import…');
    await page.getByLabel('A file').setInputFiles(file.path);
    await expect(page.getByRole('radio', { name: format, exact: true })).toBeChecked();
    await expect(page.getByText(`${odd.length} objects can be written.`)).toBeVisible();
    await button(page, `Import ${odd.length} objects`).click();
    await expect(page.locator('.import-summary')).toHaveText(`${odd.length} objects written.`);
    await button(page, 'Done').click();
    expect(await list(page, 'books/*')).toEqual(before);
    await expect(item(page, 'books/b0')).toBeVisible();
  });
}

test('a row that is wrong is told with its line, and the others go in', async ({ page }) => {
  await open(page, '/_ui/books/*');
  await choose(page, 'Import…');
  await page.getByLabel('Or paste it').fill('{"title":"Dune"}\n{"title":}\n{"path":"a b","data":1}\n{"title":"Emma"}');
  await expect(page.getByRole('radio', { name: 'JSON Lines' })).toBeChecked();
  await expect(page.getByText('2 objects can be written, 2 rows cannot be read.')).toBeVisible();
  const wrong = page.getByRole('region', { name: 'Preview' }).locator('tr.wrong');
  await expect(wrong).toHaveText([/^2column 10: a value is missing before this$/, /^3a b has the character/]);
  await button(page, 'Import 2 objects').click();
  await expect(page.locator('.import-summary')).toHaveText('2 objects written.');
  await button(page, 'Done').click();
  await expect(page.getByText('Emma')).toBeVisible();
});

test('what a filter refuses is told in its words, with its line', async ({ page, complaints }) => {
  complaints.expect(/400/);
  await open(page, '/_ui/example/notes/*');
  await choose(page, 'Import…');
  await page.getByLabel('Or paste it').fill('text,done\nmilk,true\n" ",false\nbread,');
  await button(page, 'Import 3 objects').click();
  await expect(page.locator('.import-summary')).toHaveText('2 objects written, 1 refused.');
  await expect(page.getByRole('region', { name: 'Refused rows' }).locator('tbody tr')).toHaveText(['3The server refused it: a note says something.']);
});

for (const [choice, expected] of [
  ['Replace what is there', ['books/dune 2', 'books/emma 3']],
  ['Skip', ['books/dune 1', 'books/emma 3']],
] as const) {
  test(`a key that is taken: ${choice}`, async ({ page, server, complaints }) => {
    complaints.expect(/412/);
    await server.write('books/dune', 1);
    await open(page, '/_ui/books/*');
    await choose(page, 'Import…');
    await page.getByLabel('Or paste it').fill('[{"path":"books/dune","data":2},{"path":"books/emma","data":3}]');
    await page.getByRole('radio', { name: choice }).check();
    await button(page, 'Import 2 objects').click();
    await expect(page.locator('.import-summary')).toContainText('written');
    await button(page, 'Done').click();
    expect((await list(page, 'books/*')).sort()).toEqual([...expected]);
  });
}

test('an import that is cancelled says how far it came', async ({ page }) => {
  await open(page, '/_ui/many/*');
  await choose(page, 'Import…');
  const buffer = Buffer.from(Array.from({ length: 5_000 }, (_, nth) => `{"n":${nth}}`).join('\n'));
  await page.getByLabel('A file').setInputFiles({ name: 'many.jsonl', mimeType: 'application/jsonl', buffer });
  await button(page, 'Import 5000 objects').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('.import-summary')).toContainText('not tried, it was cancelled');
  await expect(button(page, 'Done')).toBeVisible();
});

test('what the table shows is exported, in its order, also when it is many pages long', async ({ page, server }) => {
  for (let nth = 0; nth < 60; nth++) await server.write(`books/b${nth}`, { title: nth % 2 ? 'Emma' : 'Dune', nth });
  await open(page, '/_ui/books/*?find=emma&sort=/nth');
  const [first, all] = [await exported(page, 'JSON Lines'), 'Only what the table shows now'];
  const numbers = async (path: string) => (await readFile(path, 'utf8')).trim().split('\n').map((it) => JSON.parse(it).data.nth);
  expect(await numbers(first.path)).toEqual(Array.from({ length: 30 }, (_, nth) => 2 * nth + 1));

  await choose(page, 'Export…');
  await page.getByLabel(all).uncheck();
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Export').click()]);
  expect(JSON.parse(await readFile(await file.path(), 'utf8'))).toHaveLength(60);
});

test('a list of many pages is exported whole', async ({ page, server }) => {
  const all = Array.from({ length: 2_500 }, (_, nth) => nth);
  while (all.length) await Promise.all(all.splice(0, 100).map((nth) => server.write(`many/n${nth}`, nth)));
  await open(page, '/_ui/many/*');
  const file = await exported(page, 'JSON Lines');
  const written = (await readFile(file.path, 'utf8')).trim().split('\n');
  const numbers = written.map((it) => JSON.parse(it).data).sort((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 2_500 }, (_, nth) => nth));
});

test('an object is saved as a file', async ({ page, server }) => {
  await server.write('books/dune', '{"isbn":12345678901234567890123}');
  await open(page, '/_ui/books/dune');
  await button(page, 'More').click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Save as a file' }).click()]);
  expect(file.suggestedFilename()).toBe('books-dune.json');
  expect(await readFile(await file.path(), 'utf8')).toBe('{\n  "isbn": 12345678901234567890123\n}');
});

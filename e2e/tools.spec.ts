// What the server is made of: filters, endpoints, keys under no filter, backups.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect as expectPerson, setUp, test as people } from './people';
import { expect, line, open, test } from './story';

test('a filter shows what it allows, how full it is, and the shape of what it takes', async ({ page, server }) => {
  for (let i = 0; i < 7; i++) await server.write('example/log/*', { i });
  await open(page, '/_ui/_filters');
  const log = page.getByRole('article').filter({ hasText: 'example/log/*' });
  await expect(log.getByText('7 of 100')).toBeVisible();
  await expect(log.getByRole('meter')).toHaveAttribute('aria-valuenow', '7');
  await expect(log).toContainText('none older than 24h0m0s');

  const notes = page.getByRole('article').filter({ hasText: 'example/notes/*' });
  await expect(line(notes, '/text').first()).toBeVisible();
  await notes.getByText('JSON Schema').click();
  await expect(line(notes, '/properties')).toBeVisible();

  await page.getByLabel('Find a filter').fill('notes');
  await expect(log).toBeHidden();
  await page.reload();
  await expect(notes).toBeVisible();
  await expect(log).toBeHidden();
  await notes.getByRole('link', { name: 'example/notes/*' }).click();
  await expect(page).toHaveURL('/_ui/example/notes/*');
});

test('the form of an endpoint calls it and shows the answer', async ({ page, server }) => {
  await server.write('books/*', { title: 'Dune' });
  await open(page, '/_ui/_endpoints');
  const count = page.getByRole('article').filter({ hasText: '/example/count/{list}' });
  await count.getByText('Try it').click();
  await count.getByRole('button', { name: 'Call' }).click();
  await expect(count.getByText('list has to be filled in.')).toBeVisible();
  await count.getByRole('textbox', { name: 'list' }).fill('books');
  await count.getByRole('textbox', { name: 'list' }).press('Enter');
  const answer = count.getByRole('region', { name: 'Answer' });
  await expect(answer.getByText('200')).toBeVisible();
  await expect(answer).toContainText(/\d+ ms/);
  await expect(line(answer, '/objects')).toContainText('1');
  await answer.getByText('Headers').click();
  await expect(answer.getByText('application/json')).toBeVisible();
});

test('a key under no filter is deleted, and put back', async ({ page, server }) => {
  await server.write('config', { theme: 'dark' });
  await server.write('counter', 12345678901234567890n.toString());
  await server.write('example/log/*', { text: 'hello' });
  await open(page, '/_ui/_orphans');
  const rows = page.locator('.rows li');
  await expect(rows).toHaveCount(2);
  await page.getByRole('button', { name: 'Delete counter' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(rows).toHaveCount(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('counter is back')).toBeVisible();
  await expect(rows).toHaveCount(2);
  expect(await (await fetch(`${server.url}/counter`)).text()).toContain('12345678901234567890');

  await page.getByRole('button', { name: 'Delete all 2…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(rows).toHaveCount(2);
  await page.getByRole('button', { name: 'Delete all 2…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Deleted 2 keys')).toBeVisible();
  await expect(page.getByText('There are no orphan keys')).toBeVisible();
  expect((await fetch(`${server.url}/config`)).status).toBe(404);
});

test('proxies and a cluster show when there are any', async ({ page }) => {
  await page.route('**/?api=proxies', (route) => route.fulfill({ json: [{ localPath: 'far/*', remote: 'http://far:8800' }] }));
  await page.route('**/?api=pivot', (route) => route.fulfill({ json: { role: 'pivot', nodes: [{ address: '10.0.0.2' }] } }));
  await open(page, '/_ui/_filters');
  await expect(page.getByRole('region', { name: 'Proxies' })).toContainText('far/*');
  await expect(page.getByRole('region', { name: 'Cluster' })).toContainText('10.0.0.2');
});

test('a server that asks nobody says how a backup is made', async ({ page }) => {
  await open(page, '/_ui/_backups');
  await expect(page.getByText('Backups are for administrators')).toBeVisible();
  await expect(page.getByText('monoxide backup')).toBeVisible();
});

people.describe('with accounts', () => {
  const folder = { path: '' };
  people.beforeAll(async () => void (folder.path = await mkdtemp(join(tmpdir(), 'monoxide-backups-'))));
  people.afterAll(() => rm(folder.path, { recursive: true }));
  // Their folder is made when the first of these stories begins.
  people.use({ settings: async ({}, use) => use(['--backup-every', '6h', '--backup-dir', join(folder.path, 'kept')]) });

  people('a backup is made, found whole, and downloaded', async ({ page, server, complaints }) => {
    complaints.expect(/401/);
    await setUp(page, server);
    await page.goto('/_ui/_backups');
    await expectPerson(page.getByText('One is made every 6 h')).toBeVisible();
    const before = await page.locator('.backup').count();
    await page.getByRole('button', { name: 'Make a backup' }).click();
    await expectPerson(page.getByText(/^Made monoxide-.*\.backup$/)).toBeVisible();
    await expectPerson(page.locator('.backup').nth(before)).toBeVisible();
    const first = page.locator('.backup').first();
    await first.getByRole('button', { name: 'Verify' }).click();
    await expectPerson(first.getByText(/^Whole: \d+ objects/)).toBeVisible();
    const [download] = await Promise.all([page.waitForEvent('download'), first.getByRole('link', { name: 'Download' }).click()]);
    expectPerson((await readFile(await download.path())).subarray(0, 17).toString()).toBe('monoxide backup 1');
    const [now] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download one now' }).click()]);
    expectPerson((await readFile(await now.path())).subarray(0, 17).toString()).toBe('monoxide backup 1');
  });

  people('who is no administrator sees none of these pages', async ({ page, server, complaints }) => {
    complaints.expect(/401|403/);
    await setUp(page, server);
    await page.evaluate(async () => {
      const headers = { 'X-Monoxide': 'page' };
      await fetch('/create', { method: 'POST', headers, body: JSON.stringify({ account: 'bob', password: 'correct horse battery' }) });
      await fetch('/authorize', { method: 'DELETE', headers });
    });
    await page.goto('/_ui/_filters');
    await page.getByLabel('Account').fill('bob');
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
    await page.getByLabel('Password', { exact: true }).press('Enter');
    await expectPerson(page.getByText('This is for administrators')).toBeVisible();
    await expectPerson(page.getByRole('link', { name: 'Filters' })).toBeHidden();
  });
});

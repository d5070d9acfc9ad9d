// The client of the Go server `ooo`, as its users have it from npm, goes on working against this
// one: it watches an object, a list and the clock, and outlives a restart.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './story';

test.skip(!!process.env.MONOXIDE_URL, 'only a server that the story has started can be killed');

type Document = { index: string; data: unknown };
type Client = {
  version: string;
  close(): void;
  onmessage(document: unknown): void;
  onopen(): void;
  publish(key: string, data: unknown): Promise<string>;
  unpublish(key: string): Promise<unknown>;
  get(key: string): Promise<Document>;
};
type Heard = { client: Client; opened: number; documents: unknown[] };

/** Gives the page the package's own files, as if the server had them. */
async function withClient(page: Page): Promise<void> {
  await page.route('**/_client/**', async (route) => {
    const name = new URL(route.request().url()).pathname.slice('/_client/'.length);
    const text = await readFile(join(import.meta.dirname, 'node_modules', name), 'utf8');
    // A browser does not know where packages are. And ky 0.31 sets what today's browsers only let
    // be read, so that none of the package's REST calls would get as far as a server.
    const body = text
      .replace(`'fast-json-patch'`, `'/_client/fast-json-patch/index.mjs'`)
      .replace(`'ky'`, `'/_client/ky/distribution/index.js'`)
      .replace(`this.request.duplex = 'half';`, '');
    await route.fulfill({ body, contentType: 'text/javascript' });
  });
  await page.goto('/');
  await page.evaluate(async () => {
    const heard: Record<string, Heard> = {};
    const module = '/_client/ooo-client/ooo.js';
    const { default: ooo } = await import(module);
    for (const watched of ['', '/settings', '/books/*']) {
      const client = ooo(location.host + watched) as Client;
      const entry: Heard = { client, opened: 0, documents: [] };
      client.onopen = () => (entry.opened += 1);
      client.onmessage = (document) => entry.documents.push(structuredClone(document));
      heard[watched] = entry;
    }
    Object.assign(window, { heard });
  });
}

/** What a client has been told last. */
function last(page: Page, watched: string): Promise<any> {
  return page.evaluate((watched) => (window as any).heard[watched].documents.at(-1), watched);
}

function count(page: Page, watched: string): Promise<number> {
  return page.evaluate((watched) => (window as any).heard[watched].documents.length, watched);
}

function opened(page: Page): Promise<number[]> {
  return page.evaluate(() => Object.values((window as any).heard).map((it: any) => it.opened));
}

const empty = { created: 0, updated: 0, index: '', data: {} };

test('ooo-client hears of an object, a list and the clock', async ({ page, server }) => {
  await withClient(page);
  await expect.poll(() => last(page, '/settings')).toEqual(empty);
  await expect.poll(() => last(page, '/books/*')).toEqual([]);
  await expect.poll(() => count(page, '')).toBeGreaterThan(2);
  expect(await last(page, '')).toBeGreaterThan(1.7e18);

  await server.write('settings', { theme: 'dark', sizes: [1, 2, 3] });
  await expect.poll(() => last(page, '/settings')).toMatchObject({ index: 'settings', data: { theme: 'dark' } });
  await server.write('settings', { theme: 'light', sizes: [3, 1] });
  await expect.poll(() => last(page, '/settings')).toMatchObject({ data: { theme: 'light', sizes: [3, 1] } });
  await server.remove('settings');
  await expect.poll(() => last(page, '/settings')).toEqual(empty);

  // Ten pushes, ten updates, one delete of all: with the first snapshot 22 messages, as ooo sends.
  const names: string[] = [];
  for (let n = 0; n < 10; n++) names.push(await server.write('books/*', { n }));
  for (const name of names) await server.write(`books/${name}`, { read: true });
  await expect.poll(() => count(page, '/books/*')).toBe(21);
  const books = await last(page, '/books/*');
  expect(books.map((it: Document) => it.index), 'newest first').toEqual(names.toReversed());
  expect(books.map((it: Document) => it.data)).toEqual(names.map(() => ({ read: true })));
  await server.remove('books/*');
  await expect.poll(() => last(page, '/books/*')).toEqual([]);
  expect(await count(page, '/books/*')).toBe(22);
});

test('ooo-client writes, reads and deletes', async ({ page }) => {
  await withClient(page);
  const index = await page.evaluate(() => (window as any).heard[''].client.publish('books/*', { title: 'Emma' }));
  const book = await page.evaluate((index) => (window as any).heard[''].client.get(`books/${index}`), index);
  expect(book).toMatchObject({ index, data: { title: 'Emma' } });
  await page.evaluate((index) => (window as any).heard[''].client.unpublish(`books/${index}`).then(() => null), index);
  expect(await page.evaluate(() => (window as any).heard[''].client.get('books/*'))).toEqual([]);
});

test('ooo-client comes back with its version, and outlives its server', async ({ page, server, complaints }) => {
  complaints.expect(/ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/);
  await withClient(page);
  await server.write('books/*', { title: 'Dune' });
  await expect.poll(() => last(page, '/books/*')).toHaveLength(1);
  await expect.poll(() => opened(page)).toEqual([1, 1, 1]);
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(new URL(socket.url()).search));

  await server.kill();
  await server.restart();

  await expect.poll(() => opened(page), { timeout: 15_000 }).toEqual([2, 2, 2]);
  expect(sockets.filter((search) => /^\?v=[0-9a-f]{16}$/.test(search)).length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => last(page, '/books/*'), 'memory was all it had').toEqual([]);
  const ticks = await count(page, '');
  await server.write('books/*', { title: 'Emma' });
  await expect.poll(() => last(page, '/books/*')).toMatchObject([{ data: { title: 'Emma' } }]);
  await server.write('settings', 5);
  await expect.poll(() => last(page, '/settings')).toMatchObject({ data: 5 });
  await expect.poll(() => count(page, '')).toBeGreaterThan(ticks);
});

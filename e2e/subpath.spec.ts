// The server is a part of a larger site: behind proxies that pass its path on, and ones that take it away.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { password, signIn, test as people } from './people';
import { type Proxy, proxy } from './proxy';
import { type Server, connection, expect } from './story';

const prefix = '/tools/state';

/** nginx with the same task, where the machine has it. */
async function nginx(target: string, passesOn: boolean): Promise<Proxy> {
  const folder = await mkdtemp(join(tmpdir(), 'monoxide-nginx-'));
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as { port: number };
  await new Promise((closed) => free.close(closed));
  const conf = `daemon off; pid ${folder}/pid; error_log ${folder}/log; events {}
http {
  access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  server {
    listen 127.0.0.1:${port};
    location ${prefix}/ {
      proxy_pass ${target}${passesOn ? '' : '/'};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}`;
  await writeFile(join(folder, 'conf'), conf);
  const child = spawn('nginx', ['-e', join(folder, 'log'), '-c', join(folder, 'conf')], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await expect.poll(async () => (await fetch(`${url}${prefix}/_health`).catch(() => undefined))?.status).toBe(200);
  const close = async () => {
    child.kill('SIGQUIT');
    await once(child, 'exit');
    await rm(folder, { recursive: true });
  };
  return { url, close };
}

const hasNginx = spawnSync('nginx', ['-v']).status === 0;
const kinds: [string, boolean, (server: Server) => Promise<Proxy>][] = [
  ['a proxy that passes the path on', true, (server) => proxy(() => server.url, prefix, true)],
  ['a proxy that takes the path away', true, (server) => proxy(() => server.url, prefix, false)],
  ['nginx that passes the path on', hasNginx, (server) => nginx(server.url, true)],
  ['nginx that takes the path away', hasNginx, (server) => nginx(server.url, false)],
];

for (const [kind, isThere, start] of kinds) {
  people.describe(kind, () => {
    people.use({ settings: ['--base-path', prefix] });
    people.skip(!isThere, 'nginx is not installed');
    let before: Proxy | undefined;
    people.afterEach(async ({ page }) => {
      await page.goto('about:blank');
      await before?.close();
    });

    people('the page, its sockets, its cookies and its links work', async ({ page, server, context, complaints }) => {
      complaints.expect(/401/);
      expect(server.setUpLink).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/tools\/state\/_ui\/_setup#/);
      before = await start(server);
      const at = `${before.url}${prefix}`;
      await page.goto(`${at}/_ui/_setup${new URL(server.setUpLink).hash}`);
      await page.getByLabel('Account').fill('ann');
      await page.getByLabel('Password', { exact: true }).fill(password);
      await page.getByRole('button', { name: 'Make the account' }).click();
      await expect(connection(page)).toHaveText('Live');
      expect(new URL(page.url()).pathname).toMatch(/^\/tools\/state(\/|$)/);
      for (const { path } of await context.cookies()) expect(path).toMatch(/^\/tools\/state(\/authorize)?$/);

      // A deep link that survives a reload, and is live.
      await page.goto(`${at}/_ui/books/*`);
      await expect(page.getByText('No objects in books/*')).toBeVisible();
      const write = () =>
        page.evaluate(async (address) => {
          const headers = { 'X-Monoxide': 'page' };
          return (await (await fetch(address, { method: 'POST', headers, body: '{"title":"Dune"}' })).json()).index;
        }, `${at}/books/*`);
      await expect(page.locator('.command code')).toContainText(`${at}/books/*`);
      const dune = await write();
      await expect(page.getByRole('main').getByText('Dune').first()).toBeVisible();
      await page.reload();
      await expect(page.getByRole('main').getByText('Dune').first()).toBeVisible();
      await page.goto(`${at}/_ui/books/${dune}`);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(`books/${dune}`);

      // From page to page, back, and an endpoint.
      await page.getByRole('link', { name: 'Endpoints', exact: true }).click();
      await expect(page).toHaveURL(`${at}/_ui/_endpoints`);
      const count = page.getByRole('article').filter({ hasText: '/example/count/{list}' });
      await count.getByText('Try it').click();
      await count.getByRole('textbox', { name: 'list' }).fill('books');
      await count.getByRole('button', { name: 'Call' }).click();
      await expect(count.getByRole('region', { name: 'Answer' })).toContainText('200');
      await page.goBack();
      await expect(page).toHaveURL(`${at}/_ui/books/${dune}`);

      // Out, and in again.
      await page.getByRole('button', { name: 'Signed in as' }).click();
      await page.locator('#user-menu').getByText('Sign out').click();
      await expect(page.getByText('You have signed out')).toBeVisible();
      expect(await context.cookies()).toEqual([]);
      await signIn(page, 'ann');
      await expect(connection(page)).toHaveText('Live');
    });
  });
}

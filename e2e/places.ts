// All pages that there are, and something for them to show.
import { type Page, devices } from '@playwright/test';
import { type Server, expect } from './story';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };

/** The sizes at which pages are looked at. */
export const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };

/** The pages that everybody has, by a name for their picture. */
export const places = {
  home: '/',
  list: '/_ui/books/*',
  object: '/_ui/config',
  pattern: '/_ui/users/*/posts/*',
  missing: '/_ui/films/*',
  nowhere: '/_ui/a//b',
  'live-choice': '/_ui/_live',
  live: '/_ui/_live/books/*',
  monitor: '/_ui/_monitor',
  filters: '/_ui/_filters',
  endpoints: '/_ui/_endpoints',
  orphans: '/_ui/_orphans',
  backups: '/_ui/_backups',
};

/** Those of who is signed in. */
export const people = {
  profile: '/_ui/_profile',
  accounts: '/_ui/_accounts',
  'new-account': '/_ui/_accounts/_new',
  account: '/_ui/_accounts/ann',
};

/** Opens a page and waits until all of it is there. */
export async function visit(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.locator('.bar .connection')).toHaveText('Live');
  await expect(page.locator('main .skeleton')).toHaveCount(0);
  await expect(page.locator('main h1, main h2').first()).toBeAttached();
  await page.evaluate(() => document.fonts.ready);
}

/** What a small application might store. */
export async function furnish(server: Server): Promise<{ dune: string }> {
  const dune = await server.write('books/*', {
    title: 'Dune',
    author: 'Frank Herbert',
    pages: 412,
    read: false,
    tags: ['desert', 'spice'],
    edition: { year: 1965, publisher: { name: 'Chilton', city: 'Philadelphia' } },
  });
  await server.write('books/*', { title: 'Emma', author: 'Jane Austen', pages: 1036, read: true, series: null });
  await server.write('books/*', {
    title: 'The Left Hand of Darkness',
    author: 'Ursula K. Le Guin',
    summary: 'A lone human emissary is sent to Winter, an alien world without sexual prejudice, where the inhabitants can change their gender whenever they choose.',
  });
  await server.patch(`books/${dune}`, { pages: 412 });
  await server.write(
    'config',
    '{"theme":"dark","price":1.10,"started":1795216331200612975,"maintenance":false,"motd":null,"limits":{"requests":1000,"burst":20,"by role":{"guest":10,"member":500}},"features":["live","export","import"],"owner":{"name":"Ada","mail":"ada@example.org"}}',
  );
  await server.write('counter', 42);
  for (const name of ['ann', 'bob', 'cleo']) {
    await server.write(`users/${name}/posts/*`, { text: `Hello from ${name}` });
  }
  await server.write('devices/thermostat-7', { celsius: 21.5 });
  return { dune };
}

// What stories about people begin with: a server that wants to know who asks.
import { type Page } from '@playwright/test';
import { Server, connection, expect, test as base } from './story';

export { connection, expect, item, key, picture } from './story';

export const password = 'correct horse battery';

/** Stories of a server that wants to know who asks. */
export const test = base.extend<{ settings: string[] }>({
  settings: [[], { option: true }],
  server: async ({ settings }, use, story) => {
    story.skip(!!process.env.MONOXIDE_URL, 'only a server that the story has started shows its link');
    const server = await Server.start(settings);
    await use(server);
    await server.close();
  },
});

/** Follows the link of the terminal to the first account, `ann`. */
export async function setUp(page: Page, server: Server): Promise<void> {
  await page.goto(server.setUpLink);
  await page.getByLabel('Account').fill('ann');
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Make the account' }).click();
  await expect(connection(page)).toHaveText('Live');
}

export async function signIn(page: Page, account: string, secret = password): Promise<void> {
  await page.getByLabel('Account').fill(account);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByLabel('Password', { exact: true }).press('Enter');
}

/** Asks as the page does, with its cookies. */
export function ask(page: Page, method: string, path: string, body?: unknown): Promise<number> {
  return page.evaluate(
    async ([method, path, body]) => {
      const headers = { 'X-Monoxide': 'page' };
      return (await fetch(path, { method, headers, body: JSON.stringify(body) })).status;
    },
    [method, path, body] as const,
  );
}

/** Opens the menu of who is signed in. */
export async function menu(page: Page, choice: string): Promise<void> {
  await page.getByRole('button', { name: 'Signed in as' }).click();
  await page.locator('#user-menu').getByText(choice).click();
}

// Every page about accounts, in both themes and on a phone: a picture of it, and no fault that axe finds.
import AxeBuilder from '@axe-core/playwright';
import { type Page, devices } from '@playwright/test';
import { ask, connection, expect, menu, picture, setUp, test } from './people';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });
      const look = async (page: Page, state: string) => {
        await picture(page, `${size}-${colorScheme}-accounts-${state}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      };

      test('coming in', async ({ page, server, complaints }) => {
        complaints.expect(/401/);
        await page.goto('/');
        await expect(page.getByText('Nobody looks after this server yet')).toBeVisible();
        await look(page, 'nobody-yet');

        await page.goto(server.setUpLink);
        await page.getByLabel('Account').fill('a');
        await page.getByLabel('Password', { exact: true }).fill('correct horse');
        await page.getByRole('button', { name: 'Make the account' }).click();
        await expect(page.getByText('2 to 32 characters')).toBeVisible();
        await look(page, 'set-up');

        await page.goto('about:blank');
        await setUp(page, server);
        await menu(page, 'Sign out');
        await expect(page.getByText('You have signed out')).toBeVisible();
        await look(page, 'signed-out');

        await page.getByLabel('Account').fill('ann');
        await page.getByLabel('Password', { exact: true }).fill('not the password');
        await page.getByLabel('Password', { exact: true }).press('Enter');
        await expect(page.getByText('The account or the password is wrong.')).toBeVisible();
        await look(page, 'wrong');
      });

      test('being in', async ({ page, server, complaints }) => {
        complaints.expect(/401/);
        await setUp(page, server);
        await ask(page, 'POST', '/books/dune', { title: 'Dune' });
        const people = [
          { account: 'bob', name: 'Bob Marley', email: 'bob@example.org', roles: ['editor', 'guest'] },
          { account: 'cleo', name: 'Cleopatra Philopator', email: '', roles: [] },
        ];
        for (const person of people) await ask(page, 'POST', '/create', { ...person, password: 'correct horse battery' });
        await ask(page, 'POST', '/user/cleo', { disabled: true });

        await page.getByRole('button', { name: 'Signed in as ann' }).click();
        await look(page, 'menu');
        await page.locator('#user-menu').getByText('Your profile').click();
        await expect(page.getByText('This one')).toBeVisible();
        await look(page, 'profile');
        await menu(page, 'Accounts');
        await expect(page.getByRole('link', { name: /^cleo/ })).toBeVisible();
        await look(page, 'list');
        await page.getByRole('link', { name: 'New account' }).click();
        await expect(page.getByLabel('Account', { exact: true })).toBeFocused();
        await look(page, 'new');
        await page.goto('/_ui/_accounts/bob');
        await expect(page.getByLabel('Roles')).toHaveValue('editor, guest');
        await look(page, 'one');
        await page.getByRole('button', { name: 'Delete…' }).click();
        await look(page, 'delete');
        await page.getByRole('button', { name: 'Cancel' }).click();

        expect(await ask(page, 'DELETE', '/sessions')).toBe(204);
        await expect(page.getByText('Your session has ended')).toBeVisible();
        await look(page, 'ended');
      });
    });
  }
}

// A picture of every page, in both themes and two sizes, for people to look at: `npm run screenshots`.
import { ask, setUp, test as people } from './people';
import { furnish, people as theirs, places, sizes, visit } from './places';
import { expect, picture, test } from './story';

const isWanted = !!process.env.MONOXIDE_SCREENS;

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    const name = (page: string) => `page-${page}-${size}-${colorScheme}`;

    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });
      test.skip(!isWanted, 'nobody asked for pictures');

      test('every page', async ({ page, server }) => {
        test.setTimeout(120_000);
        await furnish(server);
        for (let i = 0; i < 87; i++) await server.write('example/log/*', { level: 'info', line: i });
        for (const [place, address] of Object.entries(places)) {
          await visit(page, address);
          await picture(page, name(place));
        }
        await visit(page, '/_ui/_endpoints');
        await page.getByText('Try it').first().click();
        await page.getByRole('textbox', { name: 'list' }).fill('books');
        await page.getByRole('button', { name: 'Call' }).click();
        await expect(page.getByRole('region', { name: 'Answer' })).toBeVisible();
        await picture(page, name('endpoint-called'));

        await visit(page, '/_ui/_orphans');
        await page.keyboard.press('Control+k');
        await expect(page.getByRole('option').first()).toBeVisible();
        await picture(page, name('palette'));
        await page.keyboard.press('Escape');
        await page.keyboard.press('?');
        await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible();
        await picture(page, name('shortcuts'));
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Delete counter' }).click();
        await picture(page, name('question'));
        await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
        await expect(page.locator('.toast')).toBeVisible();
        await picture(page, name('toast'));
        const menu = page.getByRole('button', { name: 'Pages' });
        if (await menu.isVisible()) {
          await menu.click();
          await picture(page, name('menu'));
        }
      });
    });

    people.describe(`${size}, ${colorScheme}, signed in`, () => {
      people.use({ colorScheme, ...options, settings: ['--backup-every', '6h', '--backup-dir', 'kept'] });
      people.skip(!isWanted, 'nobody asked for pictures');

      people('every page', async ({ page, server, complaints }) => {
        complaints.expect(/401/);
        await setUp(page, server);
        await ask(page, 'POST', '/books/dune', { title: 'Dune' });
        for (const [place, address] of Object.entries(theirs)) {
          await visit(page, address);
          await picture(page, name(place));
        }
        await visit(page, '/_ui/_endpoints');
        await picture(page, name('endpoints-in'));
        await visit(page, '/_ui/_backups');
        await page.getByRole('button', { name: 'Make a backup' }).click();
        await expect(page.getByText(/^Made/)).toBeVisible();
        await page.getByRole('button', { name: 'Verify' }).first().click();
        await expect(page.getByText(/^Whole/)).toBeVisible();
        await picture(page, name('backups-in'));
      });
    });
  }
}

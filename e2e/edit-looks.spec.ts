// How editing, adding, importing and exporting look, in both themes and sizes, and no fault that axe finds.
import AxeBuilder from '@axe-core/playwright';
import { type Page, devices } from '@playwright/test';
import { type Server, expect, open, picture, test } from './story';

const phone = { ...devices['Pixel 7'], viewport: { width: 390, height: 844 } };
const sizes = { desktop: {}, phone: { viewport: phone.viewport, hasTouch: true, isMobile: true } };
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const field = (page: Page) => page.locator('.editor-area');

const config = {
  theme: 'dark',
  maintenance: false,
  motd: null,
  limits: { requests: 1000, burst: 20, 'by role': { guest: 10, member: 500 } },
  features: ['live', 'export', 'import'],
  owner: { name: 'Ada', mail: 'ada@example.org' },
};

async function edit(page: Page, server: Server): Promise<void> {
  await server.write('config', config);
  await open(page, '/_ui/config?view=json');
  await expect(field(page)).toBeVisible();
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, options] of Object.entries(sizes)) {
    test.describe(`${size}, ${colorScheme}`, () => {
      test.use({ colorScheme, ...options });
      const look = async (page: Page, state: string) => {
        await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
        await picture(page, `${size}-${colorScheme}-${state}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
      };

      test('the editor', async ({ page, server }) => {
        await edit(page, server);
        await look(page, 'editor');
      });

      test('the editor with a mistake', async ({ page, server }) => {
        await edit(page, server);
        const text = await field(page).inputValue();
        await field(page).fill(text.replace('false,', 'False,'));
        await button(page, 'Save').click();
        await expect(page.getByRole('alert')).toBeVisible();
        await look(page, 'editor-mistake');
      });

      test('a conflict', async ({ page, server }) => {
        await edit(page, server);
        const text = await field(page).inputValue();
        await field(page).fill(text.replace('"dark"', '"light"').replace('"live",', '"live",\n    "replay",'));
        await server.write('config', { ...config, theme: 'sepia', owner: { name: 'Ada' } });
        await expect(page.getByText('Somebody else changed this meanwhile')).toBeVisible();
        await look(page, 'editor-changed');
        await button(page, 'Show both').click();
        await expect(page.locator('tr.differs').first()).toBeVisible();
        await look(page, 'conflict');
      });

      test('a draft', async ({ page, server }) => {
        await edit(page, server);
        await field(page).fill('{"theme": "light"}');
        await page.reload();
        await expect(page.getByText('This is what you typed')).toBeVisible();
        await look(page, 'draft');
      });

      test('an object and its menus', async ({ page, server }) => {
        await server.write('config', config);
        await open(page, '/_ui/config');
        await button(page, 'More').click();
        await expect(page.getByRole('menuitem', { name: 'Duplicate…' })).toBeVisible();
        await look(page, 'menu');
        await page.getByRole('menuitem', { name: 'Delete…' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await look(page, 'delete');
      });

      test('a new object', async ({ page }) => {
        await open(page, '/_ui/example/notes/*');
        await button(page, 'New object').click();
        await page.getByRole('dialog').getByText('Schema: 2 members').click();
        await page.getByRole('dialog').locator('.editor-area').fill('{\n  "done": "no"\n}');
        await expect(page.locator('.editor-misfits')).toBeVisible();
        await look(page, 'new-object');
      });

      test('import and export', async ({ page, server }) => {
        await server.write('books/*', { title: 'Dune' });
        await open(page, '/_ui/books/*');
        await button(page, 'Data').click();
        await page.getByRole('menuitem', { name: 'Export…' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await look(page, 'export');
        await button(page, 'Cancel').click();
        await button(page, 'Data').click();
        await page.getByRole('menuitem', { name: 'Import…' }).click();
        await look(page, 'import');
        await page
          .getByLabel('Or paste it')
          .fill('key,title,author,pages\ndune,Dune,Frank Herbert,412\na b,Emma,Jane Austen,1036\nemma,Emma,Jane Austen,1036\n');
        await expect(page.getByText('2 objects can be written')).toBeVisible();
        await look(page, 'import-preview');
        await button(page, 'Import 2 objects').click();
        await expect(button(page, 'Done')).toBeVisible();
        await look(page, 'import-done');
      });
    });
  }
}

// No page has a fault that axe finds, in neither theme, signed in or where nobody is asked.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { ask, setUp, test as people } from './people';
import { furnish, people as theirs, places, visit } from './places';
import { expect, test } from './story';

const themes = ['light', 'dark'] as const;

async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

for (const [name, address] of Object.entries(places)) {
  test(`open: ${name}`, async ({ page, server }) => {
    await furnish(server);
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      await visit(page, address);
      expect(await faults(page), colorScheme).toEqual([]);
    }
  });
}

test('open: what lies over a page', async ({ page, server }) => {
  await furnish(server);
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await visit(page, '/_ui/_orphans');
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('option').first()).toBeVisible();
    expect(await faults(page), `palette, ${colorScheme}`).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Shortcuts' })).toBeVisible();
    expect(await faults(page), `sheet, ${colorScheme}`).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Delete', exact: false }).nth(1).click();
    expect(await faults(page), `question, ${colorScheme}`).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page.locator('.toast')).toBeVisible();
    expect(await faults(page), `toast, ${colorScheme}`).toEqual([]);
  }
});

test('open: an endpoint that was called', async ({ page }) => {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    await visit(page, '/_ui/_endpoints');
    await page.getByText('Try it').first().click();
    await page.getByRole('textbox', { name: 'list' }).fill('books');
    await page.getByRole('button', { name: 'Call' }).click();
    await expect(page.getByRole('region', { name: 'Answer' })).toBeVisible();
    expect(await faults(page), colorScheme).toEqual([]);
  }
});

people('signed in: all pages', async ({ page, server, complaints }) => {
  people.setTimeout(180_000);
  complaints.expect(/401/);
  await setUp(page, server);
  await ask(page, 'POST', '/books/dune', { title: 'Dune' });
  for (const [name, address] of Object.entries({ ...places, ...theirs })) {
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      await visit(page, address);
      expect(await faults(page), `${name}, ${colorScheme}`).toEqual([]);
    }
  }
});

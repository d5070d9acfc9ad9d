// An update changes what changed on the page, and nothing else.
import { type Page } from '@playwright/test';
import { expect, item, line, open, test } from './story';

/** Keeps every element of the document, and from now on which of them change and which flash. */
async function watch(page: Page): Promise<void> {
  await page.evaluate(() => {
    const main = document.querySelector('main')!;
    const seen = { nodes: [...main.querySelectorAll('*')], changed: new Set<Element>(), flashed: new Set<Element>() };
    new MutationObserver((mutations) => {
      for (const { target, type } of mutations) {
        const element = target instanceof Element ? target : target.parentElement!;
        seen.changed.add(element);
        if (type === 'attributes' && element.classList.contains('flash')) seen.flashed.add(element);
      }
    }).observe(main, { subtree: true, childList: true, characterData: true, attributes: true });
    Object.assign(window, { seen });
  });
}

/** What happened since `watch`: a class and a text for each element. */
async function seen(page: Page): Promise<{ replaced: number; flashed: string[]; changed: string[] }> {
  return page.evaluate(() => {
    const { nodes, changed, flashed } = (window as any).seen;
    const name = (element: Element) => `${element.classList[0] ?? element.localName} ${element.textContent}`;
    return {
      replaced: nodes.filter((node: Element) => !node.isConnected).length,
      flashed: [...flashed].map(name),
      changed: [...changed].map((element: Element) => element.classList[0] ?? element.localName),
    };
  });
}

test('a change of a member touches its value and flashes it alone', async ({ page, server }) => {
  await server.write('config', { theme: 'dark', limits: { requests: 1000, burst: 20 }, tags: ['a', 'b'] });
  await open(page, '/_ui/config');
  await line(page, '/tags').click();
  await expect(page.getByRole('treeitem')).toHaveCount(5);
  await watch(page);

  await server.patch('config', { limits: { burst: 21 } });

  await expect(line(page, '/limits/burst').locator('.flash')).toHaveText('21');
  const { replaced, flashed, changed } = await seen(page);
  expect(replaced).toBe(0);
  expect(flashed).toEqual(['value 21']);
  expect(changed.filter((it) => it !== 'value'), 'and the time of the change').toEqual(['dd']);
  await expect(line(page, '/tags'), 'what was folded stays folded').toHaveAttribute('aria-expanded', 'false');
  await expect(page.locator('.flash'), 'the flash ends').toHaveCount(0);
});

test('a change of one object of a list leaves the others alone', async ({ page, server }) => {
  const dune = await server.write('books/*', { title: 'Dune', pages: 412 });
  const emma = await server.write('books/*', { title: 'Emma', pages: 1036 });
  await open(page, '/_ui/books/*');
  await expect(item(page, `books/${emma}`)).toBeVisible();
  await watch(page);

  await server.patch(`books/${dune}`, { pages: 413 });

  const row = item(page, `books/${dune}`);
  await expect(row.locator('.flash .cell-text')).toHaveText('413');
  const { replaced, flashed } = await seen(page);
  expect(replaced).toBe(0);
  expect(flashed).toEqual(['value pages413']);
  const others = await page.evaluate((emma) => {
    const row = document.querySelector(`[data-key="books/${emma}"]`)!;
    return [...(window as any).seen.changed].filter((element) => row.contains(element)).length;
  }, emma);
  expect(others).toBe(0);
});

test('a value that changes again flashes again', async ({ page, server }) => {
  await server.write('counter', { n: 1 });
  await open(page, '/_ui/counter');
  const value = line(page, '/n').locator('.value');

  await server.write('counter', { n: 2 });
  await expect(value).toHaveClass(/flash-tick/);
  await server.write('counter', { n: 3 });
  await expect(value).toHaveClass(/flash-tock/);
});

test('folded parts flash for what changed inside of them', async ({ page, server }) => {
  await server.write('config', { deep: { a: { b: 1 } } });
  await open(page, '/_ui/config');
  await line(page, '/deep').click();

  await server.patch('config', { deep: { a: { b: 2 } } });

  await expect(line(page, '/deep').locator('.flash')).toHaveText('{1}');
});

test('who wants no motion sees a still mark', async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await server.write('counter', { n: 1 });
  await open(page, '/_ui/counter');
  const value = line(page, '/n').locator('.value');
  await expect(value).toHaveCSS('background-color', 'rgba(0, 0, 0, 0)');

  await server.write('counter', { n: 2 });

  await expect(value).toHaveClass(/flash/);
  await expect(value).toHaveCSS('animation-name', 'none');
  await expect(value).not.toHaveCSS('background-color', 'rgba(0, 0, 0, 0)');
});

test('a mark that was made while a document is open does not come back with it', async ({ page, server }) => {
  await server.write('config', { a: { b: 1 } });
  await open(page, '/_ui/config');
  await server.patch('config', { a: { b: 2 } });
  await expect(page.locator('.flash')).toHaveCount(1);
  await expect(page.locator('.flash')).toHaveCount(0);

  await line(page, '/a').click();
  await line(page, '/a').click();

  await expect(line(page, '/a/b')).toBeVisible();
  await expect(page.locator('.flash')).toHaveCount(0);
});

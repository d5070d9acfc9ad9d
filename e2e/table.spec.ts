// A list is a table: sorted, searched, chosen from, and live, however long it is.
import { type Page } from '@playwright/test';
import { type Server, expect, item, key, open, picture, test } from './story';

const second = { timeout: 1_000 };

const books = [
  { title: 'Dune', author: 'Frank Herbert', pages: 412 },
  { title: 'emma', author: 'Jane Austen', pages: 1036 },
  { title: 'Beloved', author: 'Toni Morrison', pages: 321 },
  { title: 'Piranesi', author: 'Susanna Clarke', pages: 9 },
];

async function shelve(server: Server, data: unknown[] = books): Promise<string[]> {
  const names: string[] = [];
  for (const book of data) names.push(await server.write('books/*', book));
  return names;
}

/** Writes very many objects, quickly. */
async function fill(server: Server, count: number, data: (nth: number) => unknown): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const nth = next++;
      await server.write(`books/${String(nth).padStart(6, '0')}`, data(nth));
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
}

function column(page: Page, label: string) {
  return page.locator('.item [role=gridcell]').filter({ has: page.locator(`.cell-name:text-is("${label}")`) }).locator('.cell-text');
}

function header(page: Page, name: string) {
  return page.getByRole('columnheader', { name });
}

test('the columns are taken from the data, and a click on a row opens its object', async ({ page, server }) => {
  const [dune] = await shelve(server);
  await open(page, '/_ui/books/*');
  await expect(page.getByRole('columnheader')).toHaveText(['', 'Key', 'title', 'author', 'pages', 'Changed']);
  await expect(page.getByText('4 objects, newest first')).toBeVisible();
  await expect(column(page, 'title')).toHaveText(['Piranesi', 'Beloved', 'emma', 'Dune']);

  await item(page, `books/${dune}`).click();
  await expect(page).toHaveURL(`/_ui/books/${dune}`);
  await page.goBack();
  await expect(page.getByRole('grid')).toBeVisible();
});

test('a click on a column sorts by it, and another one the other way', async ({ page, server }) => {
  await shelve(server);
  await open(page, '/_ui/books/*');

  await header(page, 'title').getByRole('button').click();
  await expect(column(page, 'title')).toHaveText(['Beloved', 'Dune', 'emma', 'Piranesi']);
  await expect(header(page, 'title')).toHaveAttribute('aria-sort', 'ascending');
  await header(page, 'pages').getByRole('button').click();
  await header(page, 'pages').getByRole('button').click();
  await expect(column(page, 'pages')).toHaveText(['1036', '412', '321', '9']);
  await expect(header(page, 'pages')).toHaveAttribute('aria-sort', 'descending');
  await header(page, 'pages').getByRole('button').click();
  await expect(column(page, 'title')).toHaveText(['Piranesi', 'Beloved', 'emma', 'Dune']);
});

test('words are looked for in all values, live, and what does not match is not shown', async ({ page, server }) => {
  await shelve(server);
  await open(page, '/_ui/books/*');
  await page.getByLabel('Find in this list').fill('aus e');
  await expect(column(page, 'title')).toHaveText(['emma']);
  await expect(page.getByText('1 of 4 objects')).toBeVisible();

  await server.write('books/*', { title: 'Persuasion', author: 'Jane Austen' });
  await expect(column(page, 'title')).toHaveText(['Persuasion', 'emma'], second);

  await page.getByLabel('Find in this list').fill('nowhere');
  await expect(page.getByText('No object matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(page.locator('.item')).toHaveCount(5);
});

test('what is asked of a table is in its address and survives a reload', async ({ page, server }) => {
  await shelve(server);
  await open(page, '/_ui/books/*');
  await header(page, 'title').getByRole('button').click();
  await page.getByLabel('Find in this list').fill('e');
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByRole('group', { name: 'Columns' }).getByLabel('author').uncheck();
  await page.getByRole('group', { name: 'Columns' }).getByLabel('Created').check();
  await expect(page).toHaveURL(/\?columns=\/title,\/pages,created,updated&sort=\/title&find=e$|sort=\/title.*find=e.*columns=\/title,\/pages,created,updated/);

  await page.reload();
  await expect(page.getByRole('columnheader')).toHaveText(['', 'Key', 'title', 'pages', 'Created', 'Changed']);
  await expect(column(page, 'title')).toHaveText(['Beloved', 'Dune', 'emma', 'Piranesi']);
  await expect(page.getByLabel('Find in this list')).toHaveValue('e');

  // The columns are remembered for when one comes back.
  await page.goto('/');
  await key(page, 'books/*').click();
  await expect(page.getByRole('columnheader')).toHaveText(['', 'Key', 'title', 'pages', 'Created', 'Changed']);
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByRole('button', { name: 'As it was' }).click();
  await expect(header(page, 'author')).toBeVisible();
});

test('several rows are chosen and deleted at once, after one is asked', async ({ page, server }) => {
  const names = await shelve(server);
  await open(page, '/_ui/books/*');
  const row = (nth: number) => page.locator('.item').nth(nth);

  await row(0).getByRole('checkbox').click();
  await row(2).getByRole('checkbox').click({ modifiers: ['Shift'] });
  await expect(page.getByText('3 selected')).toBeVisible();
  await row(1).click({ modifiers: ['Control'] });
  await expect(page.getByText('2 selected')).toBeVisible();
  await expect(row(1)).toHaveAttribute('aria-selected', 'false');

  await page.getByRole('button', { name: 'Delete…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Delete 2 objects?');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.locator('.item')).toHaveCount(4);

  await page.getByRole('button', { name: 'Delete…' }).click();
  await dialog.getByRole('button', { name: 'Delete 2 objects' }).click();
  await expect(page.locator('.item')).toHaveCount(2, second);
  await expect(item(page, `books/${names[0]}`)).toBeVisible();
  await expect(item(page, `books/${names[2]}`)).toBeVisible();
  await expect(page.getByText('selected')).toHaveCount(0);
});

test('what was deleted by mistake is put back', async ({ page, server }) => {
  const [dune] = await shelve(server);
  await open(page, '/_ui/books/*');
  await item(page, `books/${dune}`).getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 1 object' }).click();
  await expect(item(page, `books/${dune}`)).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(item(page, `books/${dune}`)).toContainText('Dune');
});

test('everything that matches is deleted, and nothing else', async ({ page, server }) => {
  await shelve(server);
  await open(page, '/_ui/books/*?find=e');
  await page.getByLabel('Find in this list').fill('jane');
  await expect(page.locator('.item')).toHaveCount(1);
  await page.getByLabel('Find in this list').fill('an');
  await expect(page.locator('.item')).toHaveCount(3);
  await page.getByLabel('Select all').check();
  await page.getByRole('button', { name: 'Delete…' }).click();
  await expect(page.getByRole('dialog')).toContainText('that matches “an”');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 3 objects' }).click();
  await expect(page.getByText('No object matches')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(column(page, 'title')).toHaveText(['Beloved']);
});

test('rows appear, change with a flash and leave without what one reads being moved', async ({ page, server }) => {
  await fill(server, 200, (nth) => ({ nth }));
  await open(page, '/_ui/books/*');
  await expect(page.locator('.item').first()).toBeVisible();

  // At the top one sees what comes.
  const newest = await server.write('books/*', { nth: 'new' });
  await expect(page.locator('.item').first()).toHaveAttribute('data-key', `books/${newest}`, second);
  await expect(item(page, `books/${newest}`)).toHaveClass(/flash/);
  await server.patch(`books/${newest}`, { nth: 'changed' });
  await expect(item(page, `books/${newest}`).locator('.flash .cell-text')).toHaveText('changed');

  // Further down one reads on.
  await page.locator('.table').evaluate((table) => table.scrollTo(0, 3_000));
  await expect(item(page, 'books/000120')).toBeVisible();
  const place = () => item(page, 'books/000120').evaluate((row) => row.getBoundingClientRect().y);
  await page.waitForFunction(() => document.querySelectorAll('.missing').length === 0);
  const before = await place();
  for (let nth = 0; nth < 3; nth++) await server.write('books/*', { nth: 'more' });
  await expect(page.getByRole('button', { name: '3 new' })).toBeVisible();
  expect(await place()).toBe(before);
  await server.remove(`books/${newest}`);
  await expect(page.locator('.facts', { hasText: '203 objects' })).toBeVisible();
  expect(await place()).toBe(before);

  await page.getByRole('button', { name: '3 new' }).click();
  await expect(page.locator('.item').first()).toContainText('more');
  await expect(page.getByRole('button', { name: '3 new' })).toBeHidden();
});

test('a table is read, chosen from and deleted in by keyboard alone', async ({ page, server }) => {
  await fill(server, 300, (nth) => ({ nth }));
  await open(page, '/_ui/books/*');
  const active = page.locator('.item.active');
  await expect(page.locator('.item').first()).toBeVisible();
  await page.getByRole('grid').focus();

  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const second = await page.locator('.item').nth(1).getAttribute('data-key');
  await expect(active).toHaveAttribute('data-key', second!);
  await expect(page.getByRole('grid')).toHaveAttribute('aria-activedescendant', (await active.getAttribute('id'))!);
  await page.keyboard.press('End');
  await expect(active).toHaveAttribute('aria-rowindex', '301');
  await expect(active).toBeInViewport();
  await page.keyboard.press('PageUp');
  await expect(active).toBeInViewport();
  await page.keyboard.press('Home');
  await expect(active).toHaveAttribute('aria-rowindex', '2');

  await page.keyboard.press(' ');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByText('3 selected')).toBeVisible();
  await page.keyboard.press('Shift+End');
  await expect(page.getByText('300 selected'), 'also what was never on the screen').toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('selected')).toHaveCount(0);
  await page.keyboard.press('Control+a');
  await expect(page.getByText('300 selected')).toBeVisible();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toContainText('Delete 300 objects?');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete 300 objects' }).press('Enter');
  await expect(page.getByText('No objects in books/*')).toBeVisible();
});

test('the stars of a list are columns, and narrow it', async ({ page, server }) => {
  for (const name of ['ann', 'bob']) {
    for (const text of ['hello', 'bye']) await server.write(`users/${name}/posts/*`, { text });
  }
  await open(page, '/_ui/users/*/posts/*');
  await expect(page.getByRole('columnheader')).toHaveText(['', 'users', 'posts', 'text', 'Changed']);
  await expect(page.locator('.item')).toHaveCount(4);

  await page.getByLabel('Only users').fill('ann');
  await page.getByLabel('Only users').press('Enter');
  await expect(page.locator('.item')).toHaveCount(2);
  await expect(page.locator('.item .star')).toHaveText(['ann', 'ann']);
  await page.reload();
  await expect(page.getByLabel('Only users')).toHaveValue('ann');
  await expect(page.locator('.item')).toHaveCount(2);
});

test('numbers keep all their digits, and long texts are there whole', async ({ page, server }) => {
  const long = 'word '.repeat(100).trim();
  await server.write('books/*', `{"time":1795216331200612975,"price":1.10,"text":"${long}","digits":"12"}`);
  await open(page, '/_ui/books/*');
  await expect(column(page, 'time')).toHaveText('1795216331200612975');
  await expect(column(page, 'price')).toHaveText('1.10');
  await expect(column(page, 'digits'), 'a text that looks like a number').toHaveText('"12"');
  await expect(page.locator(`[title="${long}"]`)).toBeVisible();
});

test('a hundred thousand objects scroll smoothly', async ({ page, server }) => {
  test.setTimeout(180_000);
  await fill(server, 100_000, (nth) => ({ nth, title: `Book ${nth}`, author: 'Jane Austen', pages: nth % 1_000 }));
  await open(page);
  const start = Date.now();
  await key(page, 'books/*').click();
  await expect(item(page, 'books/099999')).toBeVisible();
  const opened = Date.now() - start;
  await expect(page.locator('.facts', { hasText: '100000 objects, newest first' })).toBeVisible();

  const scroll = (step: number, frames: number) =>
    page.evaluate(
      async ([step, frames]) => {
        const table = document.querySelector('.table')!;
        const times: number[] = [];
        let before = performance.now();
        for (let frame = 0; frame < frames; frame++) {
          table.scrollBy(0, step);
          const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
          times.push(now - before);
          before = now;
        }
        times.sort((one, other) => one - other);
        const at = (part: number) => times[Math.floor(times.length * part)].toFixed(0);
        return `median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, slowest ${times.at(-1)!.toFixed(0)} ms`;
      },
      [step, frames],
    );
  const slow = await scroll(120, 300);
  const fast = await scroll(3_000, 200);
  await page.locator('.table').evaluate((table) => table.scrollTo(0, table.scrollHeight));
  const jumped = Date.now();
  await expect(item(page, 'books/000000')).toBeInViewport();
  const arrived = Date.now() - jumped;

  const sorting = Date.now();
  await page.locator('.table').evaluate((table) => table.scrollTo(0, 0));
  await header(page, 'title').getByRole('button').click();
  await expect(item(page, 'books/000000')).toBeInViewport();
  const sorted = Date.now() - sorting;
  const said = `opened in ${opened} ms; frames by 120 px: ${slow}; by 3000 px: ${fast}; the end after ${arrived} ms; sorted in ${sorted} ms`;
  console.log(said);
  test.info().annotations.push({ type: 'measured', description: said });
});

test('ten thousand rows that arrive in a burst keep the page smooth', async ({ page, server }) => {
  test.setTimeout(120_000);
  await shelve(server);
  await open(page, '/_ui/books/*');
  await expect(page.locator('.item')).toHaveCount(4);
  await page.evaluate(() => {
    const times: number[] = [];
    let before = performance.now();
    const frame = (now: number) => {
      times.push(now - before);
      before = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, { times });
  });
  const begun = Date.now();
  await fill(server, 10_000, (nth) => ({ title: `Book ${nth}`, pages: nth }));
  const seconds = (Date.now() - begun) / 1_000;
  const measured = page.evaluate((seconds) => {
    const times: number[] = (window as any).times.sort((one: number, other: number) => one - other);
    const within = times[Math.floor(times.length * 0.95)];
    return `${(times.length / seconds).toFixed(0)} frames per second over ${seconds} s, 95 % within ${within.toFixed(0)} ms, slowest ${times.at(-1)!.toFixed(0)} ms`;
  }, seconds);
  const said = await measured;
  await expect(page.locator('.facts', { hasText: '10004 objects' })).toBeVisible();
  console.log(said);
  test.info().annotations.push({ type: 'measured', description: said });
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('each object is a card, that opens, is sorted and chosen', async ({ page, server }) => {
    const [dune] = await shelve(server);
    await open(page, '/_ui/books/*');
    await expect(page.locator('.table.cards')).toBeVisible();
    await expect(page.getByRole('columnheader', { name: 'title' })).toBeHidden();
    await page.getByLabel('Sort').selectOption('/title');
    await expect(page.locator('.item').first()).toContainText('Beloved');
    await item(page, `books/${dune}`).getByRole('checkbox').tap();
    await expect(page.getByText('1 selected')).toBeVisible();
    await picture(page, 'phone-light-table-chosen');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await item(page, `books/${dune}`).tap();
    await expect(page).toHaveURL(`/_ui/books/${dune}`);
  });
});

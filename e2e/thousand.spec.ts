// A list of a thousand objects stays usable.
import { expect, item, line, open, test } from './story';

const COUNT = 1_000;

test('a list of a thousand objects opens fast, scrolls, and changes one row at a time', async ({ page, server }) => {
  const names: string[] = [];
  for (let nth = 0; nth < COUNT; nth += 50) {
    const batch = Array.from({ length: 50 }, (_, at) => ({ nth: nth + at, title: `Book ${nth + at}`, pages: 412 }));
    names.push(...(await Promise.all(batch.map((book) => server.write('books/*', book)))));
  }
  names.sort();
  const [oldest, newest] = [names[0], names[COUNT - 1]];

  await open(page);
  const start = Date.now();
  await page.locator('a[href="/_ui/books/*"]').click();
  await expect(item(page, `books/${newest}`)).toBeVisible({ timeout: 1_000 });
  const opened = Date.now() - start;
  await expect(page.getByText(`${COUNT} objects, newest first`)).toBeVisible();

  // A change of one object, the thousand being there, touches that row alone.
  await page.evaluate(() => {
    const touched = new Set<Element | null>();
    const list = document.querySelector('.table-body')!;
    new MutationObserver((mutations) => {
      for (const { target } of mutations) touched.add((target as Element).closest?.('.item') ?? target.parentElement!.closest('.item'));
    }).observe(list, { subtree: true, childList: true, characterData: true, attributes: true });
    Object.assign(window, { touched, rows: [...list.children] });
  });
  await server.patch(`books/${newest}`, { pages: 413 });
  await expect(item(page, `books/${newest}`)).toContainText('413', { timeout: 1_000 });
  expect(await page.evaluate(() => [...(window as any).touched].map((row) => row?.dataset.key))).toEqual([`books/${newest}`]);

  // A new object comes on top, and the others are still the same rows.
  const newer = await server.write('books/*', { title: 'One more' });
  await expect(page.locator('.item').first()).toHaveAttribute('data-key', `books/${newer}`, { timeout: 1_000 });
  const gone = await page.evaluate(() => (window as any).rows.filter((row: Element) => !row.isConnected).length);
  expect(gone, 'all but the one that left the part that is made').toBeLessThanOrEqual(1);

  // Scrolling makes the rest, without a click, and reaches the oldest.
  const slowest = await page.evaluate(async () => {
    const times: number[] = [];
    let before = performance.now();
    const table = document.querySelector('.table')!;
    const bottom = () => table.scrollTop + table.clientHeight >= table.scrollHeight - 1;
    while (!bottom()) {
      table.scrollBy(0, 400);
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve));
      times.push(now - before);
      before = now;
    }
    return times.sort((one, other) => one - other)[Math.floor(times.length * 0.95)];
  });
  await expect(item(page, `books/${oldest}`)).toBeInViewport();
  test.info().annotations.push({ type: 'measured', description: `open ${opened} ms, 95 % of frames within ${slowest.toFixed(0)} ms` });

  // And a row far down still opens.
  await item(page, `books/${oldest}`).click();
  await expect(line(page, '/title')).toContainText('"Book ');
});

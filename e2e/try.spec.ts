import { expect, item, open, picture, test } from './story';
test('try', async ({ page, server }) => {
  test.setTimeout(120000);
  for (let n = 0; n < 300; n += 50)
    await Promise.all(Array.from({ length: 50 }, (_, i) => server.write('books/*', { title: `Book ${n + i}`, author: 'Jane Austen', pages: 100 + i, read: i % 2 == 0, tags: ['a', 'b'], big: "12", time: null })));
  await open(page, '/_ui/books/*');
  await expect(page.locator('.item').first()).toBeVisible();
  await page.getByText('Columns').click();
  await picture(page, 'try-1');
  console.log(await page.evaluate(() => [...document.querySelectorAll('.table-head [role=columnheader]')].map((it) => [it.getBoundingClientRect().x, it.firstElementChild!.getBoundingClientRect().x, it.textContent])));
  console.log(await page.evaluate(() => [...document.querySelector('.item')!.querySelectorAll('[role=gridcell]')].map((it) => [it.getBoundingClientRect().x, it.textContent])));
  await page.setViewportSize({ width: 390, height: 844 });
  await page.waitForTimeout(500);
  await picture(page, 'try-3');
});

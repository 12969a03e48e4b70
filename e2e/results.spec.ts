// Results that come where others stood: pictures and names change together, all of them, and the focus stays.
import { expect, test } from 'playwright/test';
import type { Page, Route } from 'playwright/test';
import { openTesting, settled } from './support/views.ts';

test.use({ trace: 'on-first-retry' });

const cellsOf = (page: Page): ReturnType<Page['locator']> => page.getByRole('grid', { name: /^Images found by/ }).getByRole('gridcell');
const namesOf = (page: Page): Promise<string[]> => cellsOf(page).evaluateAll((cells) => cells.map((cell) => (cell as HTMLElement).title));

/** Pictures of the results by what is seen in their place. */
const seenOf = (page: Page): Promise<{ coming: number; there: number; wrong: number }> =>
  cellsOf(page)
    .locator('img')
    .evaluateAll((pictures) => {
      const seen = { coming: 0, there: 0, wrong: 0 };
      for (const picture of pictures as HTMLImageElement[]) {
        const isThere = picture.complete && picture.naturalWidth > 0;
        const isSeen = getComputedStyle(picture).opacity === '1';
        seen[isThere && isSeen ? 'there' : !isThere && !isSeen ? 'coming' : 'wrong']++;
      }
      return seen;
    });

test('no picture stands under the name of another image while its own is on its way', async ({ page }) => {
  await openTesting(page, 'explore?images=12', 'scenario=full');
  const count = await cellsOf(page).count();
  expect(await seenOf(page)).toEqual({ coming: 0, there: count, wrong: 0 });
  const held: Route[] = [];
  let holds = true;
  await page.route('**/thumbnail/**', (route) => (holds ? void held.push(route) : route.continue()));
  const before = await namesOf(page);
  await cellsOf(page).nth(5).dblclick();
  await expect(cellsOf(page).first()).toHaveAttribute('title', before[5]!);
  await expect.poll(() => held.length).toBeGreaterThan(0);
  const seen = await seenOf(page);
  expect(seen.wrong).toBe(0);
  expect(seen.coming).toBeGreaterThan(0);
  holds = false;
  await Promise.all(held.map((route) => route.continue()));
  await expect.poll(() => seenOf(page)).toEqual({ coming: 0, there: count, wrong: 0 });
});

test('results below those in sight change too, and the focus is on the picture that is looked for', async ({ page }) => {
  await openTesting(page, 'explore?images=12', 'scenario=full');
  const before = await namesOf(page);
  await cellsOf(page).nth(5).dblclick();
  await expect(cellsOf(page).first()).toHaveAttribute('title', before[5]!);
  await expect(cellsOf(page).first()).toBeFocused();
  await settled(page);
  const after = await namesOf(page);
  await page.reload();
  await expect(cellsOf(page).nth(10)).toBeVisible();
  await settled(page);
  expect(after).toEqual(await namesOf(page));
  expect(after.at(-1)).not.toBe(before.at(-1));
});

// Every view, empty, loading, failing and full, in both themes: a picture of each under dist/e2e/views, and nothing that axe finds serious.
import { expect, test } from 'playwright/test';
import type { Locator } from 'playwright/test';
import { keep, open, seriousFindings, themes, views } from './support/views.ts';

const scenarios = ['empty', 'loading', 'error', 'full'] as const;

for (const view of views)
  for (const scenario of scenarios)
    test(`${view}, ${scenario}`, async ({ page }) => {
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      for (const theme of themes) {
        await open(page, view, scenario, theme);
        await keep(page, `${view}-${scenario}-${theme}`);
        expect(await seriousFindings(page), `${view}, ${scenario}, ${theme}`).toEqual([]);
      }
      expect(problems).toEqual([]);
    });

for (const view of views)
  test(`${view} at 900×600 and at twice the size loses nothing to the right`, async ({ page }) => {
    for (const [width, height] of [
      [900, 600],
      // 200 % of a window of 1280×800 is the layout of one of half the size.
      [640, 400],
    ] as const) {
      await page.setViewportSize({ width, height });
      await open(page, view, 'full', 'light');
      await keep(page, `${view}-${width}`);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(beyond, `${view} at ${width} px`).toBeLessThanOrEqual(0);
    }
  });

/** Whether the middle of an element can be seen and clicked: nothing lies over it. */
const isFree = (element: Locator): Promise<boolean> =>
  element.evaluate((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    return hit !== null && (node === hit || node.contains(hit) || hit.contains(node));
  });

/** How much wider than its own box what is in an element is, pixels. */
const cut = (element: Locator): Promise<number> => element.evaluate((node) => node.scrollWidth - node.clientWidth);

test('sliders of the masks that are walked to by keys are not behind the buttons in a small window', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 600 });
  await open(page, 'masks', 'full', 'light');
  const fields = page.locator('main').locator('input[type="range"], .fields select');
  await expect(fields.first()).toBeVisible();
  for (const field of await fields.all()) {
    await field.focus();
    // The thumbs of a range lie on one track: its middle belongs to the one above.
    expect(await isFree(field.locator('xpath=..')), (await field.getAttribute('aria-label')) ?? '').toBe(true);
  }
});

test('two columns of results begin at the same height and have cells of the same size', async ({ page }) => {
  await open(page, 'explore?images=12,40', 'full', 'light');
  await page.getByText('Compare two sets').click();
  const grids = page.getByRole('grid');
  await expect(grids).toHaveCount(2);
  await expect(grids.nth(1).getByRole('gridcell').nth(5)).toBeVisible();
  const [one, other] = await Promise.all([0, 1].map((i) => grids.nth(i).getByRole('gridcell').nth(5).boundingBox()));
  expect([one!.y, one!.width, one!.height]).toEqual([other!.y, other!.width, other!.height]);
});

test('code, tables of an export and of an evaluation are not cut at the right', async ({ page }) => {
  for (const width of [1280, 900]) {
    await page.setViewportSize({ width, height: 800 });
    await open(page, 'export', 'full', 'light');
    expect(await cut(page.getByRole('tabpanel')), `code at ${width} px`).toBeLessThanOrEqual(0);
    // Six columns cannot be read in a third of a small window: there the table scrolls.
    if (width > 1000) expect(await cut(page.getByRole('region', { name: 'First rows of the table' }))).toBeLessThanOrEqual(0);
    await open(page, 'train?run=stained-cells-1', 'full', 'light');
    await page.getByText('Neighbours agree with your folders 59').click();
    const table = page.getByRole('table', { name: 'Figures of step 12,000' });
    await expect(table.getByRole('row', { name: 'This run 51.2 53.8 58.9' })).toBeVisible();
    expect(await cut(page.locator('details', { has: table })), `report at ${width} px`).toBeLessThanOrEqual(0);
  }
});

test('the last dot of a chart is drawn whole', async ({ page }) => {
  await open(page, 'train?run=stained-cells-1', 'full', 'light');
  const canvas = page.getByRole('application', { name: '20-NN' }).locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  // Right of the plot there is nothing but the half of a dot on its edge: the charts leave 8 pixels there.
  const beyond = (): Promise<number> =>
    canvas.evaluate((node: HTMLCanvasElement) => {
      const scale = node.width / node.clientWidth;
      const left = Math.round(node.width - 6.5 * scale);
      const { data } = node.getContext('2d')!.getImageData(left, 0, node.width - left, node.height);
      return data.filter((alpha, i) => i % 4 === 3 && alpha > 0).length;
    });
  await expect.poll(beyond).toBeGreaterThan(0);
});

test('a file of labels can be browsed for where the system has no dialog', async ({ page }) => {
  await open(page, 'library', 'full', 'light');
  await page.getByRole('button', { name: 'Change…' }).click();
  const labels = page.getByRole('dialog', { name: 'Where labels come from' });
  await labels.getByText('A CSV file').click();
  await labels.getByRole('button', { name: 'Choose…' }).click();
  const picker = page.getByRole('dialog', { name: 'Choose a CSV file' });
  await expect(picker.getByRole('button', { name: 'Use this file' })).toBeDisabled();
  await picker.getByRole('button', { name: 'labels.csv' }).click();
  await picker.getByRole('button', { name: 'Use this file' }).click();
  await expect(labels.getByRole('textbox')).toHaveValue(/^\/.*\/labels\.csv$/);
});

test('what was said can be read again by keys alone', async ({ page }) => {
  await open(page, 'train?new=1', 'full', 'light');
  await page.getByRole('button', { name: 'Start training' }).click();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.getByRole('button', { name: 'Messages' }).focus();
  await page.keyboard.press('Enter');
  const messages = page.getByRole('dialog', { name: 'Messages' });
  await expect(messages.getByRole('listitem')).toHaveCount(1);
  await expect(messages).toContainText('has begun');
  await page.keyboard.press('Escape');
  await expect(messages).toBeHidden();
  await expect(page.getByRole('button', { name: 'Messages' })).toBeFocused();
});

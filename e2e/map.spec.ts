// The map: drawn when it is asked for, looked at, selected on, and left for Explore and the library with what was selected.
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { keep, open, rulesOfColours, seriousFindings, turnTo } from './support/views.ts';

const plane = (page: Page) => page.getByRole('application', { name: /^Map of/ });
/** Where a cloud of the made-up pictures lies, as shares of the plane. */
async function at(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = (await plane(page).boundingBox())!;
  return { x: box.x + x * box.width, y: box.y + y * box.height };
}
async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const [a, b] = [await at(page, ...from), await at(page, ...to)];
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2);
  await page.mouse.move(b.x, b.y);
  await page.mouse.up();
}

test('is moved, zoomed, narrowed to labels and selected on by mouse and keys', async ({ page }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await open(page, 'map', 'full', 'light');
  await expect(plane(page)).toBeVisible();
  await expect(page.locator('.pictures img').nth(20)).toBeVisible();

  // A box selects what is in it, and the sidebar says how many of each label.
  await page.keyboard.down('Shift');
  await drag(page, [0.2, 0.2], [0.6, 0.6]);
  await page.keyboard.up('Shift');
  await expect(page.getByText(/^[\d,]+ of 9\d,\d{3} selected$/)).toBeVisible();
  await keep(page, 'map-box-light');
  await turnTo(page, 'dark');
  await keep(page, 'map-box-dark');
  expect(await seriousFindings(page, { rules: rulesOfColours })).toEqual([]);
  await turnTo(page, 'light');

  // One label alone, and all again.
  await page.getByRole('button', { name: 'Show only red circle' }).click();
  await expect(page.getByRole('button', { name: 'red circle', exact: false, pressed: true }).first()).toBeVisible();
  await expect(page.locator('[aria-pressed="false"]')).not.toHaveCount(0);
  await keep(page, 'map-one-label-light');
  await page.getByRole('button', { name: 'Show all', exact: true }).click();
  await expect(page.locator('[aria-pressed="false"]')).toHaveCount(0);

  // From near, other pictures come.
  const before = await page.locator('.pictures img').evaluateAll((all) => all.map((one) => one.getAttribute('src')));
  const middle = await at(page, 0.5, 0.4);
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.wheel(0, -1600);
  await expect
    .poll(() => page.locator('.pictures img').evaluateAll((all) => all.map((one) => one.getAttribute('src'))))
    .not.toEqual(before);
  await keep(page, 'map-near-light');

  // Without a mouse: the image in the middle is told, chosen, and seen large.
  await page.keyboard.press('Tab');
  await plane(page).focus();
  await page.keyboard.press('0');
  await page.keyboard.press('+');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByText(/^In the middle: /)).toBeAttached();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^1 of 9\d,\d{3} selected$/)).toBeVisible();
  await keep(page, 'map-keys-light');
  await page.keyboard.press(' ');
  await expect(page.getByRole('dialog').locator('img')).toBeVisible();
  await page.keyboard.press('Escape');

  // What is selected is what Explore looks for.
  await page.getByRole('button', { name: 'Find similar' }).click();
  await expect(page.getByRole('gridcell').first()).toBeVisible();
  expect(problems).toEqual([]);
});

test('of many images, an outline selects, and the first of them stand for all in a query', async ({ page }) => {
  await open(page, 'map', 'full', 'light');
  await expect(plane(page)).toBeVisible();
  await page.getByRole('radio', { name: 'Lasso' }).check({ force: true });
  const corners = [
    [0.3, 0.2],
    [0.7, 0.25],
    [0.75, 0.7],
    [0.35, 0.75],
    [0.3, 0.2],
  ] as const;
  const first = await at(page, corners[0][0], corners[0][1]);
  await page.mouse.move(first.x, first.y);
  await page.mouse.down();
  for (const corner of corners) {
    const { x, y } = await at(page, corner[0], corner[1]);
    await page.mouse.move(x, y, { steps: 4 });
  }
  await keep(page, 'map-lasso-light');
  await page.mouse.up();
  await expect(page.getByText(/^[\d,]+ of 9\d,\d{3} selected$/)).toBeVisible();
  await page.getByRole('button', { name: 'Find similar' }).click();
  await expect(page.getByText(/at most 32 images/)).toBeVisible();
  await expect(page).toHaveURL(/explore\?.*images=(\d+%2C){31}\d+(&|$)/);
});

test('is drawn when it was not, by a job that can be seen and cancelled', async ({ page }) => {
  await open(page, 'map', 'full', 'light');
  await expect(plane(page)).toBeVisible();
  await page.getByRole('combobox', { name: 'Vector space' }).selectOption({ label: 'Centred' });
  await expect(page.getByRole('heading', { name: 'Not drawn yet' })).toBeVisible();
  await keep(page, 'map-none-light');
  expect(await seriousFindings(page)).toEqual([]);
  await page.getByRole('button', { name: 'Draw the map' }).click();
  await page
    .getByRole('main')
    .getByRole('button', { name: /Cancel/ })
    .click();
  await expect(page.getByRole('heading', { name: 'Not drawn yet' })).toBeVisible();
  await page.getByRole('button', { name: 'Draw the map' }).click();
  await keep(page, 'map-drawing-light');
  await expect(plane(page)).toBeVisible();
});

test('is moved through 100,000 images within a few frames each', async ({ page }) => {
  await open(page, 'map', 'full', 'light');
  await expect(page.locator('.pictures img').nth(20)).toBeVisible();
  // Time of the page's own thread: that of the clock is that of all that runs here beside it.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async (): Promise<number> =>
    (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value;
  const before = await spent();
  const moves = 40;
  await page.evaluate(async (count) => {
    const own = document.querySelector('[role="application"]')!;
    for (let i = 0; i < count; i++) {
      own.dispatchEvent(new KeyboardEvent('keydown', { key: i % 8 < 4 ? 'ArrowLeft' : 'ArrowRight', bubbles: true }));
      await new Promise(requestAnimationFrame);
    }
  }, moves);
  const each = (1000 * ((await spent()) - before)) / moves;
  test.info().annotations.push({ type: 'map', description: `${each.toFixed(0)} ms of the page's thread for each move` });
  process.stdout.write(`map: ${each.toFixed(0)} ms of the page's thread for each move through 100,000 images\n`);
  expect(each).toBeLessThan(100);
});

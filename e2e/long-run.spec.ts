// A run of a night looked at all the while: 36,000 steps told to an open page, with every chart in sight, leave it as large as it was.
// Printed, and held to `limit`.
import { expect, test } from 'playwright/test';
import type { CDPSession, Page } from 'playwright/test';
import { limit } from './support/limits.ts';
import { statusOf } from './support/story.ts';
import { openTesting } from './support/views.ts';

const events = 36_000;
/** What is made once is there after as many. */
const warmUp = 6000;
/** A night in a quarter of a minute, on a machine that keeps up. */
const stepsPerSecond = 2400;

// A recorded page keeps copies of itself.
test.use({ trace: 'off', screenshot: 'off', viewport: { width: 1280, height: 3000 } });
// Machine code is in the same heap and is made by and by, the more the longer a page is open (3.5 % in this test): without it what is
// counted is what the page keeps.
test.use({
  launchOptions: [
    ({ launchOptions }, use) =>
      use({ ...launchOptions, args: [...(launchOptions.args ?? []), '--js-flags=--no-opt --no-sparkplug --no-maglev'] }),
    { scope: 'worker' },
  ],
});

const stepOf = async (page: Page): Promise<number> =>
  Number(/([\d,]+) of [\d,]+/.exec((await statusOf(page).textContent()) ?? '')![1]!.replaceAll(',', ''));

/** Lets the run go on for some steps, at least; how many they were, and seconds. */
async function train(page: Page, steps: number): Promise<{ steps: number; seconds: number }> {
  const began = await stepOf(page);
  const start = performance.now();
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  await expect.poll(() => stepOf(page), { timeout: 240_000, intervals: [250] }).toBeGreaterThanOrEqual(began + steps);
  const seconds = (performance.now() - start) / 1000;
  await pause(page);
  return { steps: (await stepOf(page)) - began, seconds };
}

async function pause(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(statusOf(page)).toContainText('Paused');
}

/** Megabytes of the page's objects that something still needs. */
async function heapOf(page: Page, session: CDPSession): Promise<number> {
  // The curves are asked for again: how many points came live behind the engine's answer is chance, and all charts have copies of them.
  await page.getByRole('button', { name: 'Zoom in', exact: true }).click();
  await page.getByRole('button', { name: 'Whole run', exact: true }).click();
  // The page draws once a second: the last drawing is done, and what the one before was drawn of is let go.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1500)));
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 1e6;
}

test('36,000 steps leave the heap of the page as it was', async ({ page }) => {
  test.setTimeout(420_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await openTesting(page, 'train?run=stained-cells-2', `scenario=full&rate=${stepsPerSecond}&steps=200000`);
  await pause(page);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await train(page, warmUp);
  const before = await heapOf(page, session);
  const { steps, seconds } = await train(page, events);
  const after = await heapOf(page, session);
  console.log(
    `${steps} steps in ${seconds.toFixed(1)} s: the page's heap ${before.toFixed(2)} MB before, ${after.toFixed(2)} MB after (${(100 * (after / before - 1)).toFixed(1)} %)`,
  );
  expect(steps).toBeGreaterThanOrEqual(events);
  expect(seconds).toBeLessThan(limit(60));
  expect(after / before).toBeLessThan(1.05);
  expect(problems).toEqual([]);
});

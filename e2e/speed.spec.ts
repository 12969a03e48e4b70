// How long a person waits: for the page, and for neighbours. Printed; only what no noise explains fails.
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { makePictures } from './support/pictures.ts';
import { startServe, temporaryFolder } from './support/serve.ts';
import type { Served } from './support/serve.ts';

const place = temporaryFolder();
let served: Served;

test.beforeAll(async () => {
  await makePictures(join(place.path, 'shapes'), 4);
  served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
});
test.afterAll(async () => {
  await served.stop();
  place.dispose();
});

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

test('the page is there at once', async ({ browser }) => {
  const painted: number[] = [];
  const ready: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    // A browser that has never seen the page: nothing is cached.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(served.url);
    const choose = page.getByRole('button', { name: 'Choose a folder' });
    await choose.waitFor();
    await expect(choose).toBeEnabled();
    ready.push(await page.evaluate(() => performance.now()));
    painted.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime));
    await context.close();
  }
  console.log(
    `serve: first paint ${median(painted).toFixed(0)} ms, ready to use ${median(ready).toFixed(0)} ms (medians of 5, nothing cached)`,
  );
  expect(median(painted)).toBeLessThan(5000);
  expect(median(ready)).toBeLessThan(10_000);
});

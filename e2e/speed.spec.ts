// How long a person waits for the page and for the window. Printed, and held to `limit`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { canOpenWindows, openScreen, openWindow } from '../src-main/app/testing/open-window.ts';
import type { Program, VirtualScreen } from '../src-main/app/testing/open-window.ts';
import { limit } from './support/limits.ts';
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
  expect(median(painted)).toBeLessThan(limit(500));
  expect(median(ready)).toBeLessThan(limit(1500));
});

test('what costs a browser most is left for later than the first paint: its tables of languages, and schemas that only the engine needs', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const uses: number[] = [];
    Object.assign(globalThis, { uses });
    const told = <T extends object>(one: T): T =>
      new Proxy(one, {
        construct: (target, given, by) => (uses.push(performance.now()), Reflect.construct(target as never, given, by)),
        apply: (target, self, given) => (uses.push(performance.now()), Reflect.apply(target as never, self, given)),
      });
    Intl.NumberFormat = told(Intl.NumberFormat);
    Intl.DateTimeFormat = told(Intl.DateTimeFormat);
    const numbers = Number.prototype as { toLocaleString: object };
    numbers.toLocaleString = told(numbers.toLocaleString);
  });
  const scripts: Promise<string>[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) scripts.push(response.text());
  });
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
  const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]!.startTime);
  const uses = await page.evaluate(() => (globalThis as unknown as { uses: number[] }).uses);
  expect(uses.filter((at) => at < painted)).toEqual([]);
  const texts = await Promise.all(scripts);
  expect(texts.length).toBeGreaterThan(1);
  // What every schema of the library that makes them says of itself.
  expect(texts.filter((text) => /kind:\s*["'`]schema["'`]/.test(text))).toEqual([]);
});

/** The least that Electron can open: a window with a word in it. */
function makeEmptyProgram(folder: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'empty', version: '1.0.0', main: 'main.cjs' }));
  writeFileSync(
    join(folder, 'main.cjs'),
    `const { app, BrowserWindow } = require('electron');
     app.whenReady().then(() => new BrowserWindow({ width: 1280, height: 800 }).loadURL('data:text/html,<h1>Empty</h1>'));`,
  );
  return folder;
}

/** Milliseconds from the start of a program to the first paint of its page. */
async function untilPainted(screen: VirtualScreen, folder: string, program: Program): Promise<number> {
  const began = Date.now();
  const { app, page } = await openWindow(screen, folder, program);
  try {
    const painted = await page.waitForFunction(() => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0];
      return paint && performance.timeOrigin + paint.startTime;
    });
    return Number(await painted.jsonValue()) - began;
  } finally {
    await app.close();
  }
}

test('the window is there nearly as soon as an empty one', async () => {
  test.skip(!canOpenWindows, 'skipped: there is no Electron or no Xvfb here, or the app is not built');
  const screen = await openScreen();
  const source = makeEmptyProgram(join(place.path, 'empty'));
  const times: Record<'own' | 'empty', number[]> = { own: [], empty: [] };
  try {
    // The first turn reads both from the disk and is left out.
    for (let turn = 0; turn < 6; turn++) {
      const own = await untilPainted(screen, join(place.path, 'window-own'), {});
      const empty = await untilPainted(screen, join(place.path, 'window-empty'), { source });
      if (turn === 0) continue;
      times.own.push(own);
      times.empty.push(empty);
    }
  } finally {
    screen.close();
  }
  const [own, empty] = [median(times.own), median(times.empty)];
  console.log(
    `window: first paint ${own.toFixed(0)} ms after the start, an empty one ${empty.toFixed(0)} ms, ratio ${(own / empty).toFixed(2)} (medians of 5)`,
  );
  // Both start on the same machine: noise moves the ratio less than either.
  expect(own / empty).toBeLessThan(limit(1.3, 2));
});

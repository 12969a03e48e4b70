// Every view, empty, loading, failing and full, in both themes: a picture of each under dist/e2e/views, and nothing that axe finds serious.
import { expect, test } from 'playwright/test';
import type { Locator, Page } from 'playwright/test';
import { keep, open, rulesOfColours, seriousFindings, themes, turnTo, views } from './support/views.ts';

// A recording costs these a third of their time; a picture of what failed is kept without it.
test.use({ trace: 'on-first-retry' });

const scenarios = ['empty', 'loading', 'error', 'full'] as const;
/** The smallest window; and, as 200 % of one of 1280×800 is the layout of one of half the size, that. */
const small = [
  [900, 600],
  [640, 400],
] as const;

for (const view of views)
  for (const scenario of scenarios)
    test(`${view}, ${scenario}`, async ({ page }) => {
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      await open(page, view, scenario, 'light');
      for (const theme of themes) {
        await turnTo(page, theme);
        await keep(page, `${view}-${scenario}-${theme}`);
        expect(await seriousFindings(page, theme === 'dark' ? { rules: rulesOfColours } : {}), `${view}, ${scenario}, ${theme}`).toEqual(
          [],
        );
      }
      expect(problems).toEqual([]);
    });

for (const view of views)
  test(`${view} at 900×600 and at twice the size loses nothing to the right`, async ({ page }) => {
    for (const [width, height] of small) {
      await page.setViewportSize({ width, height });
      await open(page, view, 'full', 'light');
      await keep(page, `${view}-${width}`);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(beyond, `${view} at ${width} px`).toBeLessThanOrEqual(0);
    }
  });

/** What a view shows only once something was looked for, chosen or asked: its address, and what a person does there. */
const states: Readonly<Record<string, { readonly at: string; readonly act?: (page: Page) => Promise<void> }>> = {
  results: { at: 'explore?images=12,40' },
  'no vectors of a run': {
    at: 'explore?run=patch-8',
    act: async (page) => {
      await expect(page.getByRole('heading', { name: 'patch-8 has no vectors of this folder yet' })).toBeVisible();
      await expect(page.getByRole('combobox', { name: 'Run' })).toHaveValue('patch-8');
    },
  },
  'new run': { at: 'train?new=1', act: (page) => page.getByText('Every setting').click() },
  'memory of a new run': {
    at: 'train?new=1',
    act: async (page) => {
      await page.getByText('What the memory is for').click();
      const table = page.getByRole('table', { name: 'What the memory is for' });
      await expect(table.getByRole('row', { name: /^Moments of the optimiser 363 MB 363 MB$/ })).toBeVisible();
      await expect(table.getByRole('row', { name: /^The program itself 203 MB –$/ })).toBeVisible();
    },
  },
  'finished run': { at: 'train?run=stained-cells-1' },
  'run with an old score': { at: 'train?run=patch-8' },
  'run judged otherwise': {
    at: 'train?run=small-trial',
    act: async (page) => {
      // Each of them twice: what it was on the images of before, and on those of now.
      const levels = page.getByText(/^Raw pixels \d+(\.\d)? %, then \d+(\.\d)? %$/i);
      await levels.scrollIntoViewIfNeeded();
      await expect(levels).toHaveCount(1);
    },
  },
  'choose a folder': { at: 'welcome', act: (page) => page.getByRole('button', { name: 'Choose a folder' }).click() },
  preview: {
    at: 'library',
    act: async (page) => {
      await page.getByRole('gridcell').first().click();
      await page.keyboard.press('Space');
      // Beside the spinner, which is one too as long as it turns.
      await expect(page.getByRole('dialog').locator('img')).toBeVisible();
    },
  },
  failures: { at: 'library', act: (page) => page.getByRole('button', { name: 'Show list' }).click() },
  stop: { at: 'train?run=stained-cells-2', act: (page) => page.getByRole('button', { name: 'Stop…' }).click() },
  weights: { at: 'train', act: (page) => page.getByRole('button', { name: 'Weights from elsewhere…' }).click() },
  'tensorflow fetch': { at: 'settings', act: (page) => page.getByRole('button', { name: 'Fetch TensorFlow…' }).click() },
  'tensorflow wrong file': {
    at: 'settings',
    act: async (page) => {
      await page.getByRole('button', { name: 'Choose files…' }).click();
      await chooseArchive(page, 'Library (TensorFlow itself)', 'GPU-linux-4.22.0.tar.gz');
      await page.getByRole('button', { name: 'Install', exact: true }).click();
      await expect(page.getByText('GPU-linux-4.22.0.tar.gz is the binding and not the library.')).toBeVisible();
    },
  },
  'tensorflow installing': {
    at: 'settings',
    act: async (page) => {
      await page.getByRole('button', { name: 'Fetch TensorFlow…' }).click();
      await page.getByRole('button', { name: 'Fetch TensorFlow', exact: true }).click();
      await expect(page.locator('main').getByRole('progressbar')).toBeVisible();
    },
  },
};

/** Chooses an archive in the page's own picker, as a browser does: from the folder of the one that was chosen before, or from the roots. */
async function chooseArchive(page: Page, part: string, name: string, way: readonly string[] = ['/home/ada', 'Downloads']): Promise<void> {
  await page.getByRole('button', { name: `Choose the file: ${part}` }).click();
  const picker = page.getByRole('dialog', { name: 'Choose an archive of TensorFlow' });
  for (const folder of way) await picker.getByRole('button', { name: folder, exact: true }).click();
  await picker.getByRole('button', { name, exact: true }).click();
  await picker.getByRole('button', { name: 'Use this file' }).click();
  await expect(picker).toBeHidden();
}

/** How far the page, its view or a dialog goes beyond its right edge, pixels; 0 where all can be reached. */
const beyondRight = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const boxes = [document.documentElement, ...document.querySelectorAll('main, dialog[open], dialog[open] .body')];
    const right = Math.max(...[...document.querySelectorAll('dialog[open]')].map((one) => one.getBoundingClientRect().right), 0);
    return Math.max(right - innerWidth, ...boxes.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth));
  });

for (const [name, { at, act }] of Object.entries(states))
  test(`${name}: readable in both themes, nothing lost to the right`, async ({ page }) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    const file = name.replaceAll(' ', '-');
    await open(page, at, 'full', 'light');
    await act?.(page);
    for (const theme of themes) {
      await turnTo(page, theme);
      await keep(page, `${file}-${theme}`);
      // What lies under a dialog was looked at before it was opened.
      const dialog = (await page.getByRole('dialog').count()) > 0;
      const looked = { within: dialog ? 'dialog' : 'main', ...(theme === 'dark' && { rules: rulesOfColours }) };
      expect(await seriousFindings(page, looked), `${name}, ${theme}`).toEqual([]);
      expect(await beyondRight(page), `${name}, ${theme}`).toBeLessThanOrEqual(0);
    }
    // The window gets smaller while it stands there.
    for (const [width, height] of small) {
      await page.setViewportSize({ width, height });
      await keep(page, `${file}-${width}`);
      expect(await beyondRight(page), `${name} at ${width} px`).toBeLessThanOrEqual(0);
    }
    expect(problems).toEqual([]);
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

test('TensorFlow is installed from files: what is wrong is said, an installation can be ended, and one that is done shows', async ({
  page,
}) => {
  await open(page, 'settings', 'full', 'light');
  await page.getByRole('button', { name: 'Choose files…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Install TensorFlow from files' });
  const install = dialog.getByRole('button', { name: 'Install', exact: true });
  await expect(install).toBeDisabled();
  // Half of a download: found when it is read to its end.
  await chooseArchive(page, 'Library (TensorFlow itself)', 'libtensorflow-gpu-linux-x86_64-2.9.1 (1).tar.gz');
  await install.click();
  await expect(dialog).toBeHidden();
  const section = page.locator('main');
  await expect(section.getByText(/\(1\)\.tar\.gz is cut off: it was not downloaded or copied to its end\. Choose /)).toBeVisible();
  for (const theme of themes) {
    await turnTo(page, theme);
    await keep(page, `tensorflow-failed-${theme}`);
  }
  await page.getByRole('button', { name: 'Choose files…' }).click();
  await dialog.getByLabel('Library (TensorFlow itself)', { exact: true }).fill('/etc/passwd');
  await install.click();
  await expect(dialog.getByText('/etc/passwd is outside the folders that may be used here.')).toBeVisible();
  await chooseArchive(page, 'Binding (connects it to this program)', 'GPU-linux-4.22.0.tar.gz', []);
  await expect(dialog.getByText('outside the folders')).toBeHidden();
  await dialog.getByLabel('Library (TensorFlow itself)', { exact: true }).fill('');
  await chooseArchive(page, 'Library (TensorFlow itself)', 'libtensorflow-gpu-linux-x86_64-2.9.1.tar.gz', []);
  await keep(page, 'tensorflow-files');
  await install.click();
  const cancel = section.getByRole('button', { name: 'Cancel: Installing: TensorFlow 2.9.1' });
  await cancel.click();
  await expect(cancel).toBeHidden();
  await page.getByRole('button', { name: 'Choose files…' }).click();
  await install.click();
  await expect(section.getByText('It is installed.', { exact: false })).toBeVisible({ timeout: 40_000 });
  await keep(page, 'tensorflow-installed');
});

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

test('the three answers to a stop stand in one line', async ({ page }) => {
  await open(page, 'train?run=stained-cells-2', 'full', 'light');
  await page.getByRole('button', { name: 'Stop…' }).click();
  const answers = page.getByRole('dialog').locator('footer').getByRole('button');
  const tops = await answers.evaluateAll((buttons) => buttons.map((button) => button.getBoundingClientRect().top));
  expect(tops).toHaveLength(3);
  expect(new Set(tops).size).toBe(1);
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
    // Two of one step that say the same: where a test split has few images, both purposes ask all of them.
    await expect(page.getByText('Neighbours agree with your folders 59')).toHaveCount(2);
    await page.getByText('Step 12,000, held-out queries:').click();
    const table = page.getByRole('table', { name: 'Figures of step 12,000, held-out queries' });
    await expect(table.getByRole('row', { name: 'This run 51.2 53.8 58.9' })).toBeVisible();
    expect(await cut(page.locator('details', { has: table })), `report at ${width} px`).toBeLessThanOrEqual(0);
  }
});

test('an export that would take the place of another says so before it is begun', async ({ page }) => {
  await open(page, 'export', 'full', 'light');
  const start = page.getByRole('button', { name: 'Export', exact: true });
  await start.click();
  await expect(page.getByText('Exported', { exact: true }).first()).toBeVisible();
  const told = page.getByText(/^An export of stained-cells-2026 \(run .*\), made .*, lies in this folder and will be replaced\.$/);
  await expect(told).toBeHidden();
  await page.getByRole('group', { name: 'Vector space' }).getByText('Whitened').click();
  await expect(told).toBeVisible();
  await expect(page.getByText('Give another folder to keep both.')).toBeVisible();
  await expect(start).toBeEnabled();
  await keep(page, 'export-replaces');
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

test('runs are compared, and weights from elsewhere are found, at twice the size too', async ({ page }) => {
  await page.setViewportSize({ width: 640, height: 400 });
  await open(page, 'train', 'full', 'light');
  await expect(page.getByRole('button', { name: 'Weights from elsewhere…' })).toBeVisible();
  await page.getByText('All runs, to compare them too').click();
  await page.getByRole('checkbox', { name: 'Compare small-trial in the charts' }).check();
  await keep(page, 'all-runs-640');
  await page.getByRole('link', { name: /stained-cells-1/ }).click();
  // The list closes, and its choice is shown with what it is compared with.
  await expect(page.getByRole('checkbox', { name: 'Compare small-trial in the charts' })).toBeHidden();
  await expect(page.getByRole('heading', { name: 'stained-cells-1' })).toBeVisible();
});

test('a run whose record cannot be read hides no other, and says why it cannot be shown', async ({ page }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await open(page, 'train?run=damaged-disk', 'full', 'light');
  await expect(page.getByRole('link', { name: /damaged-disk/ })).toBeVisible();
  await expect(page.getByText('damaged-disk is damaged.')).toBeVisible();
  await page.getByRole('link', { name: /stained-cells-1/ }).click();
  await expect(page.getByRole('heading', { name: 'stained-cells-1' })).toBeVisible();
  expect(problems).toEqual([]);
});

test('a path is copied also where a page has no right to the clipboard', async ({ page }) => {
  // As over plain HTTP from another machine.
  await page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
  await open(page, 'library', 'full', 'light');
  await page.getByRole('gridcell').first().click();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Copy path' }).click();
  await expect(page.getByText('The path was copied.')).toBeVisible();
});

test('what is far down comes into view without taking the frame of the page along', async ({ page }) => {
  await page.setViewportSize({ width: 1360, height: 850 });
  await open(page, 'train?run=stained-cells-1', 'full', 'light');
  await page.getByRole('heading', { name: 'Charts', exact: true }).evaluate((heading) => heading.scrollIntoView());
  const top = await page.getByRole('combobox', { name: 'Folder' }).evaluate((one) => one.getBoundingClientRect().top);
  expect(top).toBeGreaterThanOrEqual(0);
});

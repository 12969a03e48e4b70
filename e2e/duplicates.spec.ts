// The duplicates of Explore in every state, over the page's stand-in engine: pictures in dist/e2e/views, axe, keys alone, nothing lost to the right.
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { keep, open, rulesOfColours, seriousFindings, settled, themes, turnTo } from './support/views.ts';

test.use({ trace: 'on-first-retry' });

const address = 'explore?show=duplicates';
const list = (page: Page) => page.getByRole('grid', { name: 'Groups of duplicates' });
const level = (page: Page, name: string) => page.getByRole('group', { name: 'What counts as a duplicate' }).getByText(name).click();
const small = [
  [900, 600],
  [640, 400],
] as const;

/** How far the page, its view or a dialog goes beyond its right edge, pixels. */
const beyondRight = (page: Page): Promise<number> =>
  page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll('main, dialog[open], dialog[open] .body')].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    ),
  );

const states: Readonly<Record<string, { readonly scenario?: string; readonly act?: (page: Page) => Promise<unknown> }>> = {
  pictures: { act: (page) => expect(list(page).getByRole('row').first()).toBeVisible() },
  similar: {
    act: async (page) => {
      await level(page, 'Very similar');
      await page.getByRole('spinbutton', { name: 'Similarity above' }).fill('0.9');
      await page.getByRole('spinbutton', { name: 'Similarity above' }).press('Enter');
      await expect(list(page).getByText('Very similar').first()).toBeVisible();
    },
  },
  'none that similar': {
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Folder' }).selectOption({ label: 'herbarium-sheets (31,240)' });
      await expect(page.getByRole('heading', { name: 'No two files are the same' })).toBeVisible();
    },
  },
  'not compared': {
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Vectors from' }).selectOption({ label: 'small-trial · step 800 · last layer' });
      await expect(page.getByRole('button', { name: 'Compare all images' })).toBeVisible();
    },
  },
  comparing: {
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Vectors from' }).selectOption({ label: 'small-trial · step 800 · last layer' });
      await page.getByRole('button', { name: 'Compare all images' }).click();
      await expect(page.getByRole('progressbar', { name: /Comparing images/ }).first()).toBeVisible();
    },
  },
  'no vectors': { scenario: 'fresh', act: (page) => expect(page.getByText('Only the same files can be found so far.')).toBeVisible() },
  'no folder': { scenario: 'empty', act: (page) => expect(page.getByRole('heading', { name: 'No folder yet' })).toBeVisible() },
  loading: { scenario: 'loading', act: (page) => expect(page.getByRole('img', { name: 'Looking for duplicates…' })).toBeVisible() },
  error: { scenario: 'error', act: (page) => expect(page.getByRole('button', { name: 'Try again' })).toBeVisible() },
  'side by side': {
    act: async (page) => {
      await list(page).focus();
      await page.keyboard.press('Enter');
      await expect(page.getByRole('dialog', { name: 'Compare side by side' }).locator('img')).toHaveCount(2);
    },
  },
  'mark all': {
    act: async (page) => {
      await page.getByRole('button', { name: 'Mark in all groups…' }).click();
      await expect(page.getByRole('dialog', { name: /^Mark the others of/ })).toBeVisible();
    },
  },
  marked: {
    act: async (page) => {
      await list(page).focus();
      await page.keyboard.press('m');
      await expect(page.getByRole('button', { name: 'Undo' })).toBeVisible();
    },
  },
};

for (const [name, { scenario = 'full', act }] of Object.entries(states))
  test(`${name}: readable in both themes, nothing lost to the right`, async ({ page }) => {
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await open(page, address, scenario, 'light');
    await act?.(page);
    await settled(page);
    for (const theme of themes) {
      await turnTo(page, theme);
      await keep(page, `duplicates-${name.replaceAll(' ', '-')}-${theme}`);
      const within = (await page.getByRole('dialog').count()) > 0 ? 'dialog' : 'main';
      const found = await seriousFindings(page, { within, ...(theme === 'dark' && { rules: rulesOfColours }) });
      expect(found, `${name}, ${theme}`).toEqual([]);
    }
    for (const [width, height] of small) {
      await page.setViewportSize({ width, height });
      await settled(page);
      await keep(page, `duplicates-${name.replaceAll(' ', '-')}-${width}`);
      expect(await beyondRight(page), `${name} at ${width} px`).toBeLessThanOrEqual(0);
      // Where the toolbar takes all the room the place is scrolled as a whole.
      if ((await list(page).count()) === 0 || (await page.getByRole('dialog').count()) > 0) continue;
      await list(page).getByRole('gridcell').first().scrollIntoViewIfNeeded();
      await expect(list(page).getByRole('gridcell').first(), `${name} at ${width} px`).toBeInViewport({ ratio: 0.5 });
    }
    expect(problems).toEqual([]);
  });

test('by keys alone: walked through, another one kept, the others marked, and undone', async ({ page }) => {
  await open(page, address, 'full', 'light');
  await page.getByRole('navigation', { name: 'In Explore' }).getByRole('link', { name: 'Duplicates' }).focus();
  await list(page).focus();
  const active = () =>
    list(page).evaluate((grid) => document.getElementById(grid.getAttribute('aria-activedescendant')!)?.getAttribute('aria-label'));
  const first = await active();
  await page.keyboard.press('ArrowRight');
  expect(await active()).not.toBe(first);
  expect(await active()).not.toContain('Keep');
  await page.keyboard.press('k');
  await expect.poll(active).toContain('Keep');
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowLeft');
  await expect.poll(active).toContain('duplicate');
  await page.keyboard.press('ControlOrMeta+z');
  await expect.poll(active).not.toContain('duplicate');
  await page.keyboard.press('End');
  const rows = Number(await list(page).getAttribute('aria-rowcount'));
  expect(rows).toBeGreaterThan(1000);
  await expect(page.locator(`[role="row"][aria-rowindex="${rows}"] [role="gridcell"]`).first()).toBeInViewport();
  // Only what is in sight is in the page.
  expect(await list(page).getByRole('row').count()).toBeLessThan(20);
});

test('the other is kept from the side-by-side view, and the focus comes back to the list', async ({ page }) => {
  await open(page, address, 'full', 'light');
  await list(page).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Compare side by side' });
  const path = (side: string) => dialog.getByRole('region', { name: side, exact: true }).locator('.path').textContent();
  const [kept, other] = [await path('Keep'), await path('Other')];
  await page.keyboard.press('k');
  await expect.poll(() => path('Keep')).toBe(other);
  expect(await path('Other')).toBe(kept);
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(list(page)).toBeFocused();
});

test('a similarity that is moved shows other groups, and comparing what was not makes them known', async ({ page }) => {
  await open(page, address, 'full', 'light');
  await level(page, 'Very similar');
  const count = async (): Promise<number> => Number(await list(page).getAttribute('aria-rowcount'));
  const slider = page.getByRole('slider', { name: 'Similarity above' });
  await expect(list(page).getByRole('row').first()).toBeVisible();
  await expect.poll(count).toBeGreaterThan(0);
  const before = await count();
  await slider.focus();
  for (let i = 0; i < 40; i++) await page.keyboard.press('ArrowLeft');
  await expect.poll(count).toBeGreaterThan(before);
  await page.getByRole('combobox', { name: 'Vectors from' }).selectOption({ label: 'small-trial · step 800 · last layer' });
  await expect(slider).toBeDisabled();
  await page.getByRole('button', { name: 'Compare all images' }).click();
  await expect(slider).toBeEnabled({ timeout: 30_000 });
  await expect(page.getByRole('button', { name: 'Compare all images' })).toBeHidden();
});

test('search and duplicates are places of Explore: what was looked for is still there', async ({ page }) => {
  await open(page, 'explore?images=12,40', 'full', 'light');
  await page.getByRole('navigation', { name: 'In Explore' }).getByRole('link', { name: 'Duplicates' }).click();
  await expect(list(page)).toBeVisible();
  await page.getByRole('navigation', { name: 'In Explore' }).getByRole('link', { name: 'Search' }).click();
  await expect(page).toHaveURL(/images=12/);
  await page.goBack();
  await expect(list(page)).toBeVisible();
  await list(page).getByRole('gridcell').first().click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Find similar' }).click();
  await expect(page.getByRole('grid', { name: /^Images found by/ })).toBeVisible();
});

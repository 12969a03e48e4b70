// Every view, empty, loading, failing and full, in both themes: a picture of each under dist/e2e/views, and nothing that axe finds serious.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';

const views = ['welcome', 'library', 'masks', 'train', 'explore', 'export', 'settings'] as const;
const scenarios = ['empty', 'loading', 'error', 'full'] as const;
const themes = ['light', 'dark'] as const;
const folder = join(import.meta.dirname, '..', 'dist', 'e2e', 'views');
mkdirSync(folder, { recursive: true });

async function open(page: Page, view: string, scenario: string, theme: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
  await page.goto(`http://localhost:5199/testing/index.html?scenario=${scenario}&theme=${theme}#/${view}`);
  await page.locator('main').waitFor();
  await expect(page.locator('main')).not.toBeEmpty();
  // Pictures and charts that are on their way.
  await page.waitForLoadState('networkidle');
}

/** What stops people with a screen reader or weak sight; the rest of axe's findings are advice. */
async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
}

for (const view of views)
  for (const scenario of scenarios)
    test(`${view}, ${scenario}`, async ({ page }) => {
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      for (const theme of themes) {
        await open(page, view, scenario, theme);
        await page.screenshot({ path: join(folder, `${view}-${scenario}-${theme}.png`), animations: 'disabled' });
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
      await page.screenshot({ path: join(folder, `${view}-${width}.png`), animations: 'disabled' });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(beyond, `${view} at ${width} px`).toBeLessThanOrEqual(0);
    }
  });

// The page over the stand-in of the engine: opened in a state, looked at by axe, kept as a picture.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'playwright/test';
import type { Page } from 'playwright/test';

export const views = ['welcome', 'library', 'masks', 'train', 'explore', 'export', 'settings'] as const;
export const themes = ['light', 'dark'] as const;

const folder = join(import.meta.dirname, '..', '..', 'dist', 'e2e', 'views');
mkdirSync(folder, { recursive: true });

/** Keeps a picture of what is seen, for people, under dist/e2e/views. */
export const keep = async (page: Page, name: string): Promise<void> =>
  void (await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' }));

/** Opens a view, as its address names it, in one of the stand-in's scenarios. */
export async function open(page: Page, view: string, scenario: string, theme: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme === 'dark' ? 'dark' : 'light', reducedMotion: 'reduce' });
  await page.goto(`/testing/index.html?scenario=${scenario}&theme=${theme}#/${view}`);
  await page.locator('main').waitFor();
  await expect(page.locator('main')).not.toBeEmpty();
  // Pictures and charts that are on their way.
  await page.waitForLoadState('networkidle');
}

export interface Looked {
  /** Only these rules of axe. */
  readonly rules?: readonly string[];
  /** Only what is in elements of this selector. */
  readonly within?: string;
}

/** What stops people with a screen reader or weak sight; the rest of axe's findings are advice. */
export async function seriousFindings(page: Page, { rules, within }: Looked = {}): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  if (within !== undefined) axe.include(within);
  if (rules) axe.withRules([...rules]);
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
  const { violations } = await axe.analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
}

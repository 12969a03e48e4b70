// The page over the stand-in of the engine: opened in a state, looked at by axe, kept as a picture.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'playwright/test';
import type { Page } from 'playwright/test';

export const views = ['welcome', 'library', 'masks', 'train', 'explore', 'map', 'export', 'settings'] as const;
export const themes = ['light', 'dark'] as const;

const folder = join(import.meta.dirname, '..', '..', 'dist', 'e2e', 'views');
mkdirSync(folder, { recursive: true });

/** Keeps a picture of what is seen, for people, under dist/e2e/views. */
export const keep = async (page: Page, name: string): Promise<void> =>
  void (await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' }));

export type Theme = (typeof themes)[number];

/** What a page has asked for, and how much of it is still on its way. */
interface Requests {
  asked: number;
  pending: number;
}
const requests = new WeakMap<Page, Requests>();

function requestsOf(page: Page): Requests {
  const known = requests.get(page);
  if (known) return known;
  const counted: Requests = { asked: 0, pending: 0 };
  page.on('request', () => {
    counted.asked++;
    counted.pending++;
  });
  for (const end of ['requestfinished', 'requestfailed'] as const) page.on(end as 'requestfinished', () => void counted.pending--);
  requests.set(page, counted);
  return counted;
}

/** Resolves when nothing in the view has changed for a tenth of a second, or for half of one where it says that it waits for something. */
const rests = (page: Page): Promise<void> =>
  page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const began = performance.now();
        let changed = began;
        const seen = 'main, dialog';
        // The line below the view counts jobs all the time.
        const observer = new MutationObserver((records) => {
          const within = ({ target }: MutationRecord): boolean =>
            Boolean((target instanceof Element ? target : target.parentElement)?.closest(seen));
          if (records.some(within)) changed = performance.now();
        });
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        // A run that waits for its turn may wait.
        const waiting = `:is(${seen}) :is(.spinner:not(.state .spinner), [aria-busy="true"])`;
        const look = (): void => {
          const now = performance.now();
          // What a run tells can come as often as that on a slow machine.
          const enough = document.querySelector(waiting) ? 500 : 100;
          if (now - changed < enough && now - began < 2000) return void requestAnimationFrame(look);
          observer.disconnect();
          resolve();
        };
        requestAnimationFrame(look);
      }),
  );

/** Resolves when pictures and charts that were on their way are there. */
export async function settled(page: Page): Promise<void> {
  const counted = requestsOf(page);
  for (;;) {
    const { asked } = counted;
    await rests(page);
    if (counted.asked === asked && counted.pending === 0) return;
  }
}

/** Opens a view of the page as its address names it, with what the stand-in is to be. */
export async function openTesting(page: Page, view: string, query: string): Promise<void> {
  requestsOf(page);
  await page.goto(`/testing/index.html?${query}#/${view}`);
  await expect(page.locator('main')).not.toBeEmpty();
  await settled(page);
}

/** Opens a view in one of the stand-in's scenarios. */
export async function open(page: Page, view: string, scenario: string, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await openTesting(page, view, `scenario=${scenario}&theme=${theme}`);
  // It asks for times once the page stands, and is looked at with them.
  if (view === 'welcome' && (scenario === 'full' || scenario === 'empty')) await expect(page.getByRole('table')).toBeVisible();
}

/** Shows what is open in another theme, as who chooses it sees it: loading it anew for that would take most of the time. */
export async function turnTo(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.evaluate((name) => (document.documentElement.dataset['theme'] = name), theme);
  await settled(page);
}

/** Rules of axe that look at colours: of the same view in another theme no other can find anything else. */
export const rulesOfColours = ['color-contrast', 'link-in-text-block'] as const;

export interface Looked {
  /** Only these rules of axe. */
  readonly rules?: readonly string[];
  /** Only what is in elements of this selector. */
  readonly within?: string;
}

/** What stops people with a screen reader or weak sight; the rest of axe's findings are advice. */
export async function seriousFindings(page: Page, { rules, within }: Looked = {}): Promise<string[]> {
  // There are no frames: what puts theirs together would open a page of its own each time.
  // Half a megabyte of axe need not be read again by a page that has it.
  const isThere = await page.evaluate(() => 'axe' in globalThis);
  // All that is right would be a megabyte of each view.
  const axe = new AxeBuilder({ page, ...(isThere && { axeSource: 'undefined' }) }).setLegacyMode().options({ resultTypes: ['violations'] });
  if (within !== undefined) axe.include(within);
  if (rules) axe.withRules([...rules]);
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']);
  const { violations } = await axe.analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(' | ')}`);
}

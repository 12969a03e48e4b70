// The page under a system's contrast theme (forced colours) and where more contrast is asked for: what is on, chosen or filled is told
// apart whatever the colours are. Colours are read from pixels, since a forced one leaves no trace in what a script can ask for.
import { expect, test } from 'playwright/test';
import type { Locator } from 'playwright/test';
import sharp from 'sharp';
import { keep, open, seriousFindings, themes, turnTo, views } from './support/views.ts';
import type { Theme } from './support/views.ts';

// A recording costs these a third of their time; a picture of what failed is kept without it.
test.use({ trace: 'on-first-retry' });

const looks = {
  forced: { forcedColors: 'active', contrast: 'no-preference' },
  more: { forcedColors: 'none', contrast: 'more' },
} as const;

/** Parts of a picture are told apart from 3:1 on (WCAG 1.4.11). */
const enough = 3;

type Colour = readonly [number, number, number];

/**
 * The colours of an element on its middle line, at shares of its width. All are read from one picture of it: what stands above can grow
 * by a line while a run tells of itself.
 */
async function coloursAt(element: Locator, ...shares: readonly number[]): Promise<Colour[]> {
  const { data, info } = await sharp(await element.screenshot({ animations: 'disabled' }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const line = Math.floor(info.height / 2) * info.width;
  return shares.map((share) => {
    const at = (line + Math.floor(share * info.width)) * info.channels;
    return [data[at]!, data[at + 1]!, data[at + 2]!];
  });
}

/** Contrast of two colours, 1–21, as WCAG counts it. */
function contrast([one, other]: readonly Colour[]): number {
  const light = (colour: Colour): number => {
    const [r, g, b] = colour.map((byte) => (byte <= 10 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4)) as [
      number,
      number,
      number,
    ];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [light(one!), light(other!)].toSorted((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The dark theme of where only more contrast is asked for differs by its colours alone: it is looked at with `IJEPA_LONG=1`. */
const themesOf = (look: string): readonly Theme[] => (look === 'more' && process.env['IJEPA_LONG'] !== '1' ? ['light'] : themes);

for (const [look, media] of Object.entries(looks)) {
  test.describe(look, () => {
    test.beforeEach(({ page }) => page.emulateMedia(media));

    test('every view can be looked at, and its words are readable', async ({ page }) => {
      for (const view of [...views, 'train?run=stained-cells-1', 'train?new=1'])
        for (const theme of themesOf(look)) {
          if (theme === 'light') await open(page, view, 'full', theme);
          else await turnTo(page, theme);
          await keep(page, `${view.replaceAll(/\W/g, '-')}-${look}-${theme}`);
          if (theme === 'light')
            expect(await seriousFindings(page, { rules: ['color-contrast'] }), `${view}, ${look}, ${theme}`).toEqual([]);
        }
    });

    for (const theme of themesOf(look)) {
      test(`a switch that is on and one that is off, ${theme}`, async ({ page }) => {
        await open(page, 'masks', 'full', theme);
        const control = page.getByRole('switch', { name: 'Centre crop' });
        // Left there is the knob of one that is off, right that of one that is on.
        const seen = (): Promise<Colour[]> => coloursAt(control, 0.28, 0.72);
        const off = await seen();
        await control.check();
        const on = await seen();
        for (const sides of [off, on]) expect(contrast(sides)).toBeGreaterThan(enough);
        // The fill, seen where the knob is not, and not the knob's place alone.
        expect(contrast([off[1]!, on[0]!])).toBeGreaterThan(enough);
      });

      test(`what is filled of bars and sliders, ${theme}`, async ({ page }) => {
        await open(page, 'train?run=stained-cells-2', 'full', theme);
        const bars = page.locator('main').locator('.bars .track');
        for (const bar of [page.locator('main').getByRole('progressbar').first(), ...(await bars.all())])
          await expect.poll(async () => contrast(await coloursAt(bar, 0.1, 0.9))).toBeGreaterThan(enough);
        expect(await bars.count()).toBe(3);

        await open(page, 'masks', 'full', theme);
        const slider = page.getByRole('slider', { name: 'Target blocks' });
        expect(contrast(await coloursAt(slider, 0.1, 0.9))).toBeGreaterThan(enough);
        const range = page.getByRole('group', { name: 'Target scale' }).locator('.track');
        expect(contrast(await coloursAt(range, 0.28, 0.9))).toBeGreaterThan(enough);
      });

      test(`what is chosen, ${theme}`, async ({ page }) => {
        await open(page, 'masks', 'full', theme);
        const parts = page.locator('fieldset').filter({ hasText: 'What is shown' }).locator('label');
        const rail = page.getByRole('navigation', { name: 'Views' }).getByRole('link');
        for (const [chosen, other] of [
          [parts.first(), parts.nth(1)],
          [rail.filter({ hasText: 'Masks' }), rail.filter({ hasText: 'Train' })],
        ] as const)
          expect(contrast([...(await coloursAt(chosen, 0.06)), ...(await coloursAt(other, 0.06))])).toBeGreaterThan(enough);

        await open(page, 'library', 'full', theme);
        await page.getByRole('button', { name: /^plate-02/ }).click();
        const facet = (name: RegExp): Promise<Colour[]> => coloursAt(page.getByRole('button', { name }), 0.01);
        await expect(page.getByRole('button', { name: /^plate-02/ })).toHaveAttribute('aria-pressed', 'true');
        expect(contrast([...(await facet(/^plate-02/)), ...(await facet(/^plate-03/))])).toBeGreaterThan(enough);
        const cells = page.getByRole('gridcell');
        await cells.nth(0).click();
        await cells.nth(1).click({ modifiers: ['Control'] });
        // The first is the active one no more: what is left is that it is chosen.
        await keep(page, `library-chosen-${look}-${theme}`);
        // The ring and the line inside it: one of them differs from any picture.
        expect(contrast(await coloursAt(cells.nth(0), 0.012, 0.03))).toBeGreaterThan(enough);
        await expect(cells.nth(0).locator('.check')).toBeVisible();
      });
    }

    test('lines of a chart have the look’s colours', async ({ page }) => {
      await open(page, 'train?run=stained-cells-1', 'full', 'dark');
      const chart = page.getByRole('application', { name: '20-NN' });
      await chart.scrollIntoViewIfNeeded();
      const canvas = chart.locator('canvas');
      await expect(canvas).toBeVisible();
      const drawn = (): Promise<boolean> =>
        canvas.evaluate((node: HTMLCanvasElement) => {
          const probe = document.createElement('i');
          probe.style.color = 'var(--series-run)';
          document.body.append(probe);
          const wanted = getComputedStyle(probe).color.match(/\d+/g)!.slice(0, 3).map(Number);
          probe.remove();
          const { data } = node.getContext('2d')!.getImageData(0, 0, node.width, node.height);
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3]! > 100 && wanted.every((byte, channel) => Math.abs(byte - data[i + channel]!) < 6)) return true;
          return false;
        });
      await expect.poll(drawn).toBe(true);
      await keep(page, `charts-${look}`);
    });
  });
}

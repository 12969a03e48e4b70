// What the page has in itself as it is built is what the app then shows: nothing flashes, nothing moves.
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import type { Browser, BrowserContextOptions, Page } from 'playwright/test';
import { startServe, temporaryFolder } from './support/serve.ts';
import type { Served } from './support/serve.ts';

const place = temporaryFolder();
let served: Served;

test.beforeAll(async () => {
  served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
});
test.afterAll(async () => {
  await served.stop();
  place.dispose();
});

interface Look {
  readonly options?: BrowserContextOptions;
  readonly contrast?: 'more';
  readonly theme?: 'light' | 'dark';
  readonly hash?: string;
}

/** A page whose engine never says anything. */
async function openPage(browser: Browser, { options = {}, contrast, theme }: Look): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.emulateMedia({ contrast: contrast ?? null });
  await page.routeWebSocket(/./, () => {});
  if (theme) await page.addInitScript((chosen) => localStorage.setItem('ijepa-studio.theme', JSON.stringify(chosen)), theme);
  return page;
}

const addressOf = ({ hash = '' }: Look): string => served.url + hash;

const looks: Readonly<Record<string, Look>> = {
  'in light': {},
  'in dark': { options: { colorScheme: 'dark' } },
  'in dark, as was chosen': { theme: 'dark' },
  'in light, as was chosen': { theme: 'light', options: { colorScheme: 'dark' } },
  'with more contrast': { contrast: 'more' },
  'in forced colours': { options: { forcedColors: 'active' } },
  'in a small window': { options: { viewport: { width: 600, height: 400 } } },
  'of another view': { hash: '#/train?run=one' },
};
for (const [name, look] of Object.entries(looks))
  test(`the first frame is the app's own ${name}`, async ({ browser }, info) => {
    const before = await openPage(browser, look);
    await before.route('**/*.js', async (route) => route.abort());
    await before.goto(addressOf(look));
    expect(await before.title()).toBe('I-JEPA Studio');
    const first = await before.screenshot({ animations: 'disabled', path: info.outputPath('first.png') });
    const after = await openPage(browser, look);
    const refused: string[] = [];
    const sheets: string[] = [];
    after.on('console', (message) => void (message.type() === 'error' && refused.push(message.text())));
    after.on('request', (request) => void (request.url().endsWith('.css') && sheets.push(request.url())));
    await after.goto(addressOf(look));
    await expect(after).toHaveTitle(/ – I-JEPA Studio$/);
    const shown = await after.screenshot({ animations: 'disabled', path: info.outputPath('shown.png') });
    expect(first.equals(shown)).toBe(true);
    // The policy lets in what the page has in itself, and none of it is fetched once more.
    expect(refused).toEqual([]);
    const own = await after.evaluate(() =>
      [...document.querySelectorAll<HTMLStyleElement>('style[data-of]')].map(
        ({ dataset }) => new URL(dataset['of']!, document.baseURI).href,
      ),
    );
    expect(own.length).toBeGreaterThan(0);
    await expect.poll(() => sheets.length).toBeGreaterThan(0); // Those of the view alone.
    expect(sheets.filter((address) => own.includes(address))).toEqual([]);
    await Promise.all([before.context().close(), after.context().close()]);
  });

test('a page whose app does not come says so, instead of connecting for ever', async ({ browser }) => {
  const page = await openPage(browser, {});
  await page.route('**/start-*.js', async (route) => route.abort());
  await page.goto(served.url);
  await expect(page.getByRole('alert')).toHaveText('The page could not be loaded: the program that serves it may have ended.');
  await page.unroute('**/start-*.js');
  await page.getByRole('button', { name: 'Load it again' }).click();
  await expect(page).toHaveTitle(/ – I-JEPA Studio$/);
  await page.context().close();
});

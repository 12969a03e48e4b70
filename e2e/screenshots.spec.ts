// The pictures of the README, from the real app over the sample images: `IJEPA_SCREENSHOTS=1 npm run e2e -- screenshots`. A larger number
// is that of the run's steps: more of them show a run that has learned, and take their time.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { startServe, temporaryFolder } from './support/serve.ts';
import { findSimilar, goTo, openSight, statusOf } from './support/story.ts';

const folder = join(import.meta.dirname, '..', 'assets', 'screenshots');

const steps = Math.max(60, Number(process.env['IJEPA_SCREENSHOTS']) || 0);

test.skip(process.env['IJEPA_SCREENSHOTS'] === undefined, 'skipped: pictures are made on request (IJEPA_SCREENSHOTS=1)');

test('the pictures of the README', async ({ page }) => {
  test.setTimeout(1_800_000);
  mkdirSync(folder, { recursive: true });
  const place = temporaryFolder();
  const served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
  const take = async (name: string): Promise<void> => {
    await page.waitForLoadState('networkidle');
    // Words that something is done are in the way of what is shown.
    for (const button of await page.getByRole('button', { name: 'Dismiss' }).all()) await button.click().catch(() => {});
    // Nor what shows itself under the pointer.
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  };
  try {
    await page.setViewportSize({ width: 1360, height: 850 });
    await page.goto(served.url);
    await page.getByRole('button', { name: /sample images/ }).click();
    await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText(/1,\d{3}/, { timeout: 180_000 });
    await goTo(page, 'Library');
    await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText('1,906', { timeout: 180_000 });
    await expect(page.getByText('Ready')).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('gridcell').first().locator('img')).toBeVisible();
    await take('library');
    await goTo(page, 'Masks');
    await expect(page.locator('canvas').first()).toBeVisible();
    // Pictures that one knows, whole.
    await page.getByRole('switch', { name: 'Centre crop' }).click();
    await page.getByRole('button', { name: 'Show image 7 large' }).click();
    await take('masks');

    await goTo(page, 'Train');
    await page.getByRole('link', { name: 'New run' }).first().click();
    await page.getByText('Every setting').click();
    const field = page.locator('details').getByRole('spinbutton', { name: 'Steps', exact: true });
    await field.fill(String(steps));
    await field.press('Tab');
    await page.getByRole('button', { name: 'Start training' }).click();
    await expect(statusOf(page)).toContainText('Done', { timeout: 1_500_000 });
    await take('train');
    await page.getByRole('heading', { name: 'Charts', exact: true }).evaluate((heading) => heading.scrollIntoView());
    await take('curves');

    await goTo(page, 'Library');
    // An apple, of which there are two, among other fruit.
    await page.getByRole('searchbox').fill('1f34e');
    await expect(page.getByRole('gridcell')).toHaveCount(1);
    await page.getByRole('gridcell').first().click();
    await findSimilar(page);
    await openSight(page);
    await take('explore');
    await goTo(page, 'Map');
    await page.getByRole('button', { name: 'Draw the map' }).click();
    await expect(page.locator('.pictures img').nth(20)).toBeVisible({ timeout: 120_000 });
    await page.getByRole('button', { name: 'Clear the selection' }).click();
    await take('map');
    await goTo(page, 'Explore');
    await page.getByRole('main').getByRole('link', { name: 'Duplicates' }).click();
    await expect(page.getByRole('grid', { name: 'Groups of duplicates' })).toBeVisible();
    await page.getByRole('group', { name: 'What counts as a duplicate' }).getByText('Very similar').click();
    await page.getByRole('button', { name: 'Compare all images' }).click();
    await expect(page.getByRole('button', { name: 'Compare all images' })).toHaveCount(0, { timeout: 120_000 });
    await expect(page.getByRole('grid', { name: 'Groups of duplicates' })).toBeVisible();
    await take('duplicates');
    await goTo(page, 'Export');
    await expect(page.getByText('First rows of the table')).toBeVisible();
    await take('export');
  } finally {
    await served.stop();
    place.dispose();
  }
});

// A part of a picture as a query: marked by mouse or keys in any preview, looked for in Explore.
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';
import { keep, open, rulesOfColours, seriousFindings, turnTo } from './support/views.ts';

const room = (page: Page) => page.getByRole('application', { name: /^Part of the picture/ });

async function previewOfFirst(page: Page): Promise<void> {
  await page.getByRole('gridcell').first().click();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Search with a part' }).click();
}

test('is marked by dragging, and its look-alikes are found', async ({ page }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await open(page, 'library', 'full', 'light');
  await previewOfFirst(page);
  const box = (await room(page).boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.3);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.7, { steps: 3 });
  await page.mouse.up();
  await expect(page.getByRole('button', { name: 'Find images like this part' })).toBeVisible();
  await keep(page, 'part-light');
  expect(await seriousFindings(page)).toEqual([]);
  await turnTo(page, 'dark');
  await keep(page, 'part-dark');
  expect(await seriousFindings(page, { rules: rulesOfColours })).toEqual([]);
  await page.getByRole('button', { name: 'Find images like this part' }).click();
  await expect(page).toHaveURL(/explore\?.*images=u\d+/);
  await expect(page.getByText(/^Part of .*\.png$/).first()).toBeVisible();
  await expect(page.getByRole('gridcell').nth(5)).toBeVisible();
  await keep(page, 'part-found-dark');
  expect(problems).toEqual([]);
});

test('is marked by keys too; Escape gives the part up before the preview', async ({ page }) => {
  await open(page, 'explore?images=12', 'full', 'light');
  await expect(page.getByRole('gridcell').first()).toBeVisible();
  await previewOfFirst(page);
  await room(page).focus();
  for (const key of ['ArrowRight', 'ArrowDown', 'Shift+ArrowRight', 'Shift+ArrowUp']) await page.keyboard.press(key);
  await expect(page.getByRole('button', { name: 'Find images like this part' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(room(page)).toHaveCount(0);
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.getByRole('button', { name: 'Search with a part' }).click();
  await room(page).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page).toHaveURL(/images=u\d+/);
});

// The whole story in a browser, over the real engine: from a folder to exported vectors, with a stop, a reload and a second page on the way.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { makePictures } from './support/pictures.ts';
import { startServe, temporaryFolder } from './support/serve.ts';
import type { Served } from './support/serve.ts';
import { addFolderByPicker, goTo, readExport, startRun, statusOf } from './support/story.ts';

const place = temporaryFolder();
const pictures = join(place.path, 'shapes');
let served: Served;

test.beforeAll(async () => {
  await makePictures(pictures, 40);
  served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
});
test.afterAll(async () => {
  await served.stop();
  place.dispose();
});

test('from a folder to exported vectors', async ({ page, context }) => {
  test.setTimeout(420_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));

  await test.step('the page opens with the token of the printed address, and keeps no token in its own', async () => {
    await page.goto(served.url);
    await expect(page.getByRole('button', { name: 'Choose a folder' })).toBeVisible();
    expect(page.url()).not.toContain('token');
  });

  await test.step('a folder is read; the file that is no picture is named and stops nothing', async () => {
    await addFolderByPicker(page, pictures);
    await goTo(page, 'Library');
    await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText('shapes (120)', { timeout: 60_000 });
    await expect(page.getByText('1 could not be read')).toBeVisible();
    await expect(page.getByRole('gridcell').first().locator('img')).toBeVisible();
  });

  await test.step('masks are drawn on the pictures of the folder', async () => {
    await goTo(page, 'Masks');
    await expect(page.getByText('Seen by the encoder')).toBeVisible();
    await expect(page.locator('canvas').first()).toBeVisible();
  });

  await test.step('a run trains, is stopped with its checkpoint, and is resumed', async () => {
    await startRun(page, 'story', 400);
    await expect(statusOf(page)).toContainText('Training', { timeout: 90_000 });
    await expect(statusOf(page)).toContainText(/[1-9]\d* of 400/);
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByRole('button', { name: 'Stop, keep the checkpoint' }).click();
    await expect(statusOf(page)).toContainText('Stopped', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(statusOf(page)).toContainText('Training', { timeout: 90_000 });
  });

  await test.step('a reload in the middle changes nothing, and a second page sees the same run', async () => {
    await page.reload();
    await expect(statusOf(page)).toContainText(/of 400/);
    const other = await context.newPage();
    await other.goto(new URL(page.url()).origin + '/#/train');
    await expect(statusOf(other)).toContainText(/of 400/);
    await other.getByRole('button', { name: 'Pause' }).click();
    await expect(statusOf(page)).toContainText('Paused');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(statusOf(other)).toContainText('Training');
    await other.close();
  });

  await test.step('it ends with a score beside both baselines', async () => {
    await expect(statusOf(page)).toContainText('Done', { timeout: 180_000 });
    await expect(page.getByText('Raw pixels').first()).toBeVisible();
    await expect(page.getByText('Untrained network').first()).toBeVisible();
    expect(existsSync(join(served.home, 'runs', 'story', 'metrics.jsonl'))).toBe(true);
  });

  await test.step('vectors are computed, and neighbours of a picture are found', async () => {
    await goTo(page, 'Library');
    await page.getByRole('gridcell').first().locator('img').click();
    await page
      .getByRole('button', { name: 'Find similar' })
      .or(page.getByRole('link', { name: 'Find similar' }))
      .first()
      .click();
    await page
      .getByRole('button', { name: /Compute/ })
      .first()
      .click();
    await expect(page.getByText(/0\.\d\d/).first()).toBeVisible({ timeout: 90_000 });
  });

  await test.step('vectors are exported, and other programs can read them', async () => {
    await goTo(page, 'Export');
    const target = join(place.path, 'vectors');
    await page
      .getByRole('textbox', { name: /folder/i })
      .first()
      .fill(target);
    await page.getByRole('checkbox', { name: /NumPy array/ }).check();
    await expect(page.getByText('vectors.npy').first()).toBeVisible();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    // The manifest is there from the first moment, and says at the end that all is.
    await expect
      .poll(() => existsSync(join(target, 'manifest.json')) && readFileSync(join(target, 'manifest.json'), 'utf8'), { timeout: 60_000 })
      .toContain('"complete": true');
    const { rows, dimension } = await readExport(target);
    expect(rows).toBe(120);
    expect(dimension).toBe(48);
    expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toMatchObject({ N: 120, D: 48 });
  });
  expect(problems).toEqual([]);
});

// What a person does with the app, step by step, the same in a browser and in the window.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'playwright/test';
import type { Page } from 'playwright/test';

/** In the frame's rail. */
export const goTo = async (page: Page, view: string): Promise<void> =>
  page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();

/** Chooses a folder in the page's own picker, which shows folders of the engine's machine. */
export async function addFolderByPicker(page: Page, path: string): Promise<void> {
  await page.getByRole('button', { name: 'Choose a folder' }).click();
  const picker = page.getByRole('dialog');
  const field = picker.getByRole('textbox', { name: /Folder on the computer/ });
  await field.fill(path);
  await field.press('Enter');
  await expect(picker.getByText('Up to the folder above').or(picker.getByText('Places'))).toBeVisible();
  await picker.getByRole('button', { name: 'Use this folder' }).click();
}

/** A small network and few steps, so that a run takes seconds. */
export async function startRun(page: Page, name: string, steps: number): Promise<void> {
  await goTo(page, 'Train');
  await page.getByRole('link', { name: 'New run' }).first().click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await page.getByText('Every setting').click();
  const set = async (label: string, value: number): Promise<void> => {
    const field = page.locator('details').getByRole('spinbutton', { name: label, exact: true });
    await field.fill(String(value));
    await field.press('Tab');
  };
  for (const [label, value] of [
    ['Steps', steps],
    ['Batch size', 16],
    ['Width', 48],
    ['Depth', 2],
    ['Predictor width', 48],
    ['Predictor depth', 1],
    ['Steps between evaluations', Math.ceil(steps / 4)],
  ] as const)
    await set(label, value);
  await page.getByRole('button', { name: 'Start training' }).click();
}

/** Looks for what is like the selected image, with vectors that are computed first. */
export async function findSimilar(page: Page, timeout = 300_000): Promise<void> {
  await page
    .getByRole('button', { name: 'Find similar' })
    .or(page.getByRole('link', { name: 'Find similar' }))
    .first()
    .click();
  await page
    .getByRole('button', { name: /Compute/ })
    .first()
    .click();
  await expect(page.getByText(/[01]\.\d\d/).first()).toBeVisible({ timeout });
}

/** Opens what the encoder sees in the picture that asks. */
export async function openSight(page: Page): Promise<void> {
  await page.getByText('What the encoder sees').click();
  await expect(page.getByRole('img', { name: /patches/ })).toBeVisible({ timeout: 60_000 });
}

/** The line that says where the open run stands. */
export const statusOf = (page: Page): ReturnType<Page['locator']> => page.locator('.status dl').first();

/** Reads an exported folder as another program would: the vectors of both files are the same. Returns rows and dimension. */
export async function readExport(folder: string): Promise<{ rows: number; dimension: number; files: string[] }> {
  const npy = readFileSync(join(folder, 'vectors.npy'));
  const header = npy.subarray(10, 10 + npy.readUInt16LE(8)).toString('latin1');
  const [, rows, dimension] = /'shape': \((\d+), (\d+)\)/.exec(header)!.map(Number) as [number, number, number];
  const start = 10 + npy.readUInt16LE(8);
  const table = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'embeddings.parquet')) });
  expect(table).toHaveLength(rows);
  const first = table[0]!['embedding'] as number[];
  expect(first).toHaveLength(dimension);
  for (let i = 0; i < dimension; i++) expect(npy.readFloatLE(start + i * 4)).toBeCloseTo(first[i]!, 6);
  for (const row of table) expect(existsSync(row['filepath'] as string)).toBe(true);
  return { rows, dimension, files: readdirSync(folder) };
}

/** Of the run that a story tells of. */
export const STEPS = 400;

export interface Story {
  readonly page: Page;
  /** Of the program, for looking at what it wrote. */
  readonly home: string;
  /** Readable pictures in the folder, one file beside them is none. */
  readonly images: number;
  /** Where vectors are exported to. */
  readonly target: string;
  /** Adds the folder of pictures, called `shapes`, as this face does it. */
  readonly addFolder: () => Promise<void>;
  /** While the run is paused; it may go on by then, or be stopped from where it stands. */
  readonly whilePaused: () => Promise<void>;
}

/** From a folder to exported vectors, on a page that shows the start. */
export async function tellStory({ page, home, images, target, addFolder, whilePaused }: Story): Promise<void> {
  await test.step('a folder is read; the file that is no picture is named and stops nothing', async () => {
    await addFolder();
    await goTo(page, 'Library');
    await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText(`shapes (${images})`, { timeout: 60_000 });
    await expect(page.getByText('1 could not be read')).toBeVisible();
    await expect(page.getByRole('gridcell').first().locator('img')).toBeVisible();
  });

  await test.step('masks are drawn on the pictures of the folder', async () => {
    await goTo(page, 'Masks');
    await expect(page.getByText('Seen by the encoder')).toBeVisible();
    await expect(page.locator('canvas').first()).toBeVisible();
  });

  await test.step('a run trains and is paused', async () => {
    await startRun(page, 'story', STEPS);
    // At once: a fast machine has such a run behind it in seconds, while what is paused waits for whatever is looked at.
    await page.getByRole('button', { name: 'Pause' }).click({ timeout: 90_000 });
    await expect(statusOf(page)).toContainText('Paused');
    await expect(statusOf(page)).toContainText(`of ${STEPS}`);
  });

  await whilePaused();

  await test.step('it goes on, is stopped with its checkpoint, and is resumed', async () => {
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByRole('button', { name: 'Stop, keep the checkpoint' }).click();
    await expect(statusOf(page)).toContainText('Stopped', { timeout: 60_000 });
    await page.getByRole('button', { name: 'Resume' }).click();
    await expect(statusOf(page)).toContainText(/Training|Finishing|Done/, { timeout: 90_000 });
  });

  await test.step('it ends with a score beside both baselines', async () => {
    await expect(statusOf(page)).toContainText('Done', { timeout: 300_000 });
    await expect(page.getByText('Raw pixels').first()).toBeVisible();
    await expect(page.getByText('Untrained network').first()).toBeVisible();
    expect(existsSync(join(home, 'runs', 'story', 'metrics.jsonl'))).toBe(true);
  });

  await test.step('vectors are computed, and neighbours of a picture are found', async () => {
    await goTo(page, 'Library');
    await page.getByRole('gridcell').first().locator('img').click();
    await findSimilar(page);
  });

  await test.step('what the encoder sees in it is shown patch by patch', async () => {
    await openSight(page);
  });

  await test.step('vectors are exported, and other programs can read them', async () => {
    await goTo(page, 'Export');
    const field = page.getByRole('textbox', { name: /folder/i }).first();
    // The suggestion is on its way when the view opens.
    await expect(field).not.toHaveValue('');
    await field.fill(target);
    await page.getByRole('checkbox', { name: /NumPy array/ }).check();
    await expect(page.getByText('vectors.npy').first()).toBeVisible();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    // The manifest is there from the first moment, and says at the end that all is.
    await expect
      .poll(() => existsSync(join(target, 'manifest.json')) && readFileSync(join(target, 'manifest.json'), 'utf8'), { timeout: 60_000 })
      .toContain('"complete": true');
    const { rows, dimension } = await readExport(target);
    expect(rows).toBe(images);
    expect(dimension).toBe(48);
    expect(JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8'))).toMatchObject({ N: images, D: 48 });
  });
}

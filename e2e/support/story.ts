// What a person does with the app, step by step, the same in a browser and in the window.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect } from 'playwright/test';
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

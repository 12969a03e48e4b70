// `train --resume` of a run that was begun and never trained: it learns from the images that there are by now.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginRun, planRun } from '../engine/runs/runs.ts';
import { Studio } from '../engine/studio.ts';
import { readRecord } from '../training/run-folder/run-folder.ts';
import { runCli } from './testing/run-cli.ts';

let [place, pictures, home] = ['', '', ''];
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'cli-resume-'));
  [pictures, home] = [join(place, 'pictures'), join(place, 'home')];
  mkdirSync(pictures);
});
afterAll(() => rmSync(place, { recursive: true }));

async function draw(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++)
    await sharp({ create: { width: 40, height: 40, channels: 3, background: { r: 15 * i, g: 255 - 15 * i, b: 90 } } })
      .png()
      .toFile(join(pictures, `${i}.png`));
}

it('is settled for them before its first step', async () => {
  await draw(0, 8);
  expect((await runCli(['scan', pictures, '--home', home])).code).toBe(0);
  const studio = new Studio({ home });
  let run: string;
  try {
    const given = { preset: 'quick', steps: 2, batchSize: 4, imageSize: 32, patchSize: 8, evaluateImages: 0, threads: 1 };
    run = await beginRun(studio, pictures, planRun(studio, pictures, given), 'waits');
  } finally {
    await studio.dispose();
  }
  const begun = readRecord(run);
  expect(begun.images).toBe(8);
  await draw(8, 16);
  const { code, stderr } = await runCli(['train', '--resume', '--run', 'waits', '--home', home]);
  expect([code, stderr]).toEqual([0, '']);
  const settled = readRecord(run);
  expect([settled.images, settled.steps]).toEqual([16, 2]);
  expect(settled.fingerprint).not.toBe(begun.fingerprint);
});

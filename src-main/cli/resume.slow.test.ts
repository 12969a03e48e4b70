// `train --resume` of a run that was begun and never trained, that another process still has, or whose last evaluation was given up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beginRun, planRun } from '../engine/runs/runs.ts';
import { waitsForFormer } from '../engine/runs/until-free.ts';
import { Studio } from '../engine/studio.ts';
import { noteLeft } from '../files/folder-lock.ts';
import { until } from '../trainer/testing/processes.ts';
import { readRecord, RunFolder } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import { program, runCli } from './testing/run-cli.ts';

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

const trained = ['--preset', 'quick', '--steps', '2', '--batch-size', '4', '--image-size', '32', '--patch-size', '8', '--threads', '1'];

it('waits for a process that was left with the run, and makes the evaluation of the last step that a stop gave up', async () => {
  await draw(0, 16);
  const place = ['--home', home];
  expect((await runCli(['train', pictures, '--run', 'left', ...trained, ...place])).code).toBe(0);
  const run = join(home, 'runs', 'left');
  const log = join(run, 'metrics.jsonl');
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const given = lines.filter((line) => !['evaluation', 'note', 'finished'].includes((JSON.parse(line) as { type: string }).type));
  expect(lines.length - given.length).toBeGreaterThanOrEqual(2);
  writeFileSync(log, `${[...given, JSON.stringify({ type: 'finished', step: 2, reason: 'stopped' })].join('\n')}\n`);

  const held = RunFolder.open(run);
  noteLeft(process.pid, run);
  const child = spawn(process.execPath, [program, 'train', '--resume', '--run', 'left', ...place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until('word that it waits', () => said.includes(waitsForFormer));
  held.dispose();
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(said).toContain('Finished at step 2');
  const kinds = [...readEvents(run)].slice(given.length + 1).map(({ type, step }: { type: string; step?: number }) => [type, step]);
  expect(kinds).toContainEqual(['evaluation', 2]);
  expect(kinds.some(([type]) => type === 'step')).toBe(false);
  expect([...readEvents(run)].at(-1)).toMatchObject({ type: 'finished', step: 2, reason: 'done' });
  // Once more there is nothing left to do.
  const again = await runCli(['train', '--resume', '--run', 'left', ...place]);
  expect(again.stdout).toContain('is finished already');
});

it('is refused within seconds while another program trains it, and says which one', async () => {
  const held = RunFolder.open(join(home, 'runs', 'left'), process.pid);
  try {
    const began = performance.now();
    const { code, stdout, stderr } = await runCli(['train', '--resume', '--run', 'left', '--home', home]);
    // The program needs its time to start.
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`is in use by process ${process.pid}`);
    expect(stdout).not.toContain(waitsForFormer);
  } finally {
    held.dispose();
  }
});

// What a person waits for: the command line's help, and training that waits for its data.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../shared/config/config.ts';
import { preprocessingOf } from '../shared/config/preprocessing.ts';
import { copySampleImages } from '../src-main/engine/folders/sample-images.ts';
import { scanFolder } from '../src-main/engine/folders/scan-folder.ts';
import { createRun, planRun, trainRun } from '../src-main/engine/runs/runs.ts';
import { Studio } from '../src-main/engine/studio.ts';
import { cachedShortSide } from '../src-main/images/cache-space.ts';
import type { Row } from './row.ts';
import { median } from './shape.ts';

export async function benchProgram(part: 'help' | 'wait', rounds: number): Promise<readonly Row[]> {
  return part === 'help' ? [helpRow(Math.max(5, rounds))] : [await waitRow(30)];
}

function helpRow(rounds: number): Row {
  const entry = fileURLToPath(new URL('../src-main/cli/ijepa-studio.js', import.meta.url));
  const timed = (parameters: readonly string[]): number => {
    const began = performance.now();
    const { status, stderr } = spawnSync(process.execPath, parameters, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return performance.now() - began;
  };
  const help: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < rounds; i++) {
    help.push(timed([entry, '--help']));
    bare.push(timed(['-e', '0']));
  }
  const value = `${median(help).toFixed(0)} ms, of which Node itself ${median(bare).toFixed(0)} ms`;
  return { name: '--help', value, goal: '≤ 150 ms', figure: median(help) };
}

/** Trains on the sample images and adds up what the steps waited for batches. */
async function waitRow(steps: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-wait-'));
  const studio = new Studio({ home: join(folder, 'home') });
  try {
    const pictures = join(folder, 'pictures');
    mkdirSync(pictures);
    await copySampleImages(pictures, 20);
    const start = parseConfig({ architecture: 'custom' });
    for await (const _ of scanFolder(studio, pictures, { settings: preprocessingOf(start), shortSide: cachedShortSide(start.imageSize) }));
    const run = await createRun(studio, pictures, planRun(studio, pictures, { steps, evaluateImages: 0 }));
    let [waited, seconds, images] = [0, 0, 0];
    await trainRun(studio, run, { device: 'cpu', reason: 'The processor.' }, (event) => {
      // The first steps fill the prefetch queue.
      if (event.type !== 'step' || event.step <= 5) return;
      waited += event.waitedMs / 1000;
      seconds += 1 / event.imagesPerSecond;
      images++;
    });
    const { batchSize } = planRun(studio, pictures, { steps }).config;
    const share = waited / (seconds * batchSize);
    return {
      name: `training waited for data, ${images} steps on the sample images`,
      value: `${(100 * share).toFixed(1)} %`,
      goal: '< 2 %',
      figure: share,
    };
  } finally {
    await studio.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

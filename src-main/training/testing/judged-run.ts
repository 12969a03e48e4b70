// Small runs that are judged while they train, and what of their logs does not depend on the clock.
import { join } from 'node:path';
import { Random } from '../../../shared/random.ts';
import type { PatchBlock } from '../../images/patches.ts';
import type { Sample } from '../judging/sample-figures.ts';
import { RunFolder } from '../run-folder/run-folder.ts';
import { readEvents } from '../run-folder/run-log.ts';
import { smallRecord, withTemporary } from './small-run.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Twelve images of noise of two kinds: enough to judge by. */
export function sampleOf(imageSize: number): Sample {
  const values = (row: number, salt: number): Float32Array => {
    const random = new Random(5, 'test', row, salt);
    return Float32Array.from({ length: 3 * imageSize ** 2 }, () => random.normal() + (row % 2));
  };
  async function* blocks(rows: Uint32Array, salt: number, batch: number, length?: number): AsyncGenerator<PatchBlock> {
    for (let from = 0; from < rows.length; from += batch) {
      const part = [...rows.subarray(from, from + batch)];
      yield {
        places: part.map((_, i) => from + i),
        patches: Float32Array.from(part.flatMap((row) => [...values(row, salt).subarray(0, length)])),
      };
      await Promise.resolve();
    }
  }
  const plan = {
    kind: 'crops',
    asked: 'these',
    images: Uint32Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    bank: Uint32Array.of(8, 9, 10, 11),
    reason: 'test',
  } as const;
  return {
    plan,
    patches: (rows, view, batch) => blocks(rows, view === 'first' ? 1 : 2, batch),
    pixels: (rows) => blocks(rows, 3, 12, 8),
  };
}

export const withRun = <T>(settings: Settings, steps: number, work: (run: RunFolder) => Promise<T>): Promise<T> =>
  withTemporary(async (folder) => {
    const run = RunFolder.create(join(folder, 'run'), smallRecord(settings, steps));
    try {
      return await work(run);
    } finally {
      run.dispose();
    }
  });

/** What a log says without what depends on the clock or on how often the run was started. */
export function history(run: RunFolder): unknown[] {
  const started = ['started', 'finished', 'checkpoint', 'paused', 'resumed'];
  return [...readEvents(run.path)]
    .filter(({ type }) => !started.includes(type))
    .map((event) => ({ ...event, time: undefined, imagesPerSecond: undefined, waitedMs: undefined, memoryBytes: undefined }));
}

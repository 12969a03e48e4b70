// A decode cache of generated pictures, and jobs on it.
import { createHash } from 'node:crypto';
import { Random } from '../../../shared/random.ts';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import { DecodeCache } from '../../images/cache.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import { smallRecord } from '../../training/testing/small-run.ts';
import type { EmbedJob, TrainJob } from '../protocol.ts';

const mostNoise = 4096;
const smallSides = { width: 24, height: 24 } as const;

/** Fills `folder` with pictures of noise and returns them as a catalogue would. */
export async function makeCache(
  folder: string,
  count: number,
  { width, height }: { readonly width: number; readonly height: number } = smallSides,
): Promise<EvaluationImage[]> {
  const cache = new DecodeCache(folder, { access: 'write' });
  const images: EvaluationImage[] = [];
  for (let i = 0; i < count; i++) {
    const hash = createHash('sha256').update(`picture ${i}`).digest('hex');
    const random = new Random(11, 'test', i);
    // Of a large picture the first rows are enough, again and again: noise takes a while.
    const noise = Uint8Array.from({ length: Math.min(3 * width * height, mostNoise) }, () => random.word() >>> 24);
    const pixels = new Uint8Array(3 * width * height);
    for (let at = 0; at < pixels.length; at += noise.length) pixels.set(noise.subarray(0, pixels.length - at), at);
    await cache.put(hash, { width, height, pixels });
    images.push({ path: `${i}.png`, hash, label: undefined, split: undefined });
  }
  cache.dispose();
  return images;
}

/** Makes the folder of a new run. */
export function makeRun(path: string, settings: Readonly<Record<string, unknown>>, steps: number): RunRecord {
  const record = smallRecord(settings, steps);
  RunFolder.create(path, record).dispose();
  return record;
}

/** Where such a job keeps its graphs. */
export const graphsBeside = (cache: string): string => `${cache}-graphs`;

/** A job that trains the run in `run` on the pictures in `cache`. */
export const trainJob = (run: string, cache: string, images: readonly EvaluationImage[]): TrainJob => ({
  kind: 'train',
  run,
  cache: { folder: cache, shortSide: 24 },
  optimised: graphsBeside(cache),
  images,
  fingerprint: smallRecord().fingerprint,
  device: 'cpu',
});

/** A job that embeds the pictures in `cache` below `store`. */
export const embedJob = (store: string, checkpoint: string, cache: string, images: readonly EvaluationImage[]): EmbedJob => ({
  kind: 'embed',
  checkpoint,
  cache: { folder: cache, shortSide: 24 },
  hashes: images.map(({ hash }) => hash),
  store,
  layer: 'last',
  threads: 1,
  device: 'cpu',
});

// Entry of the thread that makes batches while the trainer's own thread is inside a step.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { BatchPlan, cropValues, targetAt } from './batch-plan.ts';
import type { StepTargets } from './batch-plan.ts';
import { DecodeCache } from './cache.ts';
import { trainingCrop } from './training-crop.ts';
import type { CropSettings } from './training-crop.ts';

export interface BatchSettings extends CropSettings {
  /** Folder of the decode cache. */
  readonly cache: string;
  /** Content hashes of the run's images, in catalogue order. */
  readonly hashes: readonly string[];
  readonly batchSize: number;
  /** Crops of each image; they stand one after the other. */
  readonly crops: number;
  readonly targets: StepTargets;
}

export interface BatchRequest {
  readonly step: number;
  readonly slot: number;
}
export interface BatchAnswer extends BatchRequest {
  /** Images that another one stands in for. */
  readonly skipped: number;
  /** Whether not one image could be read. */
  readonly empty: boolean;
}
/** What the thread says: a batch, or why there will be none. */
export type BatchMessage = BatchAnswer | { readonly failed: WireError };

const settings = workerData as BatchSettings & { readonly slots: readonly Float32Array[] };
const { hashes, batchSize, crops, seed } = settings;
const plan = new BatchPlan(hashes.length, batchSize, seed);

/** Images after which a batch is given up: with all of them unreadable, the cache is gone. */
const mostTries = 1000;

async function fill(cache: DecodeCache, { step, slot }: BatchRequest): Promise<BatchAnswer> {
  const out = settings.slots[slot]!;
  const target = targetAt(settings.targets, step);
  const perCrop = cropValues(target);
  let skipped = 0;
  for (const [place, row] of plan.rows(step).entries()) {
    let image = await cache.get(hashes[row]!);
    for (let next = 1; !image && next <= Math.min(mostTries, hashes.length); next++) {
      if (next === 1) skipped++;
      image = await cache.get(hashes[(row + next) % hashes.length]!);
    }
    if (!image) return { step, slot, skipped, empty: true };
    for (let crop = 0; crop < crops; crop++) {
      const number = place * crops + crop;
      trainingCrop(image, settings, step, number, target, out.subarray(number * perCrop, (number + 1) * perCrop));
    }
  }
  return { step, slot, skipped, empty: false };
}

const say = (message: BatchMessage): void => parentPort!.postMessage(message);

try {
  const cache = new DecodeCache(settings.cache, { access: 'read' });
  let queue: Promise<void> = Promise.resolve();
  parentPort!.on('message', (request: BatchRequest) => {
    queue = queue.then(async () => say(await fill(cache, request))).catch((error: unknown) => say({ failed: toWire(error) }));
  });
} catch (error) {
  say({ failed: toWire(error) });
}

// Entry of a thread that makes batches, or its share of them, while the trainer's own thread is inside a step.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { BatchPlan, cropValues, fewestPixels, targetAt } from './batch-plan.ts';
import type { StepTargets } from './batch-plan.ts';
import { mostKept } from './cutting-threads.ts';
import { trainingCrop } from './training-crop.ts';
import type { CropSettings } from './training-crop.ts';
import { pictureCount, TrainingPictures } from './training-pictures.ts';
import type { PictureOrigin } from './training-pictures.ts';

export interface BatchSettings extends CropSettings {
  readonly pictures: PictureOrigin;
  readonly batchSize: number;
  /** Crops of each image; they stand one after the other. */
  readonly crops: number;
  readonly targets: StepTargets;
}

/** Of the images of a step those whose place among the run's is `share` modulo `of`, so that each thread always has the same ones. */
export interface BatchRequest {
  readonly step: number;
  readonly slot: number;
  readonly share: number;
  readonly of: number;
}
export interface BatchAnswer {
  readonly step: number;
  readonly share: number;
  /** Images that another one stands in for. */
  readonly skipped: number;
  /** Whether not one image could be read. */
  readonly empty: boolean;
}
/** What the thread says: that it has opened what it reads, a batch, or why there will be none. */
export type BatchMessage = 'ready' | BatchAnswer | { readonly failed: WireError };

const settings = workerData as BatchSettings & { readonly slots: readonly Float32Array[] };
const { batchSize, crops, seed } = settings;
const count = pictureCount(settings.pictures);
const plan = new BatchPlan(count, batchSize, seed);

/** Images after which a batch is given up: with all of them unreadable, the cache is gone. */
const mostTries = 1000;
let sharers = 1;

async function fill(pictures: TrainingPictures, { step, slot, share, of }: BatchRequest): Promise<BatchAnswer> {
  if (of !== sharers) pictures.keepOnly((row) => row % of === share);
  sharers = of;
  const out = settings.slots[slot]!;
  const target = targetAt(settings.targets, step);
  const perCrop = cropValues(target);
  const fewest = fewestPixels(target.size, target !== settings.targets.target);
  let skipped = 0;
  for (const [place, row] of plan.rows(step).entries()) {
    if (row % of !== share) continue;
    let image = await pictures.get(row, fewest, mostKept / of);
    for (let next = 1; !image && next <= Math.min(mostTries, count); next++) {
      if (next === 1) skipped++;
      image = await pictures.get((row + next) % count, fewest, mostKept / of);
    }
    if (!image) return { step, share, skipped, empty: true };
    for (let crop = 0; crop < crops; crop++) {
      const number = place * crops + crop;
      trainingCrop(image, settings, step, number, target, out.subarray(number * perCrop, (number + 1) * perCrop));
    }
  }
  return { step, share, skipped, empty: false };
}

const say = (message: BatchMessage): void => parentPort!.postMessage(message);

try {
  const pictures = new TrainingPictures(settings.pictures, settings);
  say('ready');
  let queue: Promise<void> = Promise.resolve();
  parentPort!.on('message', (request: BatchRequest) => {
    queue = queue.then(async () => say(await fill(pictures, request))).catch((error: unknown) => say({ failed: toWire(error) }));
  });
} catch (error) {
  say({ failed: toWire(error) });
}

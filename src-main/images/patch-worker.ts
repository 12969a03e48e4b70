// Entry of a thread that makes patches of pictures of a decode cache in memory that it shares.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { WorkerAnswer } from '../files/worker-calls.ts';
import { DecodeCache } from './cache.ts';
import { placeImage, targetOf } from './patches.ts';
import type { Looks } from './patches.ts';

export interface PatchRequest extends Looks {
  /** Of the decode cache. */
  readonly folder: string;
  readonly hashes: readonly string[];
  /** [hashes.length, N, 3·P·P], written in place. */
  readonly out: Float32Array;
}

let cache: DecodeCache | undefined;

function opened(folder: string): DecodeCache {
  if (cache?.folder === folder && cache.isCurrent) return cache;
  cache?.dispose();
  cache = undefined;
  return (cache = new DecodeCache(folder, { access: 'read' }));
}

/** Places of the pictures that could not be read. */
async function place({ folder, hashes, view, preprocessing, patchSize, out }: PatchRequest): Promise<number[]> {
  const source = opened(folder);
  if (hashes.some((hash) => !source.has(hash))) source.refresh();
  const target = targetOf(preprocessing, patchSize);
  const perImage = target.size ** 2 * 3;
  const missing: number[] = [];
  for (const [i, hash] of hashes.entries()) {
    const image = await source.get(hash);
    if (image) placeImage(image, view, preprocessing, target, out.subarray(i * perImage, (i + 1) * perImage));
    else missing.push(i);
  }
  return missing;
}

let queue: Promise<void> = Promise.resolve();
parentPort!.on('message', ({ id, request }: { readonly id: number; readonly request: PatchRequest }) => {
  const say = (answer: WorkerAnswer): void => parentPort!.postMessage(answer);
  // One after the other: the cache that one reads may not be closed by the next.
  queue = queue
    .then(async () => place(request))
    .then(
      (result) => say({ id, result }),
      (error: unknown) => say({ id, error: toWire(error) }),
    );
});

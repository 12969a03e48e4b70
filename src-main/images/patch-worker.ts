// Entry of a thread that makes patches of pictures of a decode cache in memory that it shares.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { WorkerAnswer } from '../files/worker-calls.ts';
import type { CacheEntry } from './cache-index.ts';
import { placeImage, targetOf } from './patches.ts';
import type { Looks } from './patches.ts';
import { ShardReader } from './shard-reader.ts';

export interface PatchBatch extends Looks {
  /** Of the decode cache. */
  readonly folder: string;
  /** None where the index has none. */
  readonly entries: readonly (CacheEntry | undefined)[];
  /** [entries.length, N, 3·P·P], written in place. */
  readonly out: Float32Array;
}

/** Files are held open while there is something to read: a person may clear the cache. */
export type PatchRequest = PatchBatch | 'close';

let reader: ShardReader | undefined;

function close(): void {
  reader?.dispose();
  reader = undefined;
}

/** Places of the pictures that could not be read. */
async function place(request: PatchRequest): Promise<number[]> {
  if (request === 'close' || reader?.folder !== request.folder) close();
  if (request === 'close') return [];
  const { folder, entries, view, preprocessing, patchSize, out } = request;
  reader ??= new ShardReader(folder);
  const target = targetOf(preprocessing, patchSize);
  const perImage = target.size ** 2 * 3;
  const missing: number[] = [];
  for (const [i, entry] of entries.entries()) {
    const image = entry && (await reader.read(entry));
    if (image) placeImage(image, view, preprocessing, target, out.subarray(i * perImage, (i + 1) * perImage));
    else missing.push(i);
  }
  return missing;
}

let queue: Promise<void> = Promise.resolve();
parentPort!.on('message', ({ id, request }: { readonly id: number; readonly request: PatchRequest }) => {
  const say = (answer: WorkerAnswer): void => parentPort!.postMessage(answer);
  // One after the other: the files that one reads may not be closed by the next.
  queue = queue
    .then(async () => place(request))
    .then(
      (result) => say({ id, result }),
      (error: unknown) => say({ id, error: toWire(error) }),
    );
});

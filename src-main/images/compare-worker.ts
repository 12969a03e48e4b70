// Entry of the thread that looks which pairs of contents are the same picture, by what the decode cache has of them.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { ThreadMessage } from '../files/thread-work.ts';
import { DecodeCache } from './cache.ts';
import { digestOf, isSamePicture } from './same-picture.ts';
import type { PictureDigest } from './same-picture.ts';

export interface CompareTask {
  /** Of the decode cache. */
  readonly folder: string;
  readonly hashes: readonly string[];
  /** Places in `hashes`, of each pair. */
  readonly first: Uint32Array;
  readonly second: Uint32Array;
  /** Digests that are kept at a time, at least 2. */
  readonly most?: number;
}

/** Of each pair: 0 where one of them is not in the cache, so that nothing is known; 1: the same picture; 2: another. */
export type CompareResult = Uint8Array<ArrayBuffer>;

/** Digests that are kept, most: 3 KB each. The one that was not asked for longest goes, and is made again when it is. */
const mostDigests = 50_000;
/** Milliseconds between two words on how far it is. */
const pause = 200;

async function compare(task: CompareTask, progress: (share: number) => void): Promise<CompareResult> {
  const { folder, hashes, first, second, most = mostDigests } = task;
  const result = new Uint8Array(first.length);
  let cache: DecodeCache;
  try {
    cache = new DecodeCache(folder, { access: 'read' });
  } catch {
    return result; // Deleted to have its space: nothing can be compared.
  }
  try {
    const digests = new Map<number, PictureDigest | undefined>();
    const digest = async (place: number): Promise<PictureDigest | undefined> => {
      const isThere = digests.has(place);
      const kept = digests.get(place);
      const picture = isThere ? undefined : await cache.get(hashes[place]!);
      const found = isThere ? kept : picture && digestOf(picture);
      digests.delete(place);
      digests.set(place, found);
      if (digests.size > most) digests.delete(digests.keys().next().value!);
      return found;
    };
    for (let i = 0; i < first.length; i++) {
      const [one, other] = [await digest(first[i]!), await digest(second[i]!)];
      if (one && other) result[i] = isSamePicture(one, other) ? 1 : 2;
      progress(i / first.length);
    }
    return result;
  } finally {
    cache.dispose();
  }
}

let said = 0;
const say = (message: ThreadMessage<CompareResult>): void => parentPort?.postMessage(message);
compare(workerData as CompareTask, (share) => {
  if (performance.now() - said < pause) return;
  said = performance.now();
  say({ share });
}).then(
  (result) => say({ result }),
  (error: unknown) => say({ error: toWire(error) }),
);

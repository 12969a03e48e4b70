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
}

/** Of each pair: 0 where one of them is not in the cache, or there were too many to look at; 1: the same picture; 2: another. */
export type CompareResult = Uint8Array<ArrayBuffer>;

/** Pictures looked at, most: a digest takes 3 KB. */
const mostPictures = 50_000;
/** Milliseconds between two words on how far it is. */
const pause = 200;

async function compare(task: CompareTask, progress: (share: number) => void): Promise<CompareResult> {
  const { folder, hashes, first, second } = task;
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
      if (digests.has(place)) return digests.get(place);
      if (digests.size >= mostPictures) return undefined;
      const picture = await cache.get(hashes[place]!);
      const made = picture && digestOf(picture);
      digests.set(place, made);
      return made;
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

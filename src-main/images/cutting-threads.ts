// Threads that cut pictures, before any is started: how many there may be, how long a crop takes them, and what they keep.
import { availableParallelism } from 'node:os';
import { fewestPixels } from './batch-plan.ts';
import { reductionOf } from './reduced-picture.ts';
import type { CropRange } from './reduced-picture.ts';
import type { CachedImage } from './shard-reader.ts';

/** Threads that make the batches of a run at most: a card takes far more than one makes, and the computer is used for other things too. */
export const mostThreads = Math.max(1, Math.min(8, availableParallelism() - 1));
/** Images of all threads together at most: each holds the names and places of all. */
const mostNames = 1e6;

/** Threads that may share the batches of a run of so many images. */
export const mostCutting = (images: number, most = mostThreads): number =>
  Math.min(most, Math.max(1, Math.floor(mostNames / Math.max(1, images))));

/** Threads that make blocks of whole pictures for an encoder, which waits meanwhile: they may have all cores. */
export const blockThreads = Math.min(8, availableParallelism());
/** Fewer pictures are placed before a thread has started. */
export const worthThreads = 256;

/** What a crop takes beside its pixels, and a pixel of it up to a size where the whole picture is read for it (README, "Batches"). */
const [cropSeconds, pixelSeconds, mostPixels] = [1e-4, 6e-8, 2e4];

/** Seconds of one thread for a crop of so many pixels along a side, measured on two cores. */
export const cuttingSeconds = (side: number): number => cropSeconds + pixelSeconds * Math.min(side ** 2, mostPixels);

/** Bytes of smaller pictures that the threads of a run keep in all, so that they need not be read and made smaller each time. */
export const mostKept = 512e6;

/** Most bytes that a run keeps of so many pictures of a size as the decode cache has them; `smaller`: whether it has smaller crops first. */
export function keptBytes(
  count: number,
  picture: Pick<CachedImage, 'width' | 'height'>,
  { size, smaller }: { readonly size: number; readonly smaller: boolean },
  range: CropRange,
): number {
  const parts = [fewestPixels(size, false), ...(smaller ? [fewestPixels(size / 2, true)] : [])];
  const bytes = parts.map((fewest) => {
    const factor = reductionOf(picture, fewest, range);
    return factor === 1 ? 0 : (count * 3 * picture.width * picture.height) / factor ** 2;
  });
  return Math.min(mostKept, Math.max(...bytes));
}

// What it takes of the computer's memory to feed a run: the threads that cut its batches, and the pictures that they cut from.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { blockThreads, cuttingSeconds, keptBytes, mostCutting, mostThreads, worthThreads } from '../../images/cutting-threads.ts';
import type { CachedImage } from '../../images/shard-reader.ts';
import { phasesOf } from './phases.ts';
import { stepOperations } from './step-operations.ts';

/** What the batches of a run are cut from. */
export interface Feed {
  /** Images that are learned from. */
  readonly images: number;
  /** The size that one of them has in the decode cache. */
  readonly picture: Pick<CachedImage, 'width' | 'height'>;
  /** Threads that cut its batches; as many as its steps are expected to wait for when absent. */
  readonly threads?: number;
}

export interface FeedMemory {
  /** Bytes of threads beside the first that cuts batches, of pictures in the hands of all of them, and of the names and places of all images. */
  readonly cutting: number;
  /** Bytes of smaller pictures that are kept. */
  readonly pictures: number;
}

// Measured (README, "Memory"): a thread that has loaded what cuts pictures; pictures that it is done with and that wait for their
// collection; the name and place of an image, in each thread that cuts and in the trainer's own.
const cutterBytes = 22e6;
const uncollectedBytes = 15e6;
const nameBytes = 900;

/** Operations in a second that a core makes of steps which are short enough to wait for their batches: more than any that was measured. */
const coreRate = 3e10;
/** Steps that are cut for longer than they last, by more than this, get another thread (images/wait-watch.ts). */
const bearable = 1.1;
const longRun = 1000;

/** Threads that the batches of a run on the processor are shared by, up to `most`, if each step lasts as long as its operations take. */
export function expectedThreads(config: TrainConfig, images: number, most = mostThreads): number {
  const needed = phasesOf(config, longRun).map(({ size, prediction }) => {
    const step = stepOperations(size, { ...config, prediction }) / (Math.max(1, config.threads) * coreRate);
    return (size.batch * cuttingSeconds(size.model.grid * size.model.patchSize)) / (bearable * step);
  });
  return Math.min(mostCutting(images, most), Math.max(1, Math.ceil(Math.max(...needed))));
}

/** Nothing without a feed: crops of a trial on one thread are cut from one picture. */
export function feedMemory(config: TrainConfig, feed: Feed | undefined): FeedMemory {
  if (!feed) return { cutting: 0, pictures: 0 };
  const { images, picture, threads = expectedThreads(config, images) } = feed;
  // What evaluations look at is cut by threads of its own, which stay beside those of the batches.
  const judging = config.evaluateImages > 0 && images >= worthThreads ? blockThreads : 0;
  const crops = { size: config.imageSize, smaller: config.smallFirst > 0 };
  return {
    cutting: (threads - 1 + judging) * cutterBytes + (threads + judging) * uncollectedBytes + (1 + threads) * images * nameBytes,
    pictures: keptBytes(images, picture, crops, config),
  };
}

/** Bytes of the threads that cut the batches of a trial: as many as there may be, from one picture that each of them makes up. */
export const trialCutting = (most = mostThreads): number => (most - 1) * cutterBytes;

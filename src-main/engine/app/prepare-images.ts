// The decoded images that work on a run needs.
import type { TrainConfig } from '../../../shared/config-table.ts';
import { AppError } from '../../../shared/errors.ts';
import { preprocessingOf } from '../../../shared/preprocessing.ts';
import { readingOf } from '../../../shared/reading-jobs.ts';
import { DecodeCache } from '../../images/cache.ts';
import { decodingFor } from '../scan-folder.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { findFolder } from '../../library/folders.ts';
import type { Studio } from '../studio.ts';
import type { EngineContext } from './context.ts';
import type { JobHandle } from './jobs.ts';
import { runScan } from './scan-job.ts';

/** Contents of the cache that was asked for last, by file, time and size of its index. */
let lastCached: { readonly stamp: string; readonly hashes: ReadonlySet<string> } | undefined;

/** Contents that a decode cache has. Rejects with `not-found`. */
async function cachedHashes(folder: string): Promise<ReadonlySet<string>> {
  const stamp = `${folder} ${DecodeCache.stamp(folder)}`;
  if (lastCached?.stamp === stamp) return lastCached.hashes;
  const cache = await DecodeCache.read(folder);
  const hashes = new Set(cache.hashes());
  cache.dispose();
  lastCached = { stamp, hashes };
  return hashes;
}

/** Different images of a folder that would have to be decoded for these settings. Rejects with `not-found`, `no-images`. */
export async function imagesToDecode(studio: Studio, root: string, config: TrainConfig): Promise<number> {
  const { all } = await studio.readImages(root);
  let cached: ReadonlySet<string>;
  try {
    cached = await cachedHashes(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)));
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return all.length;
    throw error;
  }
  return all.reduce((lacking, { hash }) => lacking + Number(!cached.has(hash)), 0);
}

/** Scans a folder for these settings: what is new, or was decoded for other sizes only. Throws what `runScan` throws. */
export async function scanFor(studio: Studio, root: string, config: TrainConfig, job: JobHandle): Promise<void> {
  await runScan(studio, root, decodingFor(config), job);
}

/**
 * Waits until a folder is not being read any more, however that ends: work that looks at its images before has a part of them. Rejects with
 * `cancelled`.
 */
export async function untilRead({ studio, jobs }: Pick<EngineContext, 'studio' | 'jobs'>, root: string, job: JobHandle): Promise<void> {
  const { id } = findFolder(studio.library, root) ?? {};
  const stopped = new Promise<void>((resolve) => job.signal.addEventListener('abort', () => resolve()));
  for (let reading = readingOf(id, jobs.list()); reading && !job.signal.aborted; reading = readingOf(id, jobs.list())) {
    job.say('Waits until its folder is read.');
    // How it ended is told by itself.
    await Promise.race([jobs.wait(reading.id).catch(() => undefined), stopped]);
  }
  if (job.signal.aborted) throw new AppError('cancelled', 'It was stopped before its folder was read.', 'Resume it when you want it.');
}

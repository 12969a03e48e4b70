// The decoded images that work on a run needs.
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import { readingOf } from '../../../../shared/contract/reading-jobs.ts';
import { AppError } from '../../../../shared/errors.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import { DecodeCache } from '../../../images/cache.ts';
import { findFolder } from '../../../library/folders.ts';
import { decodingFor } from '../../folders/scan-folder.ts';
import type { Studio } from '../../studio.ts';
import type { EngineContext } from '../context.ts';
import type { JobHandle } from '../jobs.ts';
import { runScan } from './scan-job.ts';

interface Cached {
  readonly hashes: ReadonlySet<string>;
  readonly bytes: number;
}

const nothing: Cached = { hashes: new Set(), bytes: 0 };
/** Contents of the cache that was asked for last, by file, time and size of its index. */
let lastCached: ({ readonly stamp: string } & Cached) | undefined;

/** What the decode cache for these settings has. */
async function cachedFor(studio: Studio, config: TrainConfig): Promise<Cached> {
  const folder = studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize));
  const stamp = `${folder} ${DecodeCache.stamp(folder)}`;
  if (lastCached?.stamp === stamp) return lastCached;
  try {
    const cache = await DecodeCache.read(folder);
    lastCached = { stamp, hashes: new Set(cache.hashes()), bytes: cache.bytes };
    cache.dispose();
    return lastCached;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return nothing;
    throw error;
  }
}

/** Bytes that the decode cache for these settings holds. */
export async function cachedBytes(studio: Studio, config: TrainConfig): Promise<number> {
  return (await cachedFor(studio, config)).bytes;
}

/** Different images of a folder that would have to be decoded for these settings. Rejects with `not-found`, `no-images`. */
export async function imagesToDecode(studio: Studio, root: string, config: TrainConfig): Promise<number> {
  const { all } = await studio.readImages(root);
  const { hashes } = await cachedFor(studio, config);
  return all.reduce((lacking, { hash }) => lacking + Number(!hashes.has(hash)), 0);
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

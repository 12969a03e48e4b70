// The decoded images that work on a run needs.
import type { TrainConfig } from '../../../shared/config-table.ts';
import { AppError } from '../../../shared/errors.ts';
import { preprocessingOf } from '../../../shared/preprocessing.ts';
import { DecodeCache } from '../../images/cache.ts';
import { decodingFor } from '../scan-folder.ts';
import { cachedShortSide } from '../studio.ts';
import type { Studio } from '../studio.ts';
import type { JobHandle } from './jobs.ts';
import { runScan } from './scan-job.ts';

/** Different images of a folder that would have to be decoded for these settings. Throws `not-found`, `no-images`. */
export function imagesToDecode(studio: Studio, root: string, config: TrainConfig): number {
  const hashes = studio.imagesWithSplits(root).map(({ hash }) => hash);
  let cache: DecodeCache;
  try {
    cache = new DecodeCache(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)), { access: 'read' });
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return hashes.length;
    throw error;
  }
  try {
    return hashes.reduce((lacking, hash) => lacking + Number(!cache.has(hash)), 0);
  } finally {
    cache.dispose();
  }
}

/** Scans a folder for these settings: what is new, or was decoded for other sizes only. Throws what `runScan` throws. */
export async function scanFor(studio: Studio, root: string, config: TrainConfig, job: JobHandle): Promise<void> {
  await runScan(studio, root, decodingFor(config), job);
}

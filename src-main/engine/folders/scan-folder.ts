// Scans a folder into the catalogue and the decode cache.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import type { DecodeSettings } from '../../../shared/config/preprocessing.ts';
import { cachedShortSide, defaultCacheGrowth, estimateCacheBytes, removeEarlierCaches } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { retryFailed } from '../../library/failures.ts';
import { contentCounts, findFolder, folderOf } from '../../library/folders.ts';
import type { ContentCounts } from '../../library/folders.ts';
import type { LabelMode } from '../../library/labels.ts';
import { scan } from '../../library/scan.ts';
import type { ScanEvent } from '../../library/scan.ts';
import type { Studio } from '../studio.ts';

export interface ScanFolderOptions {
  readonly settings: DecodeSettings;
  readonly shortSide: number;
  readonly labels?: LabelMode;
  /** Limit of the decode cache, bytes; by default what it holds and a tenth of the free disk. */
  readonly cacheBytes?: number;
  /** Tries files again that failed before, and decodes again what was damaged in the cache. */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
}

/** How images are decoded for a run of these settings. */
export const decodingFor = (config: TrainConfig): Pick<ScanFolderOptions, 'settings' | 'shortSide'> => ({
  settings: preprocessingOf(config),
  shortSide: cachedShortSide(config.imageSize),
});

/** What the decode cache of a scan will take; once per scan that decodes anything, as soon as a few images tell their size. */
export interface CacheEvent {
  readonly type: 'cache';
  /** Bytes expected to be added. */
  readonly bytes: number;
  /** Whether the pictures beyond half of the limit are kept as JPEG. */
  readonly jpeg: boolean;
  readonly limit: number;
}

/** Images whose mean size stands for the rest. */
const sizeSample = 20;

/** Streams counts; the last event is `finished`. Throws `not-found`, `disk-full`, `cancelled`. */
export async function* scanFolder(studio: Studio, root: string, options: ScanFolderOptions): AsyncGenerator<ScanEvent | CacheEvent> {
  const { settings, shortSide, labels, signal } = options;
  // Before the limit follows from the free disk.
  removeEarlierCaches(studio.home.cache, shortSide, settings);
  const limit = options.cacheBytes === undefined ? { mayGrow: defaultCacheGrowth(studio.home.cache) } : { maxBytes: options.cacheBytes };
  const cache = await DecodeCache.open(studio.cacheFor(settings, shortSide), { access: 'write', ...limit }, signal);
  try {
    if (options.retry) {
      if (findFolder(studio.library, root)) retryFailed(studio.library, root);
      await cache.forgetDamaged(signal);
    }
    const before = { bytes: cache.bytes, size: cache.size };
    let stated = false;
    const events = scan(studio.library, root, {
      decoder: studio.decoders,
      cache,
      settings,
      shortSide,
      ...(labels && { labels }),
      ...(signal && { signal }),
      ...(studio.within && { within: studio.within }),
    });
    for await (const event of events) {
      const { counts } = event;
      const added = cache.size - before.size;
      const last = event.type === 'finished';
      if (!stated && added > 0 && (last || (event.surveyed && added >= sizeSample))) {
        stated = true;
        const toDecode = last ? added : counts.found - counts.reused - counts.unchanged - counts.failed;
        const { maxBytes } = cache;
        // Where all that was added is JPEG already, it tells more than a guess from the pixels.
        const estimate =
          before.bytes >= maxBytes / 2
            ? { bytes: Math.round((toDecode * (cache.bytes - before.bytes)) / added), jpeg: true }
            : estimateCacheBytes(toDecode, cache.meanPixels(before.size), maxBytes, before.bytes);
        yield { type: 'cache', limit: maxBytes, ...estimate };
      }
      yield event;
    }
  } finally {
    cache.dispose();
  }
}

export interface FolderFacts extends ContentCounts {
  readonly mode: LabelMode;
}

/** What a scanned folder holds. Throws `not-found`. */
export function folderFacts({ library }: Studio, root: string): FolderFacts {
  const { id, labels: mode } = folderOf(library, root);
  return { ...contentCounts(library, id), mode };
}

// Scans a folder into the catalogue and the decode cache.
import type { DecodeSettings } from '../../shared/preprocessing.ts';
import { DecodeCache, defaultCacheBytes } from '../images/cache.ts';
import type { LabelMode } from '../library/labels.ts';
import { retryFailed } from '../library/failures.ts';
import { findFolder } from '../library/folders.ts';
import { scan } from '../library/scan.ts';
import type { ScanEvent } from '../library/scan.ts';
import type { Studio } from './studio.ts';

export interface ScanFolderOptions {
  readonly settings: DecodeSettings;
  readonly shortSide: number;
  readonly labels?: LabelMode;
  /** Limit of the decode cache, bytes; by default a tenth of the free disk. */
  readonly cacheBytes?: number;
  /** Tries files again that failed before, and decodes again what was damaged in the cache. */
  readonly retry?: boolean;
  readonly signal?: AbortSignal;
}

/** Streams counts; the last event is `finished`. Throws `not-found`, `disk-full`, `cancelled`. */
export async function* scanFolder(studio: Studio, root: string, options: ScanFolderOptions): AsyncGenerator<ScanEvent> {
  const { settings, shortSide, labels, signal } = options;
  const cache = new DecodeCache(studio.cacheFor(settings, shortSide), {
    access: 'write',
    maxBytes: options.cacheBytes ?? defaultCacheBytes(studio.home.cache),
  });
  try {
    if (options.retry) {
      if (findFolder(studio.library, root)) retryFailed(studio.library, root);
      await cache.forgetDamaged();
    }
    yield* scan(studio.library, root, {
      decoder: studio.decoders,
      cache,
      settings,
      shortSide,
      ...(labels && { labels }),
      ...(signal && { signal }),
    });
  } finally {
    cache.dispose();
  }
}

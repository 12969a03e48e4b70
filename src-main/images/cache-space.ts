// Where decode caches lie, what they take, and how all of them are given back.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { writeFileAside } from '../files/write-aside.ts';
import { hashOf, indexName, recordBytes } from './cache-index.ts';

/** Shorter side of cached pictures: an eighth more than the input, so that a crop of the whole is not blown up. */
export const cachedShortSide = (imageSize: number): number => Math.max(256, Math.ceil((imageSize * 8) / 7));

/**
 * Version of what decoding makes of a file, which vectors depend on as well; 2: HEIC in sRGB, the alpha channel mapped. Where it changes for
 * files that the catalogue can tell by their format, these alone are decoded again (src-main/engine/folders/forget-changed.ts).
 */
export const decodingVersion = 2;

/** Folder of a cache: pictures made with other settings never mix. */
export function cacheFolder(root: string, shortSide: number, settings: DecodeSettings, version = decodingVersion): string {
  const { background, intensity, intensityPercentile, intensityWindow, channels } = settings;
  const relevant = [
    version,
    shortSide,
    background,
    channels,
    intensity,
    intensity === 'percentile' && intensityPercentile,
    intensity === 'window' && intensityWindow,
  ];
  return join(root, `${shortSide}-${createHash('sha256').update(JSON.stringify(relevant)).digest('hex').slice(0, 12)}`);
}

/** Deletes the pictures that earlier versions decoded by these settings: nothing reads them any more, and they take the disk. */
export function removeEarlierCaches(root: string, shortSide: number, settings: DecodeSettings): void {
  for (let version = 1; version < decodingVersion; version++) {
    try {
      rmSync(cacheFolder(root, shortSide, settings, version), { recursive: true, force: true });
    } catch {
      // Where another program has a file of it open, as on Windows: the next scan tries again.
    }
  }
}

/**
 * Takes pictures out of every cache below a root: what is decoded otherwise now has to be decoded again. The bytes stay in the shards. Throws
 * the operating system's errors.
 */
export function forgetPictures(root: string, hashes: ReadonlySet<string>): void {
  for (const name of readdirSync(root)) {
    const index = join(root, name, indexName);
    if (!existsSync(index)) continue;
    const bytes = readFileSync(index);
    const records = Array.from({ length: Math.floor(bytes.length / recordBytes) }, (_, i) =>
      bytes.subarray(i * recordBytes, (i + 1) * recordBytes),
    );
    const kept = records.filter((record) => !hashes.has(hashOf(record)));
    if (kept.length < records.length) writeFileAside(index, Buffer.concat(kept));
  }
}

/** Bytes by which a cache may grow when nothing else is said: a tenth of the free disk. */
export function defaultCacheGrowth(root: string): number {
  const { bavail, bsize } = statfsSync(root);
  return Math.floor((bavail * bsize) / 10);
}

/**
 * Bytes that `images` more pictures of `meanPixels` pixels need in a cache that holds `held` bytes: raw up to half of the limit, JPEG (an
 * eighth) beyond; what makes it more than `maxBytes` will not fit.
 */
export function estimateCacheBytes(
  images: number,
  meanPixels: number,
  maxBytes: number,
  held = 0,
): { readonly bytes: number; readonly jpeg: boolean } {
  const raw = images * meanPixels * 3;
  const rawRoom = Math.max(0, maxBytes / 2 - held);
  return raw <= rawRoom ? { bytes: raw, jpeg: false } : { bytes: Math.min(raw, Math.round(rawRoom + (raw - rawRoom) / 8)), jpeg: true };
}

/** Deletes every cache below a root; the originals are untouched. Returns the bytes freed. */
export function clearCaches(root: string): number {
  if (!existsSync(root)) return 0;
  let bytes = 0;
  for (const name of readdirSync(root, { recursive: true, withFileTypes: true }))
    if (name.isFile()) bytes += statSync(join(name.parentPath, name.name)).size;
  rmSync(root, { recursive: true, force: true });
  return bytes;
}

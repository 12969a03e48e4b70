// Reads pictures of a decode cache by what its index says of them.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import type { CacheEntry } from './cache-index.ts';

/** A cached picture: row-major RGB, three bytes per pixel. */
export interface CachedImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export const shardName = (shard: number): string => `shard-${String(shard).padStart(5, '0')}.bin`;

/** The picture of an entry, or undefined when it is damaged. JPEG pictures take the slower way. */
export async function readPicture(shard: () => number, entry: CacheEntry): Promise<CachedImage | undefined> {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(entry.length).buffer);
  try {
    if (readSync(shard(), bytes, 0, entry.length, entry.offset) !== entry.length) return undefined;
  } catch {
    return undefined;
  }
  if (crc32(bytes) !== entry.checksum) return undefined;
  const { width, height } = entry;
  if (!entry.jpeg) return { width, height, pixels: bytes };
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width, height, pixels: data };
}

/** For threads that are told the entries, so that each need not hold the index. */
export class ShardReader {
  readonly folder: string;
  readonly #handles = new Map<number, number>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** The picture, or undefined when it is damaged or gone. */
  async read(entry: CacheEntry): Promise<CachedImage | undefined> {
    return readPicture(() => this.#handle(entry.shard), entry);
  }

  #handle(shard: number): number {
    let handle = this.#handles.get(shard);
    if (handle === undefined) {
      handle = openSync(join(this.folder, shardName(shard)), 'r');
      this.#handles.set(shard, handle);
    }
    return handle;
  }

  dispose(): void {
    for (const handle of this.#handles.values()) closeSync(handle);
    this.#handles.clear();
  }
}

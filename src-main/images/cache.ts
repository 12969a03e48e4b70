// The decode cache: small pictures in append-only shards beside an index, keyed by content hash. Killing its writer at any moment
// loses at most the picture being written: a record counts only when the index has it whole.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { clearDecodedImages } from '../../shared/decoded-images.ts';
import { AppError, systemError } from '../../shared/errors.ts';
import { atOnce, inPieces } from '../files/in-pieces.ts';
import type { Pieces } from '../files/in-pieces.ts';
import { decodeEntry, encodeEntry, indexName, recordBytes } from './cache-index.ts';
import type { CacheEntry } from './cache-index.ts';
import type { DecodedImage } from './decoder.ts';
import { readPicture, shardName } from './shard-reader.ts';
import type { CachedImage } from './shard-reader.ts';

/** Records of the index that are read before others may get their turn. */
const pieceRecords = 500;
/** Milliseconds of reading pictures after which others get their turn. */
const pieceMs = 8;
const shardBytes = 1024 ** 3;
const jpegQuality = 92;

/** Writes all of it; the operating system may take less at a time. */
function writeWhole(handle: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, bytes.length - at, position + at);
}

/** A file to write at any place, made if need be. No flag does both without emptying it, and Windows cuts nothing that is open for appending. */
function openToWrite(path: string): number {
  closeSync(openSync(path, 'a'));
  return openSync(path, 'r+');
}

/** Gives back what was written of a picture that failed. What cannot be cut off is written over, or never read. */
function cut(handle: number, size: number): void {
  try {
    ftruncateSync(handle, size);
  } catch {}
}

/** Undefined where no JPEG can hold it: one side is longer than 65,500 pixels. */
async function asJpeg({ width, height, pixels }: CachedImage): Promise<Uint8Array | undefined> {
  try {
    return await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: jpegQuality, chromaSubsampling: '4:4:4' })
      .toBuffer();
  } catch {
    return undefined;
  }
}

export interface CacheOptions {
  /** `write` appends; any number of readers may look on. */
  readonly access: 'read' | 'write';
  /** Raw pictures up to half of it, JPEG beyond where it can hold them; `disk-full` at the limit. */
  readonly maxBytes?: number;
  /** The limit from what is there: so many bytes more. */
  readonly mayGrow?: number;
  /** Without its index, until that is read. */
  readonly empty?: boolean;
}

export class DecodeCache {
  readonly folder: string;
  readonly #entries = new Map<string, CacheEntry>();
  readonly #shards = new Map<number, number>();
  readonly #access: 'read' | 'write';
  #maxBytes = Infinity;
  #index: number;
  #indexed = 0;
  #bytes = 0;

  /** Opens or creates the cache of a folder. Throws `not-found` (reading) or `not-writable`. */
  constructor(folder: string, options: CacheOptions) {
    const { access } = options;
    this.folder = folder;
    this.#access = access;
    try {
      if (access === 'write') mkdirSync(folder, { recursive: true });
      const index = join(folder, indexName);
      this.#index = access === 'write' ? openToWrite(index) : openSync(index, 'r');
    } catch (error) {
      throw systemError(error) ?? error;
    }
    try {
      if (options.empty === true) return;
      this.refresh();
      this.#begin(options);
    } catch (error) {
      closeSync(this.#index);
      throw systemError(error) ?? error;
    }
  }

  /** What follows from an index that was read. */
  #begin({ access, maxBytes, mayGrow = Infinity }: CacheOptions): void {
    // A torn record at the end would put every later one out of step.
    if (access === 'write') ftruncateSync(this.#index, this.#indexed);
    this.#maxBytes = maxBytes ?? this.#bytes + mayGrow;
  }

  /** A text that changes when pictures are added to the cache of a folder. */
  static stamp(folder: string): string {
    const stats = statSync(join(folder, indexName), { throwIfNoEntry: false });
    return `${stats?.ino} ${stats?.mtimeMs} ${stats?.size}`;
  }

  /** As the constructor, in pieces between which others get their turn. Rejects with `not-found` (reading), `not-writable`, `cancelled`. */
  static async open(folder: string, options: CacheOptions, signal?: AbortSignal): Promise<DecodeCache> {
    const cache = new DecodeCache(folder, { ...options, empty: true });
    try {
      await inPieces(cache.#added(), signal);
      cache.#begin(options);
      return cache;
    } catch (error) {
      cache.dispose();
      throw systemError(error) ?? error;
    }
  }

  static async read(folder: string): Promise<DecodeCache> {
    return DecodeCache.open(folder, { access: 'read' });
  }

  /** Takes in what a writer has added since. A damaged record costs its own picture; those at the end may still be being written. */
  refresh(): void {
    atOnce(this.#added());
  }

  *#added(): Pieces<void> {
    const sizes = new Map<number, number>();
    for (let left = Math.floor((fstatSync(this.#index).size - this.#indexed) / recordBytes); left > 0; left -= pieceRecords) {
      const count = Math.min(left, pieceRecords);
      const bytes = Buffer.alloc(count * recordBytes);
      readSync(this.#index, bytes, 0, bytes.length, this.#indexed);
      const records = Array.from({ length: count }, (_, i) => decodeEntry(bytes.subarray(i * recordBytes, (i + 1) * recordBytes)));
      for (const record of records) if (record && this.#isWhole(record.entry, sizes)) this.#take(record.hash, record.entry);
      const isEnd = count === left;
      this.#indexed += (isEnd ? records.findLastIndex((record) => record !== undefined) + 1 : count) * recordBytes;
      yield;
    }
  }

  /** A later record of the same picture replaces the earlier one. */
  #take(hash: string, entry: CacheEntry): void {
    this.#forget(hash);
    this.#entries.set(hash, entry);
    this.#bytes += entry.length + recordBytes;
  }

  #forget(hash: string): void {
    const entry = this.#entries.get(hash);
    if (entry) this.#bytes -= entry.length + recordBytes;
    this.#entries.delete(hash);
  }

  #isWhole({ shard, offset, length }: CacheEntry, sizes: Map<number, number>): boolean {
    let size = sizes.get(shard);
    if (size === undefined) {
      size = statSync(join(this.folder, shardName(shard)), { throwIfNoEntry: false })?.size ?? 0;
      sizes.set(shard, size);
    }
    return size >= offset + length;
  }

  /** Whether the folder still has the files that this was opened with: a cache may be deleted, and made again, at any time. */
  get isCurrent(): boolean {
    const there = statSync(join(this.folder, indexName), { throwIfNoEntry: false });
    const open = fstatSync(this.#index);
    return there !== undefined && there.ino === open.ino && there.dev === open.dev;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes on disk that are in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes beyond which nothing is added. */
  get maxBytes(): number {
    return this.#maxBytes;
  }

  hashes(): Iterable<string> {
    return this.#entries.keys();
  }

  has(hash: string): boolean {
    return this.#entries.has(hash);
  }

  /** Mean pixels of the pictures that have come after the first `count`, whatever they are kept as. */
  meanPixels(count: number): number {
    let [place, pixels] = [0, 0];
    // In the order in which they were added.
    for (const { width, height } of this.#entries.values()) if (place++ >= count) pixels += width * height;
    return pixels / Math.max(1, place - count);
  }

  /** Where a picture lies, and its size: for another reader of the same files. */
  entry(hash: string): CacheEntry | undefined {
    return this.#entries.get(hash);
  }

  /** Width and height of a picture, from the index. */
  dimensions(hash: string): { readonly width: number; readonly height: number } | undefined {
    return this.#entries.get(hash);
  }

  #shard(shard: number): number {
    let handle = this.#shards.get(shard);
    if (handle === undefined) {
      const path = join(this.folder, shardName(shard));
      handle = this.#access === 'write' ? openToWrite(path) : openSync(path, 'r');
      this.#shards.set(shard, handle);
    }
    return handle;
  }

  /** Adds a picture; a known hash is left as it is. Throws `disk-full` at the limit or when the disk is. */
  async put(hash: string, image: DecodedImage | CachedImage): Promise<void> {
    if (this.#entries.has(hash)) return;
    const { width, height, pixels } = image;
    const encoded = this.#bytes + pixels.length > this.#maxBytes / 2 ? await asJpeg(image) : undefined;
    const payload = encoded ?? pixels;
    if (this.#entries.has(hash)) return;
    if (this.#bytes + payload.length > this.#maxBytes) {
      throw new AppError(
        'disk-full',
        `The decoded images have reached their limit of ${Math.round(this.#maxBytes / 1e6)} MB.`,
        `${clearDecodedImages}, or free some space (in a terminal: --cache-limit).`,
      );
    }
    try {
      this.#append(hash, payload, { width, height, jpeg: encoded !== undefined });
    } catch (error) {
      throw systemError(error) ?? error;
    }
  }

  #append(hash: string, payload: Uint8Array, { width, height, jpeg }: Pick<CacheEntry, 'width' | 'height' | 'jpeg'>): void {
    let shard = Math.max(0, ...this.#shardNumbers());
    let handle = this.#shard(shard);
    let offset = fstatSync(handle).size;
    if (offset > 0 && offset + payload.length > shardBytes) {
      handle = this.#shard(++shard);
      offset = 0;
    }
    const entry: CacheEntry = { shard, offset, length: payload.length, width, height, jpeg, checksum: crc32(payload) };
    try {
      writeWhole(handle, payload, offset);
      writeWhole(this.#index, encodeEntry(hash, entry), this.#indexed);
    } catch (error) {
      // A full disk: half a record would put every later one out of step.
      cut(this.#index, this.#indexed);
      cut(handle, offset);
      throw error;
    }
    this.#indexed += recordBytes;
    this.#take(hash, entry);
  }

  #known: number[] | undefined;
  #shardNumbers(): number[] {
    this.#known ??= readdirSync(this.folder)
      .map((name) => /^shard-(\d+)\.bin$/.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number);
    const open = [...this.#shards.keys()];
    return [...this.#known, ...open];
  }

  /** The picture, or undefined when the cache lacks it or it is damaged. JPEG pictures take the slower way. */
  async get(hash: string): Promise<CachedImage | undefined> {
    const entry = this.#entries.get(hash);
    if (!entry) return undefined;
    return readPicture(() => this.#shard(entry.shard), entry);
  }

  /**
   * Reads every picture and forgets the damaged ones, so that the next scan decodes them again. Returns how many there were. Rejects with
   * `cancelled`.
   */
  async forgetDamaged(signal?: AbortSignal): Promise<number> {
    let count = 0;
    let since = performance.now();
    for (const hash of this.#entries.keys()) {
      // Most answers are there at once: others would never get their turn.
      if (performance.now() - since > pieceMs) {
        await breathe();
        if (signal?.aborted === true) throw new AppError('cancelled', 'It was cancelled.', 'Start it again when you want it.');
        since = performance.now();
      }
      if (await this.get(hash)) continue;
      this.#forget(hash);
      count++;
    }
    return count;
  }

  dispose(): void {
    closeSync(this.#index);
    for (const handle of this.#shards.values()) closeSync(handle);
    this.#shards.clear();
  }
}

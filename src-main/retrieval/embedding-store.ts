// Embeddings on disk: vectors as the encoder gave them, appended as they come. A row is known by the hash of the image's content, so
// only new or changed images are embedded, and an image that went away costs nothing. After a crash at any moment the rows of the
// last commit are there, whole; what came after is embedded again.
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { requireFinite } from '../evaluation/spaces.ts';
import { type FolderLock, takeLock } from '../files/folder-lock.ts';
import { atOnce, type Pieces } from '../files/in-pieces.ts';
import { syncFolder, writeFileAside } from '../files/write-aside.ts';
import { embeddingId, type EmbeddingIdentity, type EmbeddingManifest, isSameIdentity, parseManifest } from './embedding-identity.ts';
import { bytesOf, hashBytes, HashIndex } from './hash-index.ts';
import { forgetMade } from './made-of-rows.ts';

/** Rows that are written before they are committed by themselves; a crash loses at most these. */
const rowsPerCommit = 2048;
/** Hashes looked up before others may get their turn: about a millisecond. */
const hashesPerPiece = 1000;
/** Rows that one read of scattered rows spans at most. */
const rowsPerRead = 256;

export interface EmbeddingBlock {
  readonly firstRow: number;
  /** [rows, dimension]. */
  readonly vectors: Float32Array<ArrayBuffer>;
}

export class EmbeddingStore {
  readonly folder: string;
  readonly manifest: EmbeddingManifest;
  readonly #vectors: FileHandle;
  readonly #hashes: FileHandle;
  readonly #lock: FolderLock | undefined;
  readonly #index = new HashIndex();
  #committed = 0;
  /** Rows that each device has made, as far as that was noted. */
  #devices: RowsByDevice = {};
  #queue: Promise<unknown> = Promise.resolve();
  #open = true;

  private constructor(folder: string, manifest: EmbeddingManifest, files: [FileHandle, FileHandle], lock?: FolderLock) {
    this.folder = folder;
    this.manifest = manifest;
    [this.#vectors, this.#hashes] = files;
    this.#lock = lock;
  }

  /**
   * Opens the store of `identity` under `root` (`embeddings/` of the library) for appending, creating it when new. Rows after the
   * last commit are dropped. Rejects with `locked` while another process writes, `bad-file` when the folder holds something else.
   */
  static async openForWriting(root: string, identity: EmbeddingIdentity, programVersion: string): Promise<EmbeddingStore> {
    const folder = join(root, embeddingId(identity));
    await mkdir(folder, { recursive: true });
    const lock = takeLock(folder, 'writer.lock');
    try {
      const path = join(folder, 'manifest.json');
      const existing = await readIfPresent(path);
      const created = new Date().toISOString();
      const manifest: EmbeddingManifest = existing
        ? parseManifest(textOf(existing), path)
        : { ...identity, format: 'ijepa-studio-embeddings', version: 1, programVersion, created };
      if (!isSameIdentity(manifest, identity)) {
        throw new AppError('bad-file', `${path} belongs to another model.`, 'Remove this folder; its vectors are computed again.');
      }
      // Positional writes need another flag than the one that creates without emptying.
      await closeAll(await openFiles(folder, 'a+'));
      if (!existing) writeFileAside(path, JSON.stringify(manifest, undefined, 2));
      syncFolder(folder);
      return await EmbeddingStore.#opened(folder, manifest, await openFiles(folder, 'r+'), lock);
    } catch (error) {
      lock.dispose();
      throw error;
    }
  }

  /** Opens the store in `folder` for reading the rows committed by now, beside a writer too. Rejects with `not-found`, `bad-file`. */
  static async openForReading(folder: string): Promise<EmbeddingStore> {
    const path = join(folder, 'manifest.json');
    const text = await readIfPresent(path);
    if (!text) throw new AppError('not-found', `There are no vectors in ${folder}.`, 'Compute them first.');
    return EmbeddingStore.#opened(folder, parseManifest(textOf(text), path), await openFiles(folder, 'r'));
  }

  static async #opened(
    folder: string,
    manifest: EmbeddingManifest,
    files: [FileHandle, FileHandle],
    lock?: FolderLock,
  ): Promise<EmbeddingStore> {
    const store = new EmbeddingStore(folder, manifest, files, lock);
    try {
      await store.#recover();
      return store;
    } catch (error) {
      await closeAll(files);
      throw error;
    }
  }

  get dimension(): number {
    return this.manifest.dimension;
  }

  /** Rows that can be read, those not yet committed too. */
  get rows(): number {
    return this.#index.rows;
  }

  /** Rows that each device has made, by its name; what earlier versions have made counts for none. */
  get devices(): RowsByDevice {
    return this.#devices;
  }

  /** Row of an image's content, or `undefined` when it is not embedded yet. */
  rowOf(hash: string): number | undefined {
    return this.#index.rowOf(hash);
  }

  /** Content hash of a row. */
  hashOf(row: number): string {
    return this.#index.hashOf(row);
  }

  /** The hashes that still have to be embedded, each once, in order. */
  missing(hashes: Iterable<string>): string[] {
    return atOnce(this.missingInPieces(hashes));
  }

  /** The same, in pieces between which others get their turn. */
  *missingInPieces(hashes: Iterable<string>): Pieces<string[]> {
    const missing = new Set<string>();
    let looked = 0;
    for (const hash of hashes) {
      if (looked++ % hashesPerPiece === 0) yield;
      if (this.#index.rowOf(hash) === undefined) missing.add(hash);
    }
    return [...missing];
  }

  /**
   * Appends the vectors [hashes.length, dimension] of images with these contents; contents that are there already are skipped.
   * Commits by itself every 2,048 rows. `device` is noted as what has made them. Rejects with `non-finite` or `bad-input` (nothing is appended), `disk-full`.
   */
  append(hashes: readonly string[], vectors: Float32Array, device?: string): Promise<void> {
    return this.#inTurn(async () => {
      const { dimension } = this;
      if (vectors.length !== hashes.length * dimension) {
        throw new AppError('bad-input', `${hashes.length} images with ${vectors.length} numbers.`, 'Every image needs one vector.');
      }
      requireFinite(vectors);
      const fresh = new Map<string, number>();
      for (const [i, hash] of hashes.entries()) {
        if (this.#index.rowOf(hash) === undefined && !fresh.has(hash.toLowerCase())) fresh.set(hash.toLowerCase(), i);
      }
      if (fresh.size === 0) return;
      const hashBlock = Buffer.concat([...fresh.keys()].map(bytesOf));
      const block = new Float32Array(fresh.size * dimension);
      for (const [place, i] of [...fresh.values()].entries()) {
        block.set(vectors.subarray(i * dimension, (i + 1) * dimension), place * dimension);
      }
      await writeAt(this.#vectors, new Uint8Array(block.buffer), this.rows * dimension * 4);
      await writeAt(this.#hashes, hashBlock, this.rows * hashBytes);
      this.#index.append(hashBlock);
      if (device !== undefined) this.#devices = { ...this.#devices, [device]: (this.#devices[device] ?? 0) + fresh.size };
      if (this.rows - this.#committed >= rowsPerCommit) await this.#commit();
    });
  }

  /** Makes all rows durable. */
  commit(): Promise<void> {
    return this.#inTurn(() => this.#commit());
  }

  /** All rows in order, `rowsPerBlock` at a time. */
  async *blocks(rowsPerBlock = 4096): AsyncGenerator<EmbeddingBlock> {
    const rows = this.rows;
    for (let firstRow = 0; firstRow < rows; firstRow += rowsPerBlock) {
      yield { firstRow, vectors: await this.#read(firstRow, Math.min(rowsPerBlock, rows - firstRow)) };
    }
  }

  /** The vectors of `rows`, in that order: [rows.length, dimension]. Rejects with `not-found` for a row that is not there. */
  async read(rows: readonly number[] | Uint32Array): Promise<Float32Array<ArrayBuffer>> {
    const { dimension } = this;
    for (const row of rows) {
      if (!Number.isInteger(row) || row < 0 || row >= this.rows) {
        throw new AppError('not-found', `The vectors have no row ${row}.`, 'Compute the vector of the image first.');
      }
    }
    const result = new Float32Array(rows.length * dimension);
    for (let from = 0; from < rows.length;) {
      // Rows that lie near each other in ascending order come with one read.
      const first = rows[from]!;
      let to = from + 1;
      while (to < rows.length && rows[to]! >= rows[to - 1]! && rows[to]! < first + rowsPerRead) to++;
      const block = await this.#read(first, rows[to - 1]! - first + 1);
      for (let i = from; i < to; i++) {
        const at = (rows[i]! - first) * dimension;
        result.set(block.subarray(at, at + dimension), i * dimension);
      }
      from = to;
    }
    return result;
  }

  /** Commits and closes. */
  async dispose(): Promise<void> {
    if (!this.#open) return;
    try {
      if (this.#lock) await this.commit();
    } finally {
      this.#open = false;
      await closeAll([this.#vectors, this.#hashes]);
      this.#lock?.dispose();
    }
  }

  async #recover(): Promise<void> {
    const { rows: committed, devices } = await readCommitted(join(this.folder, 'committed.json'));
    const rowBytes = this.dimension * 4;
    const [vectors, hashes] = [await this.#vectors.stat(), await this.#hashes.stat()];
    // A file that lost its tail with the power loses rows, not the store.
    const rows = Math.min(committed, Math.floor(vectors.size / rowBytes), Math.floor(hashes.size / hashBytes));
    if (this.#lock) {
      await this.#vectors.truncate(rows * rowBytes);
      await this.#hashes.truncate(rows * hashBytes);
      if (rows < committed) forgetMade(this.folder);
    }
    const known = new Uint8Array(rows * hashBytes);
    await readAt(this.#hashes, known, 0);
    this.#index.append(known);
    this.#committed = rows;
    // Which of them the lost rows were of is not known.
    this.#devices = rows < committed ? {} : devices;
  }

  async #commit(): Promise<void> {
    if (this.rows === this.#committed) return;
    const rows = this.rows;
    await this.#vectors.datasync();
    await this.#hashes.datasync();
    writeFileAside(join(this.folder, 'committed.json'), JSON.stringify({ version: 1, rows, devices: this.#devices }));
    this.#committed = rows;
  }

  async #read(row: number, count: number): Promise<Float32Array<ArrayBuffer>> {
    const vectors = new Float32Array(count * this.dimension);
    await readAt(this.#vectors, new Uint8Array(vectors.buffer), row * this.dimension * 4);
    return vectors;
  }

  /** Writes one after another, and none after the store was closed or opened for reading. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(async () => {
      if (!this.#lock) throw new AppError('internal', 'These embeddings are open for reading.', 'Open them for writing.');
      if (!this.#open) throw new AppError('internal', 'The embeddings are closed.', 'Open them again.');
      try {
        await write();
      } catch (error) {
        throw systemError(error) ?? error;
      }
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}

async function openFiles(folder: string, flags: string): Promise<[FileHandle, FileHandle]> {
  const opened: FileHandle[] = [];
  try {
    const vectors = await open(join(folder, 'vectors.f32'), flags);
    opened.push(vectors);
    return [vectors, await open(join(folder, 'hashes.bin'), flags)];
  } catch (error) {
    await closeAll(opened);
    throw systemError(error) ?? error;
  }
}

async function closeAll(files: readonly FileHandle[]): Promise<void> {
  for (const file of files) await file.close();
}

/** By the names of devices. */
export type RowsByDevice = Readonly<Record<string, number>>;

interface Committed {
  readonly rows: number;
  /** None in those of earlier versions. */
  readonly devices: RowsByDevice;
}

/** The last commit; no rows before the first. */
async function readCommitted(path: string): Promise<Committed> {
  const text = await readIfPresent(path);
  if (!text) return { rows: 0, devices: {} };
  try {
    const value: unknown = JSON.parse(textOf(text));
    if (typeof value === 'object' && value !== null && 'rows' in value && Number.isInteger(value.rows)) {
      const devices = 'devices' in value && typeof value.devices === 'object' && value.devices !== null ? value.devices : {};
      return { rows: Math.max(0, Number(value.rows)), devices: devices as RowsByDevice };
    }
  } catch {
    // The same as a file without the number.
  }
  throw new AppError('bad-file', `${path} is damaged.`, 'Remove its folder; the vectors are computed again when needed.');
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw systemError(error) ?? error;
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

async function readAt(file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) {
      throw new AppError('bad-file', 'The file of vectors is shorter than it was.', 'Compute them again.');
    }
    done += bytesRead;
  }
}

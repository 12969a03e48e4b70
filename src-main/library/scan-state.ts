// What the stages of a scan share: survey (walk and compare), decode, reconcile.
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import type { DecodedImage, Decoder } from '../images/decoder.ts';
import type { Folder } from './folders.ts';
import type { LabelRule } from './labels.ts';
import type { Library } from './library.ts';
import type { ScanStore } from './scan-store.ts';

/** Where decoded images are kept; the cache of the images room fits. */
export interface ScanCache {
  has(hash: string): boolean | Promise<boolean>;
  put(hash: string, image: DecodedImage): void | Promise<void>;
}

/** At the end: found = decoded + reused + unchanged + failed. */
export interface ScanCounts {
  /** Files with the name of an image. */
  readonly found: number;
  readonly decoded: number;
  /** New or changed files whose content was known: hashed, not decoded. */
  readonly reused: number;
  /** Same size and time as before: not read. */
  readonly unchanged: number;
  /** Files that gave no image, now or when they were last read. */
  readonly failed: number;
  readonly notImages: number;
  readonly unreadableFolders: number;
  /** Images of the catalogue whose file went missing since the scan before. */
  readonly missing: number;
  /** Images found again under another name. */
  readonly moved: number;
}

export type MutableCounts = { -readonly [K in keyof ScanCounts]: ScanCounts[K] };

export const zeroCounts = (): MutableCounts => ({
  found: 0,
  decoded: 0,
  reused: 0,
  unchanged: 0,
  failed: 0,
  notImages: 0,
  unreadableFolders: 0,
  missing: 0,
  moved: 0,
});

const batchRows = 200;
const batchMilliseconds = 250;

/** Collects writes and commits them together, so that a killed scan loses a quarter of a second at most. */
export class WriteBatch {
  readonly #library: Library;
  #writes: (() => void)[] = [];
  #committed: (() => void)[] = [];
  #since = 0;

  constructor(library: Library) {
    this.#library = library;
  }

  add(write: () => void, committed?: () => void): void {
    if (this.#writes.length === 0) this.#since = performance.now();
    this.#writes.push(write);
    if (committed) this.#committed.push(committed);
    this.commitIfDue();
  }

  commitIfDue(): void {
    if (this.#writes.length >= batchRows || performance.now() - this.#since >= batchMilliseconds) this.commit();
  }

  commit(): void {
    if (this.#writes.length === 0) return;
    const [writes, committed] = [this.#writes, this.#committed];
    this.#writes = [];
    this.#committed = [];
    this.#library.write(() => {
      for (const write of writes) write();
    });
    for (const done of committed) done();
  }
}

/** A set of row numbers, one bit each: a million images take 125 kB. */
export class RowSet {
  #bits = new Uint8Array(1024);

  add(id: number): void {
    const at = id >>> 3;
    if (at >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, this.#bits.length * 2));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[at] = this.#bits[at]! | (1 << (id & 7));
  }

  delete(id: number): void {
    if (this.has(id)) this.#bits[id >>> 3] = this.#bits[id >>> 3]! & ~(1 << (id & 7));
  }

  has(id: number): boolean {
    return ((this.#bits[id >>> 3] ?? 0) & (1 << (id & 7))) !== 0;
  }
}

export interface ScanState {
  readonly library: Library;
  readonly folder: Folder;
  readonly scanId: number;
  /** Device and inode of the root when the scan began. */
  readonly rootIdentity: string;
  readonly rule: LabelRule;
  readonly store: ScanStore;
  readonly batch: WriteBatch;
  readonly decoder: Decoder;
  readonly cache: ScanCache | undefined;
  readonly settings: DecodeSettings;
  readonly shortSide: number;
  readonly concurrency: number;
  /** Aborted by the caller or by the first stage that fails. */
  readonly signal: AbortSignal;
  readonly within: readonly string[] | undefined;
  readonly counts: MutableCounts;
  /** Rows whose file the walk met. */
  readonly seen: RowSet;
  /** Relative path → why the folder could not be listed. */
  readonly unreadableFolders: Map<string, string>;
  /** Files that were being decoded when the program last ended without saying goodbye. */
  readonly suspects: Set<string>;
  /** True once the walk is through, so that `found` is final. */
  surveyed: boolean;
}

export function cancelled(): AppError {
  return new AppError('cancelled', 'Reading the folder was stopped.', 'Read it again to go on where it stopped.');
}

/** The root is not there any more, or another folder is in its place. */
export function rootVanished(root: string): AppError {
  return new AppError(
    'not-found',
    `The folder ${root} vanished while it was read.`,
    'Connect its drive again and read it once more: what was found so far is kept, and no image was marked as missing.',
  );
}

// Pairs of similar rows beside the vectors, so that they are compared once. A file is written aside and renamed, by any process, one that
// only reads the vectors too; its name is a hash of its rows. It serves a part of its rows as well: duplicates that a person has deleted.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { systemError } from '../../shared/errors.ts';
import { spaceKinds } from '../evaluation/spaces.ts';
import type { SpaceKind, SpaceTransform } from '../evaluation/spaces.ts';
import { onThread } from '../files/thread-work.ts';
import { writeFileAside } from '../files/write-aside.ts';
import type { SimilarPairs } from './pair-collector.ts';

/** Of two pictures. */
export const notCompared = 0;
export const samePicture = 1;
export const otherPicture = 2;

export interface KeptPairs {
  readonly kind: SpaceKind;
  /** As `keyOfSpace`. */
  readonly space: string;
  /** Rows of the store that were compared with each other, ascending. */
  readonly rows: Uint32Array;
  /** With the row numbers of the store. */
  readonly pairs: SimilarPairs;
  /** What a look at the pixels of each pair has told. */
  readonly same: Uint8Array;
}

/** Files that are kept, the newest: some MB each where much is alike, 32 at most. */
const mostKept = 4;

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);
const keyOf = (...parts: readonly ArrayBufferView[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(bytesOf(part));
  return hash.digest('hex').slice(0, 16);
};

/** Equal for equal spaces: cosines of different ones are not to be mixed. */
export const keyOfSpace = ({ mean, directions, scales }: SpaceTransform): string => keyOf(mean, directions, scales);

/** Keeps pairs, on a thread: there may be many megabytes of them. A place that cannot be written to keeps nothing, and that is no error. */
export async function keepPairsAside(folder: string, kept: KeptPairs): Promise<void> {
  const entry = new URL(`./keep-pairs-worker${extname(import.meta.url)}`, import.meta.url);
  await onThread<null>(entry, { folder, kept } satisfies KeepTask, { name: 'keep pairs' });
}

/** What the thread is told. */
export interface KeepTask {
  readonly folder: string;
  readonly kept: KeptPairs;
}

/** The same, here. */
export function keepPairs(folder: string, kept: KeptPairs): void {
  try {
    writeFileAside(join(folder, `pairs-${kept.kind}-${keyOf(kept.rows)}.safetensors`), encodePairs(kept));
    for (const file of keptFiles(folder).slice(mostKept)) rmSync(file, { force: true });
  } catch (error) {
    if (!systemError(error)) throw error;
  }
}

/** The kept pairs among `rows`, all of which were compared with each other; undefined where none were. The newest, where several would do. */
export function keptPairs(folder: string, kind: SpaceKind, rows: Uint32Array): KeptPairs | undefined {
  for (const file of keptFiles(folder, kind)) {
    const head = readHead(file);
    if (!head || head.rows.length < rows.length) continue;
    const known = bitmapOf(head.rows);
    if (!rows.every((row) => has(known, row))) continue;
    const kept = read(file);
    if (kept) return amongRows(kept, rows);
  }
  return undefined;
}

/** Of the kept pairs in this space those among the rows that they have in common with `rows`: of the file that has most of them. */
export function commonPairs(folder: string, kind: SpaceKind, space: string, rows: Uint32Array): KeptPairs | undefined {
  let best: { readonly file: string; readonly common: Uint32Array } | undefined;
  for (const file of keptFiles(folder, kind)) {
    const head = readHead(file);
    if (head?.space !== space) continue;
    const known = bitmapOf(head.rows);
    const common = rows.filter((row) => has(known, row));
    if (common.length > (best?.common.length ?? 0)) best = { file, common };
  }
  const kept = best && read(best.file);
  return kept && amongRows(kept, best!.common);
}

/** One byte for each row up to the highest. */
function bitmapOf(rows: Uint32Array): Uint8Array {
  const bitmap = new Uint8Array(rows.reduce((highest, row) => Math.max(highest, row + 1), 0));
  for (const row of rows) bitmap[row] = 1;
  return bitmap;
}
const has = (bitmap: Uint8Array, row: number): boolean => bitmap[row] === 1;

function amongRows(kept: KeptPairs, rows: Uint32Array): KeptPairs {
  if (rows.length === kept.rows.length) return kept;
  const { first, second, cosines, floor } = kept.pairs;
  const known = bitmapOf(rows);
  const places = first.map((_, i) => i).filter((i) => has(known, first[i]!) && has(known, second[i]!));
  return {
    ...kept,
    rows: rows.toSorted(),
    pairs: {
      floor,
      first: places.map((i) => first[i]!),
      second: places.map((i) => second[i]!),
      cosines: Float64Array.from(places, (i) => cosines[i]!),
    },
    same: Uint8Array.from(places, (i) => kept.same[i]!),
  };
}

/** Newest first. */
function keptFiles(folder: string, kind?: SpaceKind): string[] {
  return readdirSync(folder)
    .filter((name) => /^pairs-[a-z]+-[0-9a-f]{16}\.safetensors$/.test(name) && (kind === undefined || name.startsWith(`pairs-${kind}-`)))
    .map((name) => ({ file: join(folder, name), time: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.time - a.time)
    .map(({ file }) => file);
}

const types = { rows: 'U32', cosines: 'F64', first: 'U32', second: 'U32', same: 'U8' } as const;

/** A safetensors file, which others can read too. */
function encodePairs({ kind, space, rows, pairs, same }: KeptPairs): Uint8Array {
  const { floor, first, second, cosines } = pairs;
  const tensors = { rows, cosines, first, second, same };
  const header: Record<string, unknown> = { __metadata__: { format: 'ijepa-studio-pairs', version: '1', kind, space, floor: `${floor}` } };
  let offset = 0;
  for (const [name, { length, byteLength }] of Object.entries(tensors))
    header[name] = {
      dtype: types[name as keyof typeof types],
      shape: [length],
      data_offsets: [offset, (offset += byteLength)],
    };
  const json = JSON.stringify(header);
  const text = Buffer.from(json + ' '.repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([size, text, ...Object.values(tensors).map(bytesOf)]);
}

/** Undefined for what is damaged, is of another version, or went away meanwhile. */
function read(file: string): KeptPairs | undefined {
  try {
    return decodePairs(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** What tells whether a file is worth reading as a whole; undefined as `read`. */
function readHead(file: string): Pick<KeptPairs, 'space' | 'rows'> | undefined {
  try {
    const handle = openSync(file, 'r');
    try {
      const part = (bytes: number, at: number): Buffer => {
        const buffer = Buffer.alloc(bytes);
        if (readSync(handle, buffer, 0, bytes, at) !== bytes) throw new Error('cut off');
        return buffer;
      };
      const size = Number(part(8, 0).readBigUInt64LE());
      if (size > largestHeader) return undefined;
      const header = JSON.parse(part(size, 8).toString()) as Header;
      const [from, to] = header['rows']!['data_offsets'] as [number, number];
      return {
        space: String(header['__metadata__']?.['space']),
        rows: new Uint32Array(new Uint8Array(part(to - from, 8 + size + from)).buffer),
      };
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

type Header = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
/** Bytes; a few hundred are usual. */
const largestHeader = 100_000;

function decodePairs(bytes: Buffer): KeptPairs | undefined {
  const size = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + size)) as Header;
  const { format, version, kind: named, space, floor } = header['__metadata__'] ?? {};
  const kind = spaceKinds.find((one) => one === named);
  if (format !== 'ijepa-studio-pairs' || version !== '1' || !kind) return undefined;
  const data = (name: keyof typeof types): ArrayBuffer => {
    const [from, to] = header[name]!['data_offsets'] as [number, number];
    if (8 + size + to > bytes.length) throw new Error(`${name} is cut off`);
    return new Uint8Array(bytes.subarray(8 + size + from, 8 + size + to)).buffer;
  };
  const pairs = {
    floor: Number(floor),
    first: new Uint32Array(data('first')),
    second: new Uint32Array(data('second')),
    cosines: new Float64Array(data('cosines')),
  };
  const same = new Uint8Array(data('same'));
  const lengths = [pairs.first.length, pairs.second.length, pairs.cosines.length];
  if (!Number.isFinite(pairs.floor) || lengths.some((length) => length !== same.length)) return undefined;
  return { kind, space: String(space), rows: new Uint32Array(data('rows')), pairs, same };
}

// Maps beside the vectors that they were drawn of. Named by a hash of the rows, written aside and renamed: two processes at once write the
// same file or two different ones.
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import { SafetensorsFile, writeSafetensors } from '../../formats/safetensors.ts';

export interface LibraryMap {
  /** Rows of the store that are on it, ascending. */
  readonly rows: Uint32Array;
  /** [n, 2] in a square from −1 to 1. */
  readonly places: Float32Array;
}

/** Changes when maps are drawn otherwise: earlier ones are then drawn anew. */
const version = '1';
/** Maps of a space that are kept, the newest: as many folders may share the vectors of a checkpoint. 12 bytes an image. */
const mostKept = 8;
/** Share of the rows that are wanted, or on it, that must be both for a map to be shown: the rest is missing, or left out. */
const enoughInCommon = 2 / 3;

const largestOf = (rows: Uint32Array): number => rows.reduce((largest, row) => (row > largest ? row : largest), 0);

/** Keeps a map. A place that cannot be written to keeps nothing, and that is no error. */
export function keepMap(folder: string, kind: SpaceKind, { rows, places }: LibraryMap): void {
  const key = createHash('sha256')
    .update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
    .digest('hex')
    .slice(0, 16);
  const numbers = new Int32Array(rows.buffer, rows.byteOffset, rows.length);
  const tensors = [
    { name: 'rows', shape: [rows.length], data: numbers },
    { name: 'places', shape: [rows.length, 2], data: places },
  ];
  try {
    writeSafetensors(join(folder, `map-${kind}-${key}.safetensors`), tensors, { format: 'ijepa-studio-map', version });
    for (const file of keptFiles(folder, kind).slice(mostKept)) rmSync(file, { force: true });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/** The kept map that has most of `rows`; undefined when none has enough of them. */
export function keptMap(folder: string, kind: SpaceKind, rows: Uint32Array): LibraryMap | undefined {
  // Not a set: of 100,000 rows that one takes a tenth of a second, in which an engine could not answer.
  const wanted = new Uint8Array(largestOf(rows) + 1);
  for (const row of rows) wanted[row] = 1;
  let best: { readonly map: LibraryMap; readonly common: number } | undefined;
  for (const file of keptFiles(folder, kind)) {
    const map = read(file);
    if (!map) continue;
    let both = 0;
    for (const row of map.rows) both += wanted[row] ?? 0;
    const common = both / Math.max(1, map.rows.length + rows.length - both);
    if (common >= enoughInCommon && (!best || common > best.common)) best = { map, common };
    if (common === 1) break;
  }
  return best?.map;
}

/** Where `rows` are on a map [n, 2]; NaN for those that are not. */
export function placesOf({ rows: drawn, places }: LibraryMap, rows: Uint32Array): Float32Array<ArrayBuffer> {
  const placeOf = new Uint32Array(largestOf(drawn) + 1);
  drawn.forEach((row, i) => (placeOf[row] = i + 1));
  const found = new Float32Array(2 * rows.length).fill(Number.NaN);
  rows.forEach((row, i) => {
    const at = (placeOf[row] ?? 0) - 1;
    if (at < 0) return;
    found[2 * i] = places[2 * at]!;
    found[2 * i + 1] = places[2 * at + 1]!;
  });
  return found;
}

/** Another text when a map of these vectors has been kept or has gone since. */
export const mapsStamp = (folder: string): string =>
  readdirSync(folder)
    .filter((name) => name.startsWith('map-') && name.endsWith('.safetensors'))
    .map((name) => `${name} ${statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0}`)
    .join();

/** Newest first. */
function keptFiles(folder: string, kind: SpaceKind): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`map-${kind}-`) && name.endsWith('.safetensors'))
    .map((name) => ({ file: join(folder, name), time: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.time - a.time)
    .map(({ file }) => file);
}

/** Undefined for what is damaged, of another version, or went away meanwhile. */
function read(file: string): LibraryMap | undefined {
  let opened: SafetensorsFile | undefined;
  try {
    opened = new SafetensorsFile(file);
    if (opened.metadata['version'] !== version) return undefined;
    const rows = new Uint32Array(opened.readBytes('rows').buffer);
    const places = new Float32Array(opened.readBytes('places').buffer);
    return places.length === 2 * rows.length ? { rows, places } : undefined;
  } catch {
    return undefined;
  } finally {
    opened?.dispose();
  }
}

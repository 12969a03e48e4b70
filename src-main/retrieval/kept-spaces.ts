// Fitted spaces beside the vectors that they were fitted on. Any process may keep one, a search that only reads the vectors too: a
// file is written aside and renamed, and its name is a hash of the rows, so that two at once write the same file or two different ones.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../shared/errors.ts';
import { defaultShrinkage } from '../evaluation/spaces.ts';
import type { SpaceKind, SpaceTransform } from '../evaluation/spaces.ts';
import { writeFileAside } from '../files/write-aside.ts';
import { decodeSpace, encodeSpace, type StoredSpace } from './space-file.ts';

/** Files of a kind that are kept, the newest: as many folders may share the vectors of a checkpoint. Some 100 kB each. */
const mostKept = 8;
/** Share of the rows of two fits that must be common to both for the one to stand in for the other: a folder may grow by half. */
const enoughInCommon = 2 / 3;

/** Keeps a space fitted on these rows (ascending). A place that cannot be written to keeps nothing, and that is no error. */
export function keepSpace(folder: string, space: SpaceTransform, rows: Uint32Array): void {
  const key = createHash('sha256')
    .update(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))
    .digest('hex')
    .slice(0, 16);
  try {
    writeFileAside(join(folder, `space-${space.kind}-${key}.safetensors`), encodeSpace(space, rows));
    for (const { file } of keptFiles(folder, space.kind).slice(mostKept)) rmSync(file, { force: true });
  } catch (error) {
    if (!systemError(error)) throw error;
  }
}

/** The kept space of this kind whose rows have most in common with `rows` (ascending), or undefined when none has enough. */
export function keptSpace(folder: string, kind: SpaceKind, dimension: number, rows: Uint32Array): SpaceTransform | undefined {
  let best: { readonly space: SpaceTransform; readonly common: number } | undefined;
  for (const { file } of keptFiles(folder, kind)) {
    const stored = read(file);
    if (stored?.space.kind !== kind || stored.space.dimension !== dimension) continue;
    // Fitted by an earlier version, which mixed in less.
    if (kind === 'whitened' && stored.space.shrinkage !== defaultShrinkage) continue;
    const common = shareInCommon(stored.rows, rows);
    if (common >= enoughInCommon && (!best || common > best.common)) best = { space: stored.space, common };
  }
  return best?.space;
}

/** Newest first. Files without a key, of earlier versions, do not tell their rows: they are the first to go. */
function keptFiles(folder: string, kind: SpaceKind): { readonly file: string; readonly time: number }[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`space-${kind}-`) && name.endsWith('.safetensors'))
    .map((name) => ({ file: join(folder, name), keyed: /-[0-9a-f]{16}\.safetensors$/.test(name) }))
    .map(({ file, keyed }) => ({ file, time: keyed ? (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) : 0 }))
    .toSorted((a, b) => b.time - a.time);
}

/** Undefined for what is damaged, or went away meanwhile. */
function read(file: string): StoredSpace | undefined {
  try {
    return decodeSpace(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** |a ∩ b| ÷ |a ∪ b|. */
function shareInCommon(a: Uint32Array, b: Uint32Array): number {
  const known = new Set(a);
  const common = b.reduce((count, row) => count + Number(known.has(row)), 0);
  return common / Math.max(1, a.length + b.length - common);
}

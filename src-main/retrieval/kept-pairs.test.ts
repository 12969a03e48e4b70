import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fitSpace } from '../evaluation/spaces.ts';
import { commonPairs, keepPairs, keptPairs, keyOfSpace } from './kept-pairs.ts';
import type { KeptPairs } from './kept-pairs.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kept-pairs-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rowsTo = (end: number): Uint32Array<ArrayBuffer> => Uint32Array.from({ length: end }, (_, row) => row);
/** 0–1 are alike, 1–2, 2–3 …, each pair less than the one before; which are the same picture goes round. */
const chain = (rows: number, more: Partial<KeptPairs> = {}): KeptPairs => ({
  kind: 'whitened',
  space: 'one',
  rows: rowsTo(rows),
  pairs: {
    floor: 0.8,
    first: rowsTo(rows - 1),
    second: rowsTo(rows - 1).map((row) => row + 1),
    cosines: Float64Array.from({ length: rows - 1 }, (_, i) => 1 - 0.001 * i - 1e-9),
  },
  same: Uint8Array.from({ length: rows - 1 }, (_, i) => i % 3),
  ...more,
});

describe('kept pairs', () => {
  it('come back as they were, for all their rows and for a part of them', () => {
    expect(keptPairs(folder, 'whitened', rowsTo(9))).toBeUndefined();
    keepPairs(folder, chain(9));
    expect(keptPairs(folder, 'whitened', rowsTo(9))).toEqual(chain(9));
    const part = keptPairs(folder, 'whitened', Uint32Array.of(8, 4, 3, 7))!;
    expect([[...part.rows], [...part.pairs.first], [...part.pairs.second], [...part.same]]).toEqual([
      [3, 4, 7, 8],
      [3, 7],
      [4, 8],
      [0, 1],
    ]);
    expect([...part.pairs.cosines]).toEqual([chain(9).pairs.cosines[3], chain(9).pairs.cosines[7]]);
  });

  it('do not, where one row was never compared, nor in another space', () => {
    keepPairs(folder, chain(9));
    expect(keptPairs(folder, 'whitened', rowsTo(10))).toBeUndefined();
    expect(keptPairs(folder, 'centred', rowsTo(9))).toBeUndefined();
  });

  it('of rows in common are found where the space is the same, in the file that has most of them', () => {
    keepPairs(folder, chain(5));
    keepPairs(folder, chain(9, { space: 'other' }));
    keepPairs(folder, chain(7));
    expect(commonPairs(folder, 'whitened', 'one', rowsTo(20))).toEqual(chain(7));
    expect(commonPairs(folder, 'whitened', 'one', Uint32Array.of(2, 3, 30))!.rows).toEqual(Uint32Array.of(2, 3));
    expect(commonPairs(folder, 'whitened', 'none', rowsTo(20))).toBeUndefined();
  });

  it('are the newest four', () => {
    const seen = new Set<string>();
    for (const rows of [3, 4, 5, 6, 7]) {
      keepPairs(folder, chain(rows));
      const fresh = readdirSync(folder).find((name) => !seen.has(name))!;
      seen.add(fresh);
      // In an order that does not hang on the clock's steps.
      utimesSync(join(folder, fresh), 1000, 1000 * rows);
    }
    expect(readdirSync(folder)).toHaveLength(4);
    expect(keptPairs(folder, 'whitened', rowsTo(7))).toEqual(chain(7));
    expect(commonPairs(folder, 'whitened', 'one', rowsTo(3))!.rows).toEqual(rowsTo(3));
    // Of the oldest the file itself is gone.
    expect(
      readdirSync(folder)
        .map((name) => statSync(join(folder, name)).mtimeMs)
        .toSorted((a, b) => a - b),
    ).toEqual([4e6, 5e6, 6e6, 7e6]);
  });

  it('that are damaged, cut or of another version count as absent', () => {
    keepPairs(folder, chain(9));
    const file = join(folder, readdirSync(folder)[0]!);
    const whole = readFileSync(file);
    for (const bytes of [
      whole.subarray(0, whole.length - 1),
      whole.subarray(0, 40),
      Buffer.alloc(0),
      Buffer.from(whole).fill(0xff, 0, 4),
    ]) {
      writeFileSync(file, bytes);
      expect(keptPairs(folder, 'whitened', rowsTo(9))).toBeUndefined();
      expect(commonPairs(folder, 'whitened', 'one', rowsTo(9))).toBeUndefined();
    }
    writeFileSync(file, whole.toString('latin1').replace('"version":"1"', '"version":"2"'), 'latin1');
    expect(keptPairs(folder, 'whitened', rowsTo(9))).toBeUndefined();
    keepPairs(folder, chain(9));
    expect(keptPairs(folder, 'whitened', rowsTo(9))).toEqual(chain(9));
  });

  it('that cannot be written are no error', () => {
    keepPairs(join(folder, 'gone'), chain(9));
    expect(readdirSync(folder)).toEqual([]);
  });
});

it('the key of a space tells spaces apart', () => {
  const vectors = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i));
  const [one, other] = [fitSpace('whitened', vectors, 6), fitSpace('whitened', vectors.subarray(6), 6)];
  expect(keyOfSpace(one)).toBe(keyOfSpace(fitSpace('whitened', vectors, 6)));
  expect(keyOfSpace(one)).not.toBe(keyOfSpace(other));
});

import { mkdtempSync, readdirSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atOnce } from '../../files/in-pieces.ts';
import { keepMap, keptMap as keptMapInPieces, placesOf } from './kept-maps.ts';
import type { LibraryMap } from './kept-maps.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kept-maps-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keptMap = (...asked: Parameters<typeof keptMapInPieces>): LibraryMap | undefined => atOnce(keptMapInPieces(...asked));
const rows = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const mapOf = (some: Uint32Array): LibraryMap => ({
  rows: some,
  places: Float32Array.from({ length: 2 * some.length }, (_, i) => some[i >> 1]! / 100 + (i & 1)),
});

describe('a kept map', () => {
  it('comes back for its rows or mostly those, of its space alone', () => {
    keepMap(folder, 'whitened', mapOf(rows(0, 40)));
    expect(keptMap(folder, 'whitened', rows(0, 40))).toEqual(mapOf(rows(0, 40)));
    expect(keptMap(folder, 'whitened', rows(5, 42))).toEqual(mapOf(rows(0, 40)));
    expect(keptMap(folder, 'whitened', rows(0, 61))).toBeUndefined();
    expect(keptMap(folder, 'whitened', rows(40, 80))).toBeUndefined();
    expect(keptMap(folder, 'raw', rows(0, 40))).toBeUndefined();
  });

  it('gives way to one that has more of the rows', () => {
    keepMap(folder, 'raw', mapOf(rows(0, 40)));
    keepMap(folder, 'raw', mapOf(rows(0, 44)));
    expect(keptMap(folder, 'raw', rows(0, 45))?.rows).toHaveLength(44);
    expect(keptMap(folder, 'raw', rows(0, 40))?.rows).toHaveLength(40);
  });

  it('is as if it were not there when it is damaged; of each space the newest eight stay', () => {
    keepMap(folder, 'raw', mapOf(rows(0, 40)));
    const [name] = readdirSync(folder);
    truncateSync(join(folder, name!), 100);
    expect(keptMap(folder, 'raw', rows(0, 40))).toBeUndefined();
    utimesSync(join(folder, name!), 1, 1);
    for (let i = 0; i < 8; i++) keepMap(folder, 'raw', mapOf(rows(100 * i, 100 * i + 10)));
    expect(readdirSync(folder)).toHaveLength(8);
    expect(readdirSync(folder)).not.toContain(name);
  });

  it('that cannot be kept is said: it took a while to draw', () => {
    expect(() => keepMap(join(folder, 'gone'), 'raw', mapOf(rows(0, 4)))).toThrow(/gone/);
  });

  it('tells where rows are, and which are on it no more', () => {
    const places = placesOf(mapOf(rows(10, 20)), Uint32Array.of(9, 10, 19));
    expect([...places]).toEqual([Number.NaN, Number.NaN, ...[0.1, 1.1, 0.19, 1.19].map((value) => expect.closeTo(value, 5))]);
  });
});

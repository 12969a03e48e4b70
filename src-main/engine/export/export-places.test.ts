// Which map an export takes its places from, and when it counts as another one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { keepMap } from '../../retrieval/map/kept-maps.ts';
import { exportedPlaces } from './export-places.ts';
import type { ExportedPlaces } from './export-places.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'export-places-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rows = Uint32Array.from({ length: 20 }, (_, i) => 3 * i);
const keep = (kind: SpaceKind, some = rows, moved = 0): void =>
  keepMap(folder, kind, { rows: some, places: Float32Array.from({ length: 2 * some.length }, (_, i) => i / 64 + moved) });
const placesFor = (...asked: Parameters<typeof exportedPlaces>): ExportedPlaces | undefined => atOnce(exportedPlaces(...asked));
const spaceOf = (space: SpaceKind): SpaceKind | undefined => placesFor(folder, space, rows)?.projection.space;

describe('the places of an export', () => {
  it('are none where no map was drawn', () => {
    expect(placesFor(folder, 'raw', rows)).toBeUndefined();
  });

  it('are those of its own space, else of the whitened, the centred, the raw one', () => {
    keep('raw');
    expect(spaceOf('whitened')).toBe('raw');
    keep('centred');
    expect([spaceOf('whitened'), spaceOf('raw')]).toEqual(['centred', 'raw']);
    keep('whitened');
    expect([spaceOf('whitened'), spaceOf('centred'), spaceOf('raw')]).toEqual(['whitened', 'centred', 'raw']);
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'export-places-'));
    keep('centred');
    keep('whitened');
    expect(spaceOf('raw')).toBe('whitened');
  });

  it('are each of its own row, and none of rows that were added since the map was drawn', () => {
    keep(
      'whitened',
      rows.filter((_, i) => i !== 4 && i !== 19),
    );
    const { of, missing } = placesFor(folder, 'raw', rows)!;
    expect(missing).toBe(2);
    expect([of(0), of(3), of(4), of(5), of(18), of(19)]).toEqual([
      [0, 1 / 64],
      [6 / 64, 7 / 64],
      undefined,
      [8 / 64, 9 / 64],
      [34 / 64, 35 / 64],
      undefined,
    ]);
  });

  it('are told from those of another map by a hash, and are the same whatever else is on it', () => {
    keep('raw');
    const hash = (): string | undefined => placesFor(folder, 'raw', rows)?.projection.placesHash;
    const first = hash();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    keep('raw', rows, 0.25);
    expect(hash()).not.toBe(first);
    keep('raw');
    expect(hash()).toBe(first);
    // Rows of other folders that are on the same map are not exported.
    rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 'export-places-'));
    keep('raw', Uint32Array.of(...rows, 100, 101));
    expect(hash()).toBe(first);
  });
});

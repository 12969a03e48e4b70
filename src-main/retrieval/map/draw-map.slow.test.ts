import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitSpace } from '../../evaluation/spaces.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { EmbeddingStore } from '../embedding-store.ts';
import { clusteredVectors } from '../testing/clustered-vectors.ts';
import { hashOf, identity } from '../testing/embedding-fixtures.ts';
import { drawMap } from './draw-map.ts';
import { libraryMap } from './library-map.ts';
import type { MapTask } from './map-worker.ts';

const dimension = 16;
const { vectors, kindOf } = clusteredVectors(900, dimension, 6, 0.5);
let folder = '';
let task: MapTask;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'draw-map-'));
  const store = await EmbeddingStore.openForWriting(folder, { ...identity, dimension }, '0.0.0');
  await store.append(
    Array.from({ length: 900 }, (_, row) => hashOf(row)),
    vectors,
  );
  await store.commit();
  await store.dispose();
  const space = fitSpace('whitened', vectors, dimension);
  task = { store: store.folder, rows: Uint32Array.from({ length: 900 }, (_, i) => i), space, whitened: space, earlier: undefined };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const middleOf = (places: Float32Array, kind: number): readonly number[] => {
  const own = Array.from({ length: 900 }, (_, row) => row).filter((row) => kindOf(row) === kind);
  return [0, 1].map((axis) => own.reduce((sum, row) => sum + places[2 * row + axis]! / own.length, 0));
};

describe('a map drawn on a thread', () => {
  it('is the one that would be drawn here; who waits is told how far it is, and can do other things', async () => {
    const shares: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const places = await drawMap(task, { onShare: (share) => shares.push(share) });
    clearInterval(timer);
    expect(places).toEqual(atOnce(libraryMap(vectors, task, undefined, () => undefined)));
    expect(turns).toBeGreaterThan(10);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.length).toBeGreaterThan(1);
  });

  it('that begins from an earlier one leaves kinds where they were, and takes new images to theirs', async () => {
    const before = await drawMap(task);
    const earlier = before.slice();
    // As if the last hundred had been added since.
    earlier.fill(Number.NaN, 1600);
    const after = await drawMap({ ...task, earlier });
    for (let kind = 0; kind < 6; kind++) {
      const [x, y] = middleOf(before, kind);
      const [u, v] = middleOf(after, kind);
      expect(Math.hypot(x! - u!, y! - v!)).toBeLessThan(0.25);
    }
    for (let row = 800; row < 900; row++) {
      const distances = Array.from({ length: 6 }, (_, kind) => {
        const [x, y] = middleOf(after, kind);
        return Math.hypot(after[2 * row]! - x!, after[2 * row + 1]! - y!);
      });
      expect(distances.indexOf(Math.min(...distances))).toBe(kindOf(row));
    }
  });

  it('can be given up, and says what vectors it lacks', async () => {
    await expect(drawMap(task, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
    const stop = new AbortController();
    const drawing = drawMap(task, { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(drawing).rejects.toMatchObject({ code: 'cancelled' });
    await expect(drawMap({ ...task, rows: Uint32Array.of(3, 901) })).rejects.toMatchObject({ code: 'not-found' });
  });
});

import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySpace, fitSpace } from '../evaluation/spaces.ts';
import { EmbeddingStore } from './embedding-store.ts';
import { keepSpace, keptSpace } from './kept-spaces.ts';
import { librarySpace } from './library-search.ts';
import { decodeSpace, encodeSpace } from './space-file.ts';
import { hashOf, identity, vectorsOf } from './testing/embedding-fixtures.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'kept-spaces-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const { dimension } = identity;
const rows = (from: number, to: number): Uint32Array => Uint32Array.from({ length: to - from }, (_, i) => from + i);
const vectors = (some: Uint32Array): Float32Array => vectorsOf([...some]).map((value, i) => value * Math.sin(i + some[0]!));
const spaceOn = (some: Uint32Array): ReturnType<typeof fitSpace> => fitSpace('whitened', vectors(some), dimension, { components: 4 });
const kept = (some: Uint32Array): ReturnType<typeof fitSpace> | undefined => keptSpace(folder, 'whitened', dimension, some);

describe('a kept space', () => {
  it('comes back for the rows it was fitted on, or mostly those, and for no others', () => {
    const space = spaceOn(rows(0, 40));
    expect(kept(rows(0, 40))).toBeUndefined();
    keepSpace(folder, space, rows(0, 40));
    expect(kept(rows(0, 40))).toEqual(space);
    expect(applySpace(kept(rows(0, 40))!, vectors(rows(3, 9)))).toEqual(applySpace(space, vectors(rows(3, 9))));
    expect(kept(rows(0, 60))).toEqual(space);
    expect(kept(rows(10, 40))).toEqual(space);
    expect(kept(rows(0, 61))).toBeUndefined();
    // As many rows, of another folder.
    expect(kept(rows(40, 80))).toBeUndefined();
    expect(keptSpace(folder, 'centred', dimension, rows(0, 40))).toBeUndefined();
    expect(keptSpace(folder, 'whitened', 3, rows(0, 40))).toBeUndefined();
  });

  it('is fitted anew where an earlier version mixed in another share of the mean variance', () => {
    const space = spaceOn(rows(0, 40));
    keepSpace(folder, { ...space, shrinkage: 0.01 }, rows(0, 40));
    expect(kept(rows(0, 40))).toBeUndefined();
    keepSpace(folder, space, rows(0, 40));
    expect(kept(rows(0, 40))).toEqual(space);
  });

  it('gives way to one that fits better, whichever is newer', () => {
    const [small, large] = [spaceOn(rows(0, 40)), spaceOn(rows(0, 55))];
    keepSpace(folder, large, rows(0, 55));
    keepSpace(folder, small, rows(0, 40));
    expect(kept(rows(0, 55))).toEqual(large);
    expect(kept(rows(0, 41))).toEqual(small);
  });

  it('that is damaged, cut or of an earlier version counts as absent, and is replaced', () => {
    const space = spaceOn(rows(0, 40));
    keepSpace(folder, space, rows(0, 40));
    const [name] = readdirSync(folder);
    const bytes = encodeSpace(space, rows(0, 40));
    for (const length of [0, 5, 60, bytes.length - 1]) {
      expect(() => decodeSpace(bytes.slice(0, length))).toThrow('no fitted space');
      writeFileSync(join(folder, name!), bytes.subarray(0, length));
      expect(kept(rows(0, 40))).toBeUndefined();
    }
    rmSync(join(folder, name!));
    writeFileSync(join(folder, 'space-whitened-v1.safetensors'), encodeSpace(space));
    expect(kept(rows(0, 40))).toBeUndefined();
    keepSpace(folder, space, rows(0, 40));
    expect(kept(rows(0, 40))).toEqual(space);
  });

  it('is one of eight, the newest', () => {
    writeFileSync(join(folder, 'space-whitened-v1.safetensors'), '');
    writeFileSync(join(folder, 'vectors.f32'), '');
    for (let i = 0; i < 10; i++) {
      const names = new Set(readdirSync(folder));
      keepSpace(folder, spaceOn(rows(100 * i, 100 * i + 30)), rows(100 * i, 100 * i + 30));
      for (const name of readdirSync(folder)) if (!names.has(name)) utimesSync(join(folder, name), 1000 + i, 1000 + i);
    }
    expect(readdirSync(folder)).toHaveLength(9);
    expect(kept(rows(0, 30))).toBeUndefined();
    expect(kept(rows(900, 930))).toBeDefined();
  });

  it('that cannot be written is no error', () => {
    expect(() => keepSpace(join(folder, 'none'), spaceOn(rows(0, 40)), rows(0, 40))).not.toThrow();
  });
});

describe('the space of a search', () => {
  const root = (): string => join(folder, 'embeddings');
  const fill = async (count: number): Promise<string> => {
    mkdirSync(root());
    const store = await EmbeddingStore.openForWriting(root(), identity, '0');
    const images = rows(0, count);
    await store.append([...images].map(hashOf), vectors(images));
    await store.dispose();
    return store.folder;
  };
  const spaces = (store: string): string[] => readdirSync(store).filter((name) => name.startsWith('space-'));

  it('is kept by a search that only reads, one for each folder of the library', async () => {
    const path = await fill(200);
    const store = await EmbeddingStore.openForReading(path);
    const [left, right] = [await librarySpace(store, 'whitened', rows(0, 100)), await librarySpace(store, 'whitened', rows(100, 200))];
    expect(right.mean).not.toEqual(left.mean);
    expect(spaces(path)).toHaveLength(2);
    const again = await EmbeddingStore.openForReading(path);
    expect(await librarySpace(again, 'whitened', rows(0, 100).toReversed())).toEqual(left);
    expect(await librarySpace(again, 'whitened', rows(100, 200))).toEqual(right);
    expect(spaces(path)).toHaveLength(2);
    for (const one of [store, again]) await one.dispose();
  });

  it('is fitted on about 20,000 vectors of many, and holds when a few are added', async () => {
    const path = await fill(30_000);
    const store = await EmbeddingStore.openForReading(path);
    const space = await librarySpace(store, 'centred', rows(0, 29_000));
    expect(Math.abs(space.fittedOn - 20_000)).toBeLessThan(500);
    expect(await librarySpace(store, 'centred')).toEqual(space);
    expect(spaces(path)).toHaveLength(1);
    await store.dispose();
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EmbeddingStore } from './embedding-store.ts';
import { forgetVectors } from './forget-vectors.ts';
import { hashOf, identity, vectorOf, vectorsOf } from './testing/embedding-fixtures.ts';

let root = '';
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'forget-vectors-'))));
afterEach(() => rmSync(root, { recursive: true }));

const open = async (step: number): Promise<EmbeddingStore> => EmbeddingStore.openForWriting(root, { ...identity, step }, '1.2.3');

it('has the vectors of some contents made again in every store, and leaves the others where they are', async () => {
  const images = [0, 1, 2, 3];
  for (const step of [1, 2]) {
    const store = await open(step);
    await store.append(images.map(hashOf), vectorsOf(images));
    await store.dispose();
  }
  writeFileSync(join(root, 'beside'), 'no store');
  forgetVectors(root, new Set([1, 2, 9].map(hashOf)));
  for (const step of [1, 2]) {
    const store = await open(step);
    expect([store.rows, store.missing(images.map(hashOf))]).toEqual([4, [1, 2].map(hashOf)]);
    await store.append([hashOf(2)], vectorsOf([7]));
    await store.dispose();
    const again = await open(step);
    expect([0, 2, 3].map((image) => again.rowOf(hashOf(image)))).toEqual([0, 4, 3]);
    expect([...(await again.read([3, 4]))]).toEqual([...vectorOf(3), ...vectorOf(7)]);
    await again.dispose();
  }
  expect(() => forgetVectors(join(root, 'nowhere'), new Set([hashOf(1)]))).not.toThrow();
});

it('leaves a store alone that is being written to', async () => {
  const store = await open(1);
  await store.append([hashOf(1)], vectorsOf([1]));
  expect(() => forgetVectors(root, new Set([hashOf(1)]))).toThrow(expect.objectContaining({ code: 'locked' }));
  await store.dispose();
});

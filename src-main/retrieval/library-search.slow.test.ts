import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { spaceKinds } from '../evaluation/spaces.ts';
import { EmbeddingStore } from './embedding-store.ts';
import { librarySpace, openLibrarySearch, placeInSpace } from './library-search.ts';
import { bruteForce } from './testing/brute-force.ts';
import { hashOf, identity } from './testing/embedding-fixtures.ts';

it('searches a store in every space with the rows of the store', async () => {
  const root = mkdtempSync(join(tmpdir(), 'library-search-'));
  try {
    const store = await EmbeddingStore.openForWriting(root, identity, '0');
    const random = new Random(5, 'test');
    const vectors = Float32Array.from({ length: 5000 * 6 }, (_, i) => random.normal() * (1 + (i % 6)) + 4);
    await store.append(
      Array.from({ length: 5000 }, (_, i) => hashOf(i)),
      vectors,
    );
    for (const kind of spaceKinds) {
      const space = await librarySpace(store, kind);
      expect(await librarySpace(store, kind)).toEqual(space);
      const index = await openLibrarySearch(store, space);
      const outside = placeInSpace(space, Float32Array.of(1, 2, 3, 4, 5, 6));
      const request = { queries: outside, k: 50 };
      const expected = bruteForce(placeInSpace(space, vectors), space.outputDimension, request);
      expect(await index.search(request)).toEqual(expected);
      const [own] = await index.search({ queries: await index.vector(4321), k: 1 });
      expect(own!.rows[0]).toBe(4321);
      expect(own!.scores[0]).toBeCloseTo(1, 5);
      await index.dispose();
    }
    const refitted = await librarySpace(
      store,
      'centred',
      Uint32Array.from({ length: 100 }, (_, i) => i),
    );
    expect(refitted.fittedOn).toBe(100);
    await store.dispose();
  } finally {
    rmSync(root, { recursive: true });
  }
});

// Searches among vectors that were put there, without an encoder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { programVersion } from '../../../shared/version.ts';
import { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { countLookups } from '../../retrieval/testing/count-lookups.ts';
import { importWeights } from '../runs/import-weights.ts';
import { checkpointOf } from '../runs/runs.ts';
import { Studio } from '../studio.ts';
import { embeddingIdentity } from '../testing/embedding-identity.ts';
import { FolderSearch } from './search.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-search-'));
const fixture = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');
const studio = new Studio({ home: folder });
afterAll(async () => {
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const hashOf = (image: number): string => image.toString(16).padStart(64, '0');

/** The answers, in each space, to the first image of a folder and to a picture from outside: scores, or what is said. */
async function answers(name: string, vectors: readonly (readonly number[])[]): Promise<Record<string, readonly [unknown, unknown]>> {
  const { run, config } = importWeights(studio.home, fixture, { name });
  const checkpoint = checkpointOf(run);
  const identity = await embeddingIdentity(name, checkpoint, config, 2);
  const store = await EmbeddingStore.openForWriting(studio.home.embeddings, identity, programVersion);
  await store.append(
    vectors.map((_, i) => hashOf(i)),
    Float32Array.from(vectors.flat()),
  );
  await store.dispose();
  const images = vectors.map((_, i) => ({ hash: hashOf(i), path: `${i}.png`, label: undefined, split: undefined }));
  vi.spyOn(studio, 'readImages').mockResolvedValue({ all: images, trained: images.length, fingerprint: '', size: undefined });
  const found: Record<string, readonly [unknown, unknown]> = {};
  for (const space of ['raw', 'centred', 'whitened'] as const) {
    const search = await FolderSearch.open(studio, { checkpoint, root: folder, layer: 'last', space });
    const scores = async (query: Parameters<FolderSearch['find']>[0]['plus'][number]): Promise<unknown> =>
      search.find({ plus: [query], k: 9 }).then(
        ({ neighbours }) => neighbours.map(({ score }) => +score.toFixed(6)),
        (error: unknown) => error,
      );
    found[space] = [await scores({ hash: hashOf(0) }), await scores({ vector: Float32Array.of(4, 3) })];
    await search.dispose();
  }
  return found;
}

const refused = (message: string): unknown =>
  expect.objectContaining({
    code: 'bad-input',
    message: expect.stringContaining(message) as unknown,
    hint: expect.stringContaining('Unchanged') as unknown,
  });

it('says of a folder with one image what a space cannot do with it, and searches it as it is', async () => {
  const only = refused('Only one image of this folder has a vector');
  const { raw, centred, whitened } = await answers('one', [[3, 4]]);
  expect(raw).toEqual([[], [0.96]]);
  expect(whitened).toEqual([only, only]);
  expect(centred![0]).toEqual(only);
});

it('says the same of images that all have one vector, and nothing of those that differ', async () => {
  const same = refused('All images of this folder have the same vector');
  const { raw, centred, whitened } = await answers('same', [
    [3, 4],
    [3, 4],
    [3, 4],
  ]);
  expect(raw).toEqual([
    [1, 1],
    [0.96, 0.96, 0.96],
  ]);
  expect(whitened).toEqual([same, same]);
  expect(centred![0]).toEqual(same);
  const two = await answers('two', [
    [3, 4],
    [5, 4],
  ]);
  expect([two['centred']![0], two['whitened']![0]]).toEqual([[-1], [-1]]);
});

it('finds the images of a large folder while others are answered', async () => {
  const { run, config } = importWeights(studio.home, fixture, { name: 'large' });
  const checkpoint = checkpointOf(run);
  const store = await EmbeddingStore.openForWriting(
    studio.home.embeddings,
    await embeddingIdentity('large', checkpoint, config, 2),
    programVersion,
  );
  await store.append([hashOf(5), hashOf(3)], Float32Array.of(0, 1, 1, 0));
  await store.dispose();
  const count = 40_000;
  const all = Array.from({ length: count }, (_, i) => ({ hash: hashOf(i), path: `${i}.png`, label: undefined, split: undefined }));
  vi.spyOn(studio, 'readImages').mockResolvedValue({ all, trained: count, fingerprint: '', size: undefined });
  vi.spyOn(studio, 'folderImages').mockImplementation((): never => {
    throw new Error('They are not copied.');
  });
  const stop = countLookups();
  const search = await FolderSearch.open(studio, { checkpoint, root: folder, layer: 'last', space: 'raw' });
  const { all: lookups, mostInTurn } = stop();
  expect(lookups).toBe(count);
  expect(mostInTurn).toBeLessThan(count);
  expect((await search.byHash(hashOf(5), 9)).map(({ path }) => path)).toEqual(['3.png']);
  await search.dispose();
});

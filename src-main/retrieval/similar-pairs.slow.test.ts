import { extname } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { normaliseRows } from '../evaluation/spaces.ts';
import { onThread } from '../files/thread-work.ts';
import type { SimilarPairs } from './pair-collector.ts';
import type { PairsTask } from './similar-pairs-worker.ts';
import { similarPairs } from './similar-pairs.ts';

const entry = new URL(`./similar-pairs-worker${extname(import.meta.url)}`, import.meta.url);
const limits = { floor: 0.8, most: 100_000 };
function taskOf(rows: number, dimension: number): PairsTask {
  const random = new Random(8, 'test');
  const vectors = Float32Array.from({ length: rows * dimension }, () => random.normal());
  for (let row = 10; row < rows; row += 10)
    for (let k = 0; k < dimension; k++) vectors[row * dimension + k] = vectors[(row - 7) * dimension + k]! + 0.1 * random.normal();
  return { vectors: normaliseRows(vectors, dimension), dimension, rows: new Uint32Array(rows), limits, known: undefined };
}
let busy = false;
afterEach(() => (busy = false));

it('the thread finds what is found here, by the rows of the store, in their order', async () => {
  const task = taskOf(900, 16);
  const found = similarPairs(task.vectors, 16, limits);
  expect(found.cosines.length).toBeGreaterThan(50);
  // The last row of the store comes first.
  const rows = Uint32Array.from({ length: 900 }, (_, place) => 5000 - place);
  const named = await onThread<SimilarPairs>(entry, { ...task, rows }, { name: 'test' });
  const pairs = (of: SimilarPairs, rowOf: (place: number) => number): string[] =>
    Array.from(of.cosines, (cosine, i) => `${[rowOf(of.first[i]!), rowOf(of.second[i]!)].sort((a, b) => a - b).join(' ')} ${cosine}`);
  expect(pairs(named, (row) => row)).toHaveLength(found.cosines.length);
  expect(new Set(pairs(named, (row) => row))).toEqual(new Set(pairs(found, (place) => 5000 - place)));
  expect([...named.cosines]).toEqual([...found.cosines]);
  for (let i = 0; i < named.first.length; i++) expect(named.first[i]!).toBeLessThan(named.second[i]!);
});

it('whoever waits for it goes on meanwhile, is told how far it is, and can give it up', async () => {
  const task = taskOf(12_000, 48);
  let ticks = 0;
  busy = true;
  const counting = (async () => {
    while (busy) {
      await new Promise((resolve) => setImmediate(resolve));
      ticks++;
    }
  })();
  const shares: number[] = [];
  await onThread<SimilarPairs>(entry, task, { name: 'test', progress: (share) => shares.push(share) });
  busy = false;
  await counting;
  expect(ticks).toBeGreaterThan(200);
  expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  expect(shares.length).toBeGreaterThan(1);
  const stop = new AbortController();
  const given = onThread(entry, task, { name: 'test', signal: stop.signal, progress: () => stop.abort() });
  await expect(given).rejects.toMatchObject({ code: 'cancelled' });
  await expect(onThread(entry, task, { name: 'test', signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
});

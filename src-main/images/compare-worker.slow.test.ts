// The thread that compares pictures: what it cannot look at it leaves open, and few digests at a time tell the same as many.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onThread } from '../files/thread-work.ts';
import { DecodeCache } from './cache.ts';
import type { CompareResult, CompareTask } from './compare-worker.ts';

let folder = '';
const hashes = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64));
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'compare-worker-'));
  const cache = new DecodeCache(folder, { access: 'write' });
  // The first two are the same picture; of the last there is none.
  for (const [i, step] of [3, 3, 7].entries())
    await cache.put(hashes[i]!, {
      width: 64,
      height: 64,
      pixels: Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (Math.floor(at / 768) * step * 9) % 256),
    });
  cache.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const compare = async (task: Partial<CompareTask>): Promise<number[]> => {
  const whole = { folder, hashes, first: Uint32Array.of(0, 0, 1, 0, 0), second: Uint32Array.of(1, 2, 2, 3, 1), ...task };
  return [...(await onThread<CompareResult>(new URL('./compare-worker.ts', import.meta.url), whole, { name: 'compare pictures' }))];
};

it('pairs are the same picture, another, or, where one is not in the cache, open', async () => {
  expect(await compare({})).toEqual([1, 2, 2, 0, 1]);
});

it('with more pictures than digests are kept, all pairs are looked at nevertheless', async () => {
  expect(await compare({ most: 2 })).toEqual([1, 2, 2, 0, 1]);
});

it('without a cache all are open', async () => {
  expect(await compare({ folder: join(folder, 'gone') })).toEqual([0, 0, 0, 0, 0]);
});

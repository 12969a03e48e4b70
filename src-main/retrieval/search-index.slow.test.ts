import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { normaliseRows } from '../evaluation/spaces.ts';
import { SearchIndex } from './search-index.ts';
import { bruteForce } from './testing/brute-force.ts';

const folder = mkdtempSync(join(tmpdir(), 'search-index-'));
afterAll(() => rmSync(folder, { recursive: true }));

const dimension = 50;
const rows = 30_000;
const random = new Random(1, 'test');
const vectors = normaliseRows(
  Float32Array.from({ length: rows * dimension }, () => random.normal()),
  dimension,
);
function* blocks(size: number): Generator<Float32Array> {
  for (let row = 0; row < rows; row += size) yield vectors.subarray(row * dimension, Math.min(rows, row + size) * dimension);
}

describe('SearchIndex', () => {
  it.each([
    ['in memory', {}],
    ['with a file', { limitBytes: 6_000_000, spillFolder: folder }],
  ])('finds on its thread what a scan finds, %s', async (_, options) => {
    const index = await SearchIndex.create({ dimension, ...options });
    await index.load(blocks(7001));
    expect(index.rows).toBe(rows);
    const request = { queries: vectors.subarray(29_990 * dimension, 29_997 * dimension), k: 100, minScore: 0.1 };
    const expected = bruteForce(vectors, dimension, request);
    expect(await index.search(request)).toEqual(expected);
    expect(await index.vector(12_345)).toEqual(vectors.slice(12_345 * dimension, 12_346 * dimension));
    expect(readdirSync(folder)).toHaveLength('spillFolder' in options ? 1 : 0);
    await index.dispose();
    expect(readdirSync(folder)).toHaveLength(0);
    await expect(index.search(request)).rejects.toThrow('closed');
  });

  it('does not block the thread that asks', async () => {
    const index = await SearchIndex.create({ dimension });
    await index.load(blocks(4096));
    let [ticks, busy] = [0, true];
    const counting = (async () => {
      while (busy) {
        await new Promise((resolve) => setImmediate(resolve));
        ticks++;
      }
    })();
    await index.search({ queries: vectors.subarray(0, 400 * dimension), k: 10 });
    busy = false;
    await counting;
    expect(ticks).toBeGreaterThan(50);
    await index.dispose();
  });

  it('keeps rows in order when loads overlap, and survives a bad block', async () => {
    const index = await SearchIndex.create({ dimension });
    const bad = index.load([new Float32Array(dimension).fill(Number.NaN)]);
    const good = index.load(blocks(10_000));
    await expect(bad).rejects.toMatchObject({ code: 'non-finite' });
    await good;
    await expect(index.load([new Float32Array(7)])).rejects.toMatchObject({ code: 'bad-input' });
    const [answer] = await index.search({ queries: vectors.subarray(0, dimension), k: 1 });
    expect([...answer!.rows]).toEqual([0]);
    await index.dispose();
  });

  it('answers what was asked before it was closed, nothing after, and a dimension it cannot hold', async () => {
    const index = await SearchIndex.create({ dimension });
    const asked = index.search({ queries: vectors.subarray(0, dimension), k: 1 });
    const closing = index.dispose();
    const late = index.search({ queries: vectors.subarray(0, dimension), k: 1 });
    await expect(asked).resolves.toHaveLength(1);
    await expect(late).rejects.toThrow('closed');
    await closing;
    await expect(SearchIndex.create({ dimension: 0 })).rejects.toMatchObject({ code: 'bad-input' });
  });
});

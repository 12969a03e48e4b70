import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { normaliseRows } from '../evaluation/spaces.ts';
import { bruteForce } from './testing/brute-force.ts';
import { bitmapOf } from './top-rows.ts';
import { type SearchRequest, VectorMemory } from './vector-memory.ts';

const folder = mkdtempSync(join(tmpdir(), 'vector-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

const gaussian = (count: number, seed: number): Float32Array => {
  const random = new Random(seed, 'test');
  return Float32Array.from({ length: count }, () => random.normal());
};

/** What SearchIndex does, on this thread. */
function append(memory: VectorMemory, vectors: Float32Array): void {
  const rows = vectors.length / memory.dimension;
  const { buffer, held, room } = memory.reserve(rows);
  const padded = new Float32Array(rows * memory.stride);
  for (let row = 0; row < rows; row++) {
    padded.set(vectors.subarray(row * memory.dimension, (row + 1) * memory.dimension), row * memory.stride);
  }
  new Float32Array(buffer, memory.vectorsAt + held * memory.stride * 4, room * memory.stride).set(padded.subarray(0, room * memory.stride));
  memory.accept(room);
  if (room < rows) memory.spill(padded.subarray(room * memory.stride));
}

/** Vectors with many copies, near copies and zeros, so that ties and near ties decide. */
function awkward(rows: number, dimension: number, seed: number): Float32Array {
  const random = new Random(seed, 'test', 1);
  const vectors = normaliseRows(gaussian(rows * dimension, seed), dimension);
  for (let row = 1; row < rows; row++) {
    const own = vectors.subarray(row * dimension, (row + 1) * dimension);
    const draw = random.uniform();
    if (draw < 0.1) own.fill(0);
    else if (draw < 0.5) {
      const other = random.integer(row);
      own.set(vectors.subarray(other * dimension, (other + 1) * dimension));
      if (draw < 0.3) own[random.integer(dimension)]! *= 1 + 2 ** -22;
    }
  }
  return vectors;
}

describe('VectorMemory', () => {
  it('answers exactly as a float64 scan, in memory or from the file, for any request', () => {
    fc.assert(
      fc.property(
        fc.record({
          dimension: fc.integer({ min: 1, max: 70 }),
          rows: fc.integer({ min: 0, max: 300 }),
          queries: fc.integer({ min: 1, max: 9 }),
          k: fc.integer({ min: 1, max: 40 }),
          minScore: fc.option(fc.double({ min: -1, max: 1, noNaN: true }), { nil: undefined }),
          share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
          spilled: fc.boolean(),
          seed: fc.nat(),
        }),
        ({ dimension, rows, queries, k, minScore, share, spilled, seed }) => {
          const vectors = awkward(rows, dimension, seed);
          const asked = normaliseRows(gaussian(queries * dimension, seed + 1), dimension);
          if (rows > 0) asked.set(vectors.subarray(0, dimension));
          const random = new Random(seed, 'test', 2);
          const kept = [...Array(rows).keys()].filter(() => share === undefined || random.uniform() < share);
          const request: SearchRequest = {
            queries: asked,
            k,
            ...(minScore === undefined ? {} : { minScore }),
            ...(share === undefined ? {} : { allowed: bitmapOf(kept, rows) }),
            exclude: rows > 2 && seed % 2 === 0 ? [0, 2] : [],
          };
          // One page beside the scratch area leaves room for few rows; the rest goes to the file.
          const probe = new VectorMemory(dimension, undefined, join(folder, 'probe'));
          const limit = spilled ? probe.vectorsAt : undefined;
          const memory = new VectorMemory(dimension, limit, join(folder, `spill-${seed}`));
          try {
            append(memory, vectors.subarray(0, Math.floor(rows / 3) * dimension));
            append(memory, vectors.subarray(Math.floor(rows / 3) * dimension));
            expect(memory.rows).toBe(rows);
            expect(memory.search(request)).toEqual(bruteForce(vectors, dimension, request));
          } finally {
            memory.dispose();
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('finds the best of near copies that float32 puts in another order', () => {
    const [dimension, rows] = [96, 2000];
    const one = normaliseRows(gaussian(dimension, 11), dimension);
    const random = new Random(12, 'test');
    // Every number is off by some of its last bits: the true scores differ by less than what float32 rounds away.
    const vectors = Float32Array.from(
      { length: rows * dimension },
      (_, i) => one[i % dimension]! * (1 + (random.integer(9) - 4) * 2 ** -24),
    );
    const memory = new VectorMemory(dimension);
    append(memory, vectors);
    const request = { queries: one, k: 5 };
    const [expected] = bruteForce(vectors, dimension, request);
    expect(memory.search(request)).toEqual([expected]);
    const inFloat32 = Array.from({ length: rows }, (_, row) => {
      let score = 0;
      for (let i = 0; i < dimension; i++) score = Math.fround(score + Math.fround(one[i]! * vectors[row * dimension + i]!));
      return { row, score };
    }).toSorted((a, b) => b.score - a.score || a.row - b.row);
    expect(inFloat32.slice(0, 5).map(({ row }) => row)).not.toEqual([...expected!.rows]);
  });

  it('puts nothing in its memory after the first vector in the file: rows would change places', () => {
    const memory = new VectorMemory(4, undefined, join(folder, 'first'));
    memory.spill(Float32Array.of(1, 0, 0, 0));
    expect(memory.reserve(3).room).toBe(0);
    append(memory, Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0));
    const [answer] = memory.search({ queries: Float32Array.of(3, 2, 1, 0), k: 3 });
    expect([[...answer!.rows], [...answer!.scores]]).toEqual([
      [0, 1, 2],
      [3, 2, 1],
    ]);
    memory.dispose();
  });

  it('really uses the file beyond its limit, and removes it', () => {
    const vectors = awkward(3000, 33, 4);
    const path = join(folder, 'used');
    const memory = new VectorMemory(33, 4_500_000, path);
    append(memory, vectors);
    expect(memory.memoryRows).toBeLessThan(2000);
    expect(existsSync(path)).toBe(true);
    append(memory, vectors.subarray(0, 33 * 5));
    const request = { queries: vectors.subarray(33, 33 * 6), k: 25 };
    const all = new Float32Array(3005 * 33);
    all.set(vectors);
    all.set(vectors.subarray(0, 33 * 5), 3000 * 33);
    expect(memory.search(request)).toEqual(bruteForce(all, 33, request));
    expect([...memory.vector(2999)]).toEqual([...vectors.subarray(2999 * 33)]);
    memory.dispose();
    expect(readdirSync(folder)).not.toContain('used');
  });

  it('survives a collapse: one vector a thousand times', () => {
    const one = normaliseRows(gaussian(20, 1), 20);
    const memory = new VectorMemory(20);
    append(
      memory,
      Float32Array.from({ length: 20 * 5000 }, (_, i) => one[i % 20]!),
    );
    const [answer] = memory.search({ queries: one, k: 1000, exclude: [3] });
    expect([...answer!.rows]).toEqual([...Array(1001).keys()].filter((row) => row !== 3));
  });

  it('takes over nothing of a block with NaN and keeps working', () => {
    const memory = new VectorMemory(3);
    append(memory, Float32Array.of(1, 0, 0));
    expect(() => append(memory, Float32Array.of(0, 1, 0, 0, Number.NaN, 0))).toThrow('not numbers');
    expect(() => append(memory, Float32Array.of(0, Number.POSITIVE_INFINITY, 0))).toThrow('not numbers');
    append(memory, Float32Array.of(0, 0, 1));
    const [answer] = memory.search({ queries: Float32Array.of(0, 0, 1), k: 5 });
    expect([[...answer!.rows], [...answer!.scores]]).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  it('refuses what it cannot answer, in words', () => {
    const memory = new VectorMemory(3);
    expect(() => memory.search({ queries: new Float32Array(4), k: 1 })).toThrow('4 numbers does not fit vectors of 3');
    expect(() => memory.search({ queries: new Float32Array(0), k: 1 })).toThrow('does not fit');
    expect(() => memory.search({ queries: Float32Array.of(1, 2, Number.NaN), k: 1 })).toThrow('not numbers');
    for (const k of [0, 1001, 1.5]) expect(() => memory.search({ queries: new Float32Array(3), k })).toThrow('answers scoring');
    expect(() => memory.vector(0)).toThrow('no row 0');
    expect(() => new VectorMemory(0)).toThrow('0 dimensions');
    const full = new VectorMemory(4, 1);
    expect(() => append(full, new Float32Array(4 * (full.memoryRows + 1)))).toThrow('are the most that fit');
    expect(memory.search({ queries: new Float32Array(3), k: 3 })).toEqual([{ rows: new Uint32Array(0), scores: new Float64Array(0) }]);
  });
});

import { describe, expect, it } from 'vitest';
import { Random } from '../../../shared/random.ts';
import { choosePinned, neighboursAmong } from './pinned.ts';

const hashOf = (i: number): string => i.toString(16).padStart(64, '0');

describe('pictures to look at', () => {
  const images = Array.from({ length: 90 }, (_, i) => ({ hash: hashOf(i), label: i < 80 ? 'many' : i < 88 ? 'some' : 'two' }));

  it('are chosen from every label, differ by seed and not by order', () => {
    const chosen = choosePinned(images, 1);
    expect(new Set(chosen).size).toBe(8);
    const labels = chosen.map((hash) => images.find((one) => one.hash === hash)!.label);
    expect(labels.filter((label) => label === 'two').length).toBe(2);
    expect(labels.filter((label) => label === 'many').length).toBe(3);
    expect(choosePinned(images.toReversed(), 1)).toEqual(chosen);
    expect(choosePinned(images, 2)).not.toEqual(chosen);
  });

  it('are as many as there are, and of unlabelled folders too', () => {
    expect(choosePinned(images.slice(0, 3), 0).toSorted()).toEqual([0, 1, 2].map(hashOf));
    expect(
      choosePinned(
        images.map(({ hash }) => ({ hash, label: undefined })),
        0,
      ).length,
    ).toBe(8);
    expect(choosePinned([], 0)).toEqual([]);
  });
});

describe('their neighbours', () => {
  /** Three groups around their own points; a large common part that whitening takes away. */
  const vectors = Float32Array.from({ length: 60 * 6 }, (_, i) => {
    const [row, k] = [Math.floor(i / 6), i % 6];
    return (k === 0 ? 100 : 0) + (k === 1 + (row % 3) ? 1 : 0) + 0.05 * new Random(1, 'test', i).normal();
  });
  const hashes = Array.from({ length: 60 }, (_, i) => hashOf(i));

  it('are of their group, nearest first, without themselves', () => {
    const found = neighboursAmong(hashes, vectors, 6, [hashOf(4), hashOf(99), hashOf(0)]);
    expect(found.map(({ hash }) => hash)).toEqual([hashOf(4), hashOf(0)]);
    for (const { hash, neighbours } of found) {
      const own = hashes.indexOf(hash);
      expect(neighbours.length).toBe(8);
      expect(new Set(neighbours.map((one) => hashes.indexOf(one.hash) % 3))).toEqual(new Set([own % 3]));
      expect(neighbours.map((one) => one.hash)).not.toContain(hash);
      const scores = neighbours.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(scores[0]).toBeGreaterThan(0.5);
    }
  });

  it('are none where there is nothing beside', () => {
    expect(neighboursAmong([hashOf(1)], Float32Array.of(1, 2), 2, [hashOf(1)])).toEqual([]);
  });
});

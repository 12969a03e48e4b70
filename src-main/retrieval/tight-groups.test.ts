import { expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { normaliseRows } from '../evaluation/spaces.ts';
import { atOnce } from '../files/in-pieces.ts';
import { similarPairs } from './similar-pairs.ts';
import { tightGroups } from './tight-groups.ts';
import type { TightGroup } from './tight-groups.ts';

const groupsOf = (vectors: Float32Array, dimension: number, limit: number): TightGroup[] =>
  atOnce(tightGroups(similarPairs(vectors, dimension, { floor: 0.5, most: 1e6 }), limit));
const atDegrees = (...degrees: readonly number[]): Float32Array =>
  Float32Array.from(degrees.flatMap((one) => [Math.cos((one * Math.PI) / 180), Math.sin((one * Math.PI) / 180)]));
const cosineOf = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
/** The centre, then the members by row. */
const rowsOf = ({ centre, members }: TightGroup): readonly number[] => [centre, ...members.map(({ row }) => row).sort((a, b) => a - b)];

it('a chain of small steps is no group: all members are like its centre', () => {
  // Nine steps of 8°: with 10° each is like its two neighbours alone.
  const groups = groupsOf(atDegrees(0, 8, 16, 24, 32, 40, 48, 56, 64), 2, cosineOf(10));
  expect(groups.map(rowsOf)).toEqual([
    [1, 0, 2],
    [4, 3, 5],
    [7, 6, 8],
  ]);
});

it('the one with most look-alikes is the centre', () => {
  const groups = groupsOf(atDegrees(100, 0, 9, 5, 150), 2, cosineOf(6));
  expect(groups.map(rowsOf)).toEqual([[3, 1, 2]]);
  expect(groups[0]!.members.map(({ cosine }) => cosine)).toEqual([expect.closeTo(cosineOf(4), 6), expect.closeTo(cosineOf(5), 6)]);
});

it('with a limit of 1 there are none, whatever is equal', () => {
  expect(groupsOf(atDegrees(20, 20, 20), 2, 1)).toEqual([]);
  expect(groupsOf(atDegrees(20, 20, 20), 2, 0.9999).map(rowsOf)).toEqual([[0, 1, 2]]);
});

/** The same rule, written for reading: looks at every row and compares all vectors in float64, over and over. */
function obviousGroups(vectors: Float32Array, dimension: number, limit: number): number[][] {
  const rows = vectors.length / dimension;
  const cosine = (a: number, b: number): number => {
    let sum = 0;
    for (let k = 0; k < dimension; k++) sum += vectors[a * dimension + k]! * vectors[b * dimension + k]!;
    return sum;
  };
  const all = Array.from({ length: rows }, (_, row) => row);
  const alike = all.map((row) => all.filter((other) => other !== row && cosine(row, other) > limit));
  const free = new Set(all);
  const groups: number[][] = [];
  for (;;) {
    const left = (row: number): number[] => (free.has(row) ? alike[row]!.filter((one) => free.has(one)) : []);
    const [centre] = all.toSorted((a, b) => left(b).length - left(a).length || a - b);
    const members = left(centre!);
    if (members.length === 0) break;
    for (const row of [centre!, ...members]) free.delete(row);
    groups.push([centre!, ...members]);
  }
  return groups.toSorted((a, b) => a[0]! - b[0]!);
}

it('groups of many are those of the rule, no row is in two, and what is left is like no other that is left', () => {
  const [rows, dimension] = [400, 12];
  const random = new Random(3, 'test');
  const vectors = Float32Array.from({ length: rows * dimension }, () => random.normal());
  for (let row = 40; row < rows; row++)
    for (let k = 0; k < dimension; k++) vectors[row * dimension + k] = vectors[(row % 40) * dimension + k]! + 0.25 * random.normal();
  const placed = normaliseRows(vectors, dimension);
  for (const limit of [0.7, 0.9, 0.92]) {
    const groups = groupsOf(placed, dimension, limit);
    expect(groups.length).toBeGreaterThan(15);
    expect(groups.map(rowsOf)).toEqual(obviousGroups(placed, dimension, limit));
    for (const { members } of groups) expect(members.map(({ cosine }) => cosine).every((cosine) => cosine > limit)).toBe(true);
    const grouped = groups.flatMap(rowsOf);
    expect(new Set(grouped).size).toBe(grouped.length);
  }
});

import { describe, expect, it } from 'vitest';
import type { DuplicateFile, DuplicateGroup } from '../../../shared/contract/contract-duplicates.ts';
import { placesOf } from '../../../shared/contract/duplicate-terms.ts';
import { filesInSight, keptOf, kindOf, likenessOf, nameOf, similarityText } from './duplicate-group.ts';

const file = (image: number, more: Partial<DuplicateFile> = {}): DuplicateFile => ({
  image,
  path: `a/${image}.png`,
  relation: 'file',
  similarity: 1,
  width: 1200,
  height: 800,
  bytes: 34_000,
  modified: 0,
  marked: false,
  ...more,
});
const group = (...files: DuplicateFile[]): DuplicateGroup => ({ files, total: files.length });

describe('a group of duplicates', () => {
  it('keeps its best file, or the one that was chosen', () => {
    const one = group(file(5), file(3), file(9));
    expect(keptOf(one, new Map()).image).toBe(5);
    expect(keptOf(one, placesOf([9, 77])).image).toBe(9);
  });

  it('is what all of its files are at least', () => {
    expect(kindOf(group(file(1), file(2)))).toBe('file');
    expect(kindOf(group(file(1), file(2, { relation: 'picture' })))).toBe('picture');
    expect(kindOf(group(file(1), file(2, { relation: 'picture' }), file(3, { relation: 'similar' })))).toBe('similar');
  });

  it('says how its files are alike: nothing where all are the same, and of one alone that the others are like it', () => {
    const same = group(file(1), file(2));
    expect(likenessOf(same.files[0]!, same)).toBe('');
    const other = file(3, { relation: 'picture', similarity: 0.99961 });
    const mixed = group(file(1), other);
    expect(mixed.files.map((one) => likenessOf(one, mixed))).toEqual(['others are like it', 'same picture 0.999']);
    const copies = group(file(1), file(2), other);
    expect(copies.files.map((one) => likenessOf(one, copies))).toEqual(['same file', 'same file', 'same picture 0.999']);
  });

  it('reads out what stands in a cell, in its order', () => {
    const marked = file(2, { relation: 'similar', similarity: 0.91234, marked: true });
    const one = group(file(1), marked);
    expect(nameOf(one.files[0]!, one, true)).toBe('Keep 1.png 1,200 × 800 · 34 KB others are like it');
    expect(nameOf(marked, one, false)).toBe('duplicate 2.png 1,200 × 800 · 34 KB very similar 0.912');
  });
});

it('a similarity is never rounded up to that of the same file', () => {
  expect([1, 0.99999, 0.9805, 0.8].map(similarityText)).toEqual(['1', '0.999', '0.980', '0.800']);
});

it('of a group that has no room the active file is always shown, and the last place is left for how many more there are', () => {
  expect(filesInSight(3, 3, 5, 0)).toEqual({ first: 0, count: 3 });
  expect(filesInSight(5, 5, 5, 4)).toEqual({ first: 0, count: 5 });
  expect(filesInSight(6, 6, 5, 0)).toEqual({ first: 0, count: 4 });
  expect(filesInSight(6, 6, 5, 5)).toEqual({ first: 2, count: 4 });
  // Sixty of eighty came with the answer.
  expect(filesInSight(60, 80, 100, 59)).toEqual({ first: 0, count: 60 });
  for (let active = 0; active < 60; active++) {
    const { first, count } = filesInSight(60, 80, 7, active);
    expect(first <= active && active < first + count && first + count <= 60, `file ${active}`).toBe(true);
  }
});

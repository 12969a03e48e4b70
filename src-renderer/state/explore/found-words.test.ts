import { describe, expect, it } from 'vitest';
import type { NeighbourRow, SearchResult } from '../../../shared/contract/contract-explore.ts';
import { captionOf, factsOf, sharedBy } from './found-words.ts';

const row = (image: number, rank = 1): NeighbourRow => ({
  rank,
  score: 0.87654,
  image,
  path: `${image}.png`,
  label: null,
  width: 1,
  height: 1,
});
const [one, other] = [
  [row(1), row(2), row(3)],
  [row(3), row(4), row(2), row(5)],
];
const answer = (hidden: number) => ({ result: { neighbours: one, hidden } as unknown as SearchResult, milliseconds: 12.4 });

describe('what was found', () => {
  it('is counted, as it is shown, in a short line', () => {
    expect(factsOf({ result: undefined, milliseconds: 0 }, [])).toEqual([]);
    expect(factsOf(answer(0), one)).toEqual(['3 found', '12 ms']);
    expect(factsOf(answer(2), one.slice(0, 1))).toEqual(['1 found', '2 duplicates hidden', '12 ms']);
  });

  it('is compared with what another column shows', () => {
    expect([sharedBy(one, other), sharedBy(one, [])]).toEqual([2, 0]);
    expect(factsOf(answer(0), other, one)).toEqual(['4 found', '2 of 4 in both', '12 ms']);
  });

  it('is named below its picture with its place, and a picture of the query as that', () => {
    expect(captionOf(row(4, 7), 'other.png')).toEqual({ name: '4.png', facts: '7. · score 0.877' });
    expect(captionOf(undefined, 'holiday.jpg')).toEqual({ name: 'holiday.jpg', facts: 'query' });
  });
});

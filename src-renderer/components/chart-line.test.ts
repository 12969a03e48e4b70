import { expect, it } from 'vitest';
import { endsOf, points } from './chart-line.ts';

it('a level is drawn as far as it is within the axis', () => {
  expect(endsOf({ y: 1 }, [5, 9])).toEqual([5, 9]);
  expect(endsOf({ y: 1, from: 6, until: 8 }, [5, 9])).toEqual([6, 8]);
  expect(endsOf({ y: 1, until: 5 }, [5, 9])).toBeUndefined();
  expect(endsOf({ y: 1, from: 9 }, [5, 9])).toBeUndefined();
});

it('a line has a gap behind each place from which on it does not compare, and none for a value that is missing', () => {
  const drawn = (...breaks: number[]): unknown[] => points([1, 2, 3, 4], [5, NaN, 7, 8], breaks).map(({ x, y }) => [x, y]);
  expect(drawn()).toEqual([
    [1, 5],
    [3, 7],
    [4, 8],
  ]);
  // A value at the very place was made before.
  expect(drawn(3)).toEqual([
    [1, 5],
    [3, 7],
    [4, NaN],
    [4, 8],
  ]);
  expect(drawn(2.5)).toEqual([
    [1, 5],
    [3, NaN],
    [3, 7],
    [4, 8],
  ]);
  expect(drawn(0, 4)).toEqual(drawn());
});

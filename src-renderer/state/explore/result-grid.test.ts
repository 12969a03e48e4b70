import { describe, expect, it } from 'vitest';
import { between, columnsIn, inRows, moveBy, sightFirst } from './result-grid.ts';

// 0 1 2 3
// 4 5 6 7
// 8 9
const place = (index: number) => ({ index, count: 10, columns: 4, rows: 2 });

describe('a grid', () => {
  it('has as many columns as fit, at least one', () => {
    expect([columnsIn(100, 48, 4), columnsIn(99, 48, 4), columnsIn(0, 48, 4)]).toEqual([2, 1, 1]);
    expect(inRows([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('changes what is in sight first, and never has more or fewer items than the new list', () => {
    expect(sightFirst(['a', 'b', 'c', 'd'], ['1', '2', '3', '4'], 1, 3)).toEqual(['1', 'b', 'c', '4']);
    expect(sightFirst(['a', 'b', 'c'], ['1'], 1, 2)).toEqual(['1', 'b', 'c']);
    expect(sightFirst(['a'], ['1', '2', '3'], 1, 3)).toEqual(['1']);
    expect(sightFirst(['a', 'b'], [], 0, 0)).toEqual(['a', 'b']);
  });

  it('is walked by arrows, which stop at its edges', () => {
    expect([moveBy('ArrowLeft', place(0), false), moveBy('ArrowRight', place(3), false), moveBy('ArrowRight', place(9), false)]).toEqual([
      0, 4, 9,
    ]);
    expect([moveBy('ArrowUp', place(2), false), moveBy('ArrowUp', place(6), false)]).toEqual([2, 2]);
    expect([moveBy('ArrowDown', place(1), false), moveBy('ArrowDown', place(5), false), moveBy('ArrowDown', place(9), false)]).toEqual([
      5, 9, 9,
    ]);
  });

  it('goes down into a short last row at its last picture', () => {
    expect(moveBy('ArrowDown', place(7), false)).toBe(9);
  });

  it('is walked by pages and to the ends', () => {
    expect([moveBy('PageDown', place(1), false), moveBy('PageUp', place(9), false), moveBy('PageUp', place(5), false)]).toEqual([9, 1, 1]);
    expect([moveBy('Home', place(6), false), moveBy('End', place(6), false), moveBy('End', place(8), false)]).toEqual([4, 7, 9]);
    expect([moveBy('Home', place(6), true), moveBy('End', place(6), true)]).toEqual([0, 9]);
    expect(moveBy('x', place(6), false)).toBeUndefined();
  });

  it('selects what lies between, either way', () => {
    expect(between([5, 6, 7, 8], 8, 6)).toEqual([6, 7, 8]);
    expect(between([5, 6, 7, 8], undefined, 6)).toEqual([6]);
    expect(between([5, 6, 7, 8], 99, 6)).toEqual([6]);
    expect(between([5, 6], 5, 99)).toEqual([]);
  });
});

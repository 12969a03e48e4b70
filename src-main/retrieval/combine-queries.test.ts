import { expect, it } from 'vitest';
import { combineQueries } from './combine-queries.ts';

it('adds directions, not lengths, and subtracts', () => {
  const [x, y] = [Float32Array.of(5, 0), Float32Array.of(0, 0.1)];
  expect([...combineQueries([x, y])].map((value) => +value.toFixed(6))).toEqual([0.707107, 0.707107]);
  expect([...combineQueries([x], [y])].map((value) => +value.toFixed(6))).toEqual([0.707107, -0.707107]);
  expect([...combineQueries([], [x])]).toEqual([-1, 0]);
});

it('says what is wrong with a query that has no direction', () => {
  expect(() => combineQueries([])).toThrow('no image');
  expect(() => combineQueries([Float32Array.of(1, 2)], [Float32Array.of(2, 4)])).toThrow('cancel');
  expect(() => combineQueries([Float32Array.of(1), Float32Array.of(1, 2)])).toThrow('of different lengths');
});

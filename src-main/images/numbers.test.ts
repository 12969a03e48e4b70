import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberPercentiles } from './numbers.ts';
import type { Numbers } from './numbers.ts';

const largest = 2 ** 128 - 2 ** 104;

/** The value of which the asked share lies at or below, by sorting. */
function sorted(values: Numbers, percent: number): number {
  const finite = [...values].filter((value) => Math.abs(value) < largest).toSorted((a, b) => a - b);
  return finite[Math.max(1, Math.ceil((percent / 100) * finite.length)) - 1] ?? 0;
}

const numbers: fc.Arbitrary<Numbers> = fc.oneof(
  fc.array(fc.oneof(fc.float(), fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 200 }).map((list) => Float32Array.from(list)),
  fc.array(fc.oneof(fc.integer(), fc.integer({ min: -3, max: 3 })), { minLength: 1, maxLength: 200 }).map((list) => Int32Array.from(list)),
  fc.array(fc.oneof(fc.nat(), fc.nat(3)), { minLength: 1, maxLength: 200 }).map((list) => Uint32Array.from(list, (value) => value * 2 + 1)),
);

it('has the percentiles of numbers of every kind, of those that are finite', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (values, low, high) => {
      // No difference between 0 and -0.
      const found = numberPercentiles(values, [low, high]).map((value) => value + 0);
      expect(found).toEqual([sorted(values, low) + 0, sorted(values, high) + 0]);
    }),
  );
});

it('has the extremes at 0 and 100 per cent, and zeros where nothing is a number', () => {
  expect(numberPercentiles(Int32Array.of(-(2 ** 31), 5, 2 ** 31 - 1), [0, 100])).toEqual([-(2 ** 31), 2 ** 31 - 1]);
  expect(numberPercentiles(Uint32Array.of(7, 2 ** 32 - 1), [0, 100])).toEqual([7, 2 ** 32 - 1]);
  expect(numberPercentiles(Float32Array.of(NaN, 2, -Infinity, -1.5, Infinity, -largest, largest), [0, 100])).toEqual([-1.5, 2]);
  expect(numberPercentiles(Float32Array.of(NaN, NaN), [0, 100])).toEqual([0, 0]);
});

it('leaves out what stands where nothing is known', () => {
  expect(numberPercentiles(Float32Array.of(-9999, 2, -9999, 5, 0), [0, 100], -9999)).toEqual([0, 5]);
  expect(numberPercentiles(Float32Array.of(0, -0, 3, 4), [0, 100], 0)).toEqual([3, 4]);
  expect(numberPercentiles(Int32Array.of(-32768, -5, 7, -32768), [0, 100], -32768)).toEqual([-5, 7]);
  expect(numberPercentiles(Uint32Array.of(2 ** 32 - 1, 8, 9), [0, 100], 2 ** 32 - 1)).toEqual([8, 9]);
  expect(numberPercentiles(Float32Array.of(-1, -1), [0, 100], -1)).toEqual([0, 0]);
  // There is none of it.
  expect(numberPercentiles(Int32Array.of(1, 2), [0, 100], 1.5)).toEqual([1, 2]);
});

it('takes a part of a larger buffer', () => {
  expect(numberPercentiles(new Float32Array(Float32Array.of(99, 1, 2, 3, -99).buffer, 4, 3), [0, 100])).toEqual([1, 3]);
});

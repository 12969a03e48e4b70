import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { interpolatePositions } from './interpolate-positions.ts';

const random = new Random(3, 'test');
const table = (grid: number, width: number): Float32Array => Float32Array.from({ length: grid * grid * width }, () => random.normal());

/** One value of the result straight from the definition: sixteen neighbours, each weighted along both sides. */
function valueAt(values: Float32Array, from: number, to: number, width: number, y: number, x: number, i: number): number {
  const kernel = (d: number): number => {
    const t = Math.abs(d);
    if (t <= 1) return 1.25 * t * t * t - 2.25 * t * t + 1;
    return t < 2 ? -0.75 * (t - 1) * (t - 2) * (t - 2) * 1 : 0;
  };
  const [cy, cx] = [y, x].map((place) => ((place + 0.5) * from) / to - 0.5) as [number, number];
  let sum = 0;
  for (let ny = Math.floor(cy) - 1; ny <= Math.floor(cy) + 2; ny++)
    for (let nx = Math.floor(cx) - 1; nx <= Math.floor(cx) + 2; nx++) {
      const inside = (n: number): number => Math.min(from - 1, Math.max(0, n));
      sum += kernel(cy - ny) * kernel(cx - nx) * values[(inside(ny) * from + inside(nx)) * width + i]!;
    }
  return sum;
}

describe('positions on another grid', () => {
  it.each([
    [4, 7],
    [7, 4],
    [14, 8],
  ])('from %i to %i are the bicubic interpolation', (from, to) => {
    const values = table(from, 3);
    const result = interpolatePositions(values, from, to, 3);
    for (let y = 0; y < to; y++)
      for (let x = 0; x < to; x++)
        for (let i = 0; i < 3; i++) expect(result[(y * to + x) * 3 + i]).toBeCloseTo(valueAt(values, from, to, 3, y, x, i), 5);
  });

  it('of the same grid are the same, and a constant stays one', () => {
    const values = table(5, 2);
    expect(interpolatePositions(values, 5, 5, 2)).toEqual(values);
    for (const value of interpolatePositions(new Float32Array(4 * 4 * 2).fill(0.7), 4, 9, 2)) expect(value).toBeCloseTo(0.7, 6);
  });

  it('of a wrong length are refused', () => {
    expect(() => interpolatePositions(new Float32Array(7), 2, 3, 2)).toThrow(RangeError);
  });
});

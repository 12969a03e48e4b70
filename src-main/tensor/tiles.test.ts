import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { multiply } from './elementwise.ts';
import { gradients } from './gradients.ts';
import { reachable } from './graph.ts';
import { gelu } from './layers.ts';
import { evaluate } from './reference.ts';
import { input, sum, sumAll } from './structure.ts';
import { inTiles, tileSizes, untiled } from './tiles.ts';

describe('tiles of rows', () => {
  it('cover all rows, as equal as can be, none larger than half a megabyte', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200_000 }), (rows, width) => {
        const sizes = tileSizes(rows, width);
        expect(sizes.reduce((a, b) => a + b)).toBe(rows);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
        if (Math.max(...sizes) > 1) expect(4 * width * Math.max(...sizes)).toBeLessThanOrEqual(2 ** 19);
      }),
    );
  });

  it('give what the whole gives', () => {
    const shape = [7, 50_000];
    const [x, y] = [input('x', shape), input('y', shape)];
    const build = (a: typeof x, b: typeof x): typeof x => sum(multiply(a, b), [1]);
    const values = (factor: number): Float64Array => Float64Array.from({ length: 350_000 }, (_, i) => Math.sin(factor * i));
    const inputs = { x: values(1), y: values(2) };
    const [whole, tiled] = evaluate([build(x, y), inTiles([x, y], build)], inputs);
    expect(tiled).toEqual(whole);
  });

  it("cut GELU's gradient, which stays its derivative in every tile", () => {
    const x = input('x', [3, 60_000]);
    const [gradient] = gradients([sumAll(gelu(x))], [x]);
    expect(reachable([gradient!]).filter(({ op }) => op.name === 'slice').length).toBeGreaterThan(1);
    const values = Float64Array.from({ length: 180_000 }, (_, i) => 4 * Math.sin(i));
    const [slope] = evaluate([gradient!], { x: values });
    const step = 1e-5;
    for (const at of [0, 59_999, 60_000, 119_999, 120_000, 179_999]) {
      const probe = input('p', [2]);
      const [around] = evaluate([gelu(probe)], { p: [values[at]! + step, values[at]! - step] });
      expect(slope![at]).toBeCloseTo((around![0]! - around![1]!) / (2 * step), 6);
    }
  });

  it('are not cut for compilers that need none, and are again afterwards', () => {
    const x = input('x', [9, 100_000]);
    const slices = (): number => reachable(gradients([sumAll(gelu(x))], [x])).filter(({ op }) => op.name === 'slice').length;
    expect(untiled(slices)).toBe(0);
    const fails = (): never => {
      throw new Error('while it was built');
    };
    expect(() => untiled(fails)).toThrow('while it was built');
    expect(slices()).toBeGreaterThan(8);
  });
});

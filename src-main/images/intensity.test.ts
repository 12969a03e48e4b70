import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapValues, percentiles } from './intensity.ts';

const values = fc.array(fc.nat(65535), { minLength: 1, maxLength: 200 }).map((list) => Uint16Array.from(list));

describe('intensity mapping', () => {
  it('has percentiles of which the asked share of values lies at or below', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 100 }), (list, percent) => {
        const [at] = percentiles(list, [percent, 100]);
        const wanted = Math.max(1, Math.ceil((percent / 100) * list.length));
        expect(list.includes(at)).toBe(true);
        expect(list.filter((value) => value <= at).length).toBeGreaterThanOrEqual(wanted);
        expect(list.filter((value) => value < at).length).toBeLessThan(wanted);
      }),
    );
  });

  it('has the extremes at 0 and 100 per cent', () => {
    expect(percentiles(Uint16Array.of(500, 3, 65535, 9), [0, 100])).toEqual([3, 65535]);
  });

  it('leaves out what stands where nothing is known, and maps it to black', () => {
    const list = Uint16Array.of(65535, 10, 20, 65535, 30);
    expect(percentiles(list, [0, 100], 65535)).toEqual([10, 30]);
    expect([...mapValues(list, 10, 30, 65535)]).toEqual([0, 0, 128, 0, 255]);
    for (const other of [-9999, 1.5, Infinity, undefined]) expect(percentiles(list, [0, 100], other)).toEqual([10, 65535]);
    expect([...mapValues(Uint16Array.of(7, 7), ...percentiles(Uint16Array.of(7, 7), [0, 100], 7), 7)]).toEqual([0, 0]);
  });

  it('maps the bounds to 0 and 255, limits what lies outside, and keeps the order', () => {
    fc.assert(
      fc.property(values, fc.nat(65534), fc.integer({ min: 1, max: 65535 }), (list, low, width) => {
        const high = low + width;
        const mapped = mapValues(list, low, high);
        list.forEach((value, i) => {
          const exact = (255 * (Math.min(high, Math.max(low, value)) - low)) / width;
          expect(Math.abs(mapped[i]! - exact)).toBeLessThanOrEqual(0.5 + 1e-9);
        });
        expect([...mapValues(Uint16Array.of(low, Math.min(65535, high)), low, Math.min(65535, high))]).toEqual([0, 255]);
      }),
    );
  });

  it('limits what is no number, and no more than that', () => {
    expect([...mapValues(Float32Array.of(NaN, -Infinity, Infinity, -0.5, 0, 0.5), -0.5, 0.5)]).toEqual([0, 0, 255, 0, 128, 255]);
  });

  it('gives black up to and white above bounds that are equal', () => {
    expect([...mapValues(Uint16Array.of(6, 7, 8), 7, 7)]).toEqual([0, 0, 255]);
  });
});

import { describe, expect, it } from 'vitest';
import { WaitWatch } from './wait-watch.ts';

/** Batches at which one more thread is called for, of `count` that take `each` milliseconds, `waited` of them with waiting. */
function calls(count: number, each: number, waited: (batch: number) => number): number[] {
  const watch = new WaitWatch();
  return Array.from({ length: count }, (_, i) => i).filter((i) => watch.isShort(i * each, waited(i)));
}

describe('waiting for batches', () => {
  it('calls for another thread when it takes more than a tenth of the time, and again when that was not enough', () => {
    const found = calls(200, 100, () => 20);
    expect(found[0]).toBe(23);
    expect(found.slice(0, 4)).toEqual([23, 47, 71, 95]);
  });

  it('tells nothing at the start, in a short time, or where it is bearable', () => {
    expect(calls(200, 100, (i) => (i < 8 ? 5000 : 0))).toEqual([]);
    expect(calls(200, 100, () => 9)).toEqual([]);
    expect(calls(90, 10, () => 9)).toEqual([]);
    expect(calls(120, 10, () => 9).length).toBe(1);
  });

  it('is judged by the last batches, not by all there were', () => {
    const found = calls(2000, 100, (i) => (i < 1500 ? 0 : 50));
    expect(found[0]).toBeGreaterThan(1500);
    expect(found[0]).toBeLessThan(1530);
  });
});

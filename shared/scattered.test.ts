import { expect, it } from 'vitest';
import { scattered } from './scattered.ts';

it('is the finaliser of MurmurHash3, and takes no two numbers to the same', () => {
  // By the published C code, compiled.
  expect([0, 1, 2, 0xffffffff].map(scattered)).toEqual([0, 0x514e28b7, 0x30f4c306, 0x81f16f39]);
  const seen = new Set(Array.from({ length: 50_000 }, (_, i) => scattered(i)));
  expect(seen.size).toBe(50_000);
  const mean = [...seen].reduce((sum, one) => sum + one / 2 ** 32, 0) / seen.size;
  expect(mean).toBeCloseTo(0.5, 2);
});

import { describe, expect, it } from 'vitest';
import { longProductDeviation } from './bare-product.ts';
import { runSelfTest } from './self-test.ts';

const onProcessor = { device: 'cpu', threads: 1 } as const;

describe('the self-test', () => {
  it('passes in float32 within 1e-4 of the float64 reference', async () => {
    const { deviation, passed, matmulRate, matmulSide } = await runSelfTest({ kind: 'self-test', ...onProcessor });
    expect(passed).toBe(true);
    expect(deviation).toBeLessThan(1e-4);
    expect(matmulRate).toBeGreaterThan(0);
    expect(matmulSide).toBe(1024);
  });

  it('passes in float16 within 2e-2, and is not the test in float32', async () => {
    const { deviation, passed, matmulRate } = await runSelfTest({ kind: 'self-test', ...onProcessor, precision: 'float16' });
    expect(passed).toBe(true);
    expect(deviation).toBeGreaterThan(1e-5);
    expect(deviation).toBeLessThan(2e-2);
    expect(matmulRate).toBeGreaterThan(0);
  });

  it('knows what a long sum comes to', async () => {
    expect(await longProductDeviation({ ...onProcessor, precision: 'float16' })).toBeLessThan(1e-3);
    expect(await longProductDeviation(onProcessor)).toBeLessThan(1e-5);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchPlan } from './batch-plan.ts';

const sizes = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 80 }), fc.nat());

describe('batch plan', () => {
  it('shows every image once per epoch, also where batches span epochs', () => {
    fc.assert(
      fc.property(sizes, ([images, batch, seed]) => {
        const plan = new BatchPlan(images, batch, seed);
        const steps = Math.ceil((3 * images) / batch);
        const order = Array.from({ length: steps }, (_, step) => [...plan.rows(step)]).flat();
        for (let epoch = 0; epoch < 3; epoch++)
          expect(order.slice(epoch * images, (epoch + 1) * images).toSorted((a, b) => a - b)).toEqual([...Array(images).keys()]);
      }),
    );
  });

  it('is a pure function of the step, whatever was asked for before', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(500), { minLength: 1, maxLength: 10 }), ([images, batch, seed], steps) => {
        const plan = new BatchPlan(images, batch, seed);
        for (const step of steps) expect(plan.rows(step)).toEqual(new BatchPlan(images, batch, seed).rows(step));
      }),
    );
  });

  it('has another order in each epoch and for each seed', () => {
    const rows = (step: number, seed: number): string => new BatchPlan(100, 100, seed).rows(step).join();
    expect(rows(1, 5)).not.toBe(rows(0, 5));
    expect(rows(0, 6)).not.toBe(rows(0, 5));
  });
});

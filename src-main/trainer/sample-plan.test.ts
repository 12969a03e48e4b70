import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { samplePlan } from './sample-plan.ts';

const folder = (classes: number, each: number): EvaluationImage[] =>
  Array.from({ length: classes * each }, (_, i) => {
    const label = `class-${i % classes}`;
    const path = `${label}/${i}.png`;
    return { hash: createHash('sha256').update(path).digest('hex'), path, label, split: undefined };
  });

it('takes no more images than it is asked for, however many classes there are, and some of each where there is room', () => {
  for (const [classes, each] of [
    [10, 400],
    [300, 12],
    [1_000, 12],
    [3_000, 8],
  ] as const) {
    const plan = samplePlan({ images: folder(classes, each) }, 2_000);
    if (plan.kind !== 'labels') throw new Error(plan.reason);
    expect(plan.bank.length + plan.queries.length).toBeLessThanOrEqual(2_000);
    expect(plan.queries.length).toBeGreaterThan(200);
    expect(plan.classes.length).toBe(Math.min(classes, 333));
  }
});

it('is judged by the same classes whatever the order of the images', () => {
  const images = folder(1_000, 10);
  const plans = [images, images.toReversed()].map((some) => samplePlan({ images: some }, 600));
  const [one, other] = plans.map((plan) => (plan.kind === 'labels' ? plan.classes : []));
  expect(one).toHaveLength(100);
  expect(other).toEqual(one);
});

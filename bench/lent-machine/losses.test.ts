import { expect, it } from 'vitest';
import { lossesBeside } from './losses.ts';
import type { StepLoss } from './losses.ts';

const losses = (from: number, ...values: readonly number[]): readonly StepLoss[] => values.map((loss, i) => ({ step: from + i, loss }));
const whole = losses(1, 4, 3, 2, 1);

it('the losses of a run go on where it was stopped', () => {
  expect(lossesBeside([losses(1, 4, 3.03), losses(3, 2, 1)], whole)).toMatchObject({ steps: 4, after: 0, goesOn: true });
  expect(lossesBeside([losses(1, 4, 3.03), losses(3, 2, 1)], whole).before).toBeCloseTo(0.01);
});

it('or do not: they jump, begin anew, or steps are missing', () => {
  expect(lossesBeside([losses(1, 4, 3), losses(3, 2.2, 1)], whole)).toMatchObject({ goesOn: false });
  expect(lossesBeside([losses(1, 4, NaN), losses(3, 2, 1)], whole)).toMatchObject({ goesOn: false });
  for (const parts of [
    [losses(1, 4, 3), losses(1, 4, 3, 2, 1)],
    [losses(1, 4, 3), losses(4, 1)],
    [losses(1, 4, 3, 2, 1), []],
    [losses(1, 4, 3), losses(3, 2)],
    [[], []],
  ] as const)
    expect(lossesBeside(parts, whole)).toMatchObject({ goesOn: false, sentence: expect.stringContaining('cannot be compared') as string });
});

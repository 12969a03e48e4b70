import { expect, it } from 'vitest';
import { judgedOtherwiseRule } from '../../../training/judging/health.ts';
import { judgementsOf } from './judgements.ts';

type Events = Parameters<typeof judgementsOf>[0];

const scored = (step: number, knn: number) =>
  ({ step, raw: {}, centred: {}, whitened: { knn }, rankMe: 3, meanCosine: 0.2, positionalShare: 0.1 }) as const;
const evaluation = (step: number) => ({ type: 'evaluation', best: false, ...scored(step, 0.5) }) as const;
const baselines = (knn: number) =>
  ({ type: 'baselines', untrained: scored(0, knn), pixels: { raw: {}, centred: {}, whitened: { knn } } }) as const;
const checkpoint = (step: number) => ({ type: 'checkpoint', step, file: '', best: false }) as const;
const otherwise = (step: number) => ({ type: 'note', step, message: 'Others judge.', hint: '', rule: judgedOtherwiseRule }) as const;
const told = (events: Events): unknown[] =>
  judgementsOf(events).map((one) => [one.since, one.baselines?.untrained.whitened.knn, one.baselines?.pixels.whitened.knn]);

it('are as many as there were baselines, each from the step on from which other images judge', () => {
  const first = [baselines(0.1), evaluation(5), evaluation(9), checkpoint(9)];
  expect(told([])).toEqual([[0, undefined, undefined]]);
  expect(told(first)).toEqual([[0, 0.1, 0.1]]);
  expect(told([...first, otherwise(9), baselines(0.2), evaluation(12)])).toEqual([
    [0, 0.1, 0.1],
    [9, 0.2, 0.2],
  ]);
  // Nothing could be measured since.
  expect(told([...first, otherwise(9)])).toEqual([
    [0, 0.1, 0.1],
    [9, undefined, undefined],
  ]);
  // They changed twice before the run got on.
  expect(told([...first, otherwise(9), baselines(0.2), otherwise(9), baselines(0.3)])).toEqual([
    [0, 0.1, 0.1],
    [9, 0.3, 0.3],
  ]);
});

it('end where the log does that was taken back to before other images judged', () => {
  expect(told([baselines(0.1), evaluation(5), checkpoint(6), baselines(0.2)])).toEqual([
    [0, 0.1, 0.1],
    [6, 0.2, 0.2],
  ]);
});

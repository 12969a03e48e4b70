import { expect, it } from 'vitest';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { shownEvaluation } from './shown-evaluation.ts';

const evaluation = (step: number, more: Partial<OnlineEvaluation> = {}): OnlineEvaluation => ({
  step,
  raw: {},
  centred: {},
  whitened: { knn: 0.5 },
  rankMe: 9,
  meanCosine: 0.2,
  positionalShare: 0.3,
  ...more,
});
const baselines = { untrained: evaluation(0), pixels: { raw: {}, centred: {}, whitened: { knn: 0.4 } } };
const evaluations = [evaluation(10), evaluation(20), evaluation(30)];
const summary = { state: 'training', bestStep: 20 } as const;
const run = { summary, evaluations, baselines, judgedSince: undefined };
const done = { ...summary, state: 'done' } as const;
const [, second, third] = evaluations;

it('shows the latest evaluation of a run that learns, then that of its best checkpoint', () => {
  expect(shownEvaluation(run)).toEqual({ last: third, best: second, baselines });
  expect(shownEvaluation({ ...run, summary: done })).toEqual({ last: second, best: second, baselines });
  expect(shownEvaluation({ ...run, summary: { ...done, bestStep: undefined } })).toEqual({ last: third, best: undefined, baselines });
  // Before its first evaluation the baselines stand alone.
  expect(shownEvaluation({ ...run, evaluations: [] })).toEqual({ last: undefined, best: undefined, baselines });
});

it('sets no baselines beside an evaluation that other images made than they were measured on', () => {
  // It goes on from step 30, and its baselines are measured already.
  for (const one of [summary, done]) expect(shownEvaluation({ ...run, summary: one, judgedSince: 30 }).baselines).toBeUndefined();
  expect(shownEvaluation({ ...run, judgedSince: 29 }).baselines).toBe(baselines);
  const crops = [evaluation(10, { whitened: { retrieval: 0.5 } })];
  expect(shownEvaluation({ ...run, evaluations: crops }).baselines).toBeUndefined();
});

it('names no best checkpoint beside an evaluation that does not compare with its own', () => {
  // The checkpoint of the new best is being written.
  expect(shownEvaluation({ ...run, judgedSince: 25 })).toEqual({ last: third, best: undefined, baselines });
  expect(shownEvaluation({ ...run, judgedSince: 30 }).best).toBe(second);
  const others = [evaluation(20, { asked: 'these' }), evaluation(30, { asked: 'others' })];
  expect(shownEvaluation({ ...run, evaluations: others }).best).toBeUndefined();
});

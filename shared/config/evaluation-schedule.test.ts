import { describe, expect, it } from 'vitest';
import { runShare } from '../run-progress.ts';
import type { TrainConfig } from './config-table.ts';
import { defaultConfig, smallSteps } from './config.ts';
import { firstEvaluation, isJudgedAfter } from './evaluation-schedule.ts';

const judgedSteps = (settings: Partial<TrainConfig>, steps: number): number[] => {
  const judged = isJudgedAfter({ ...defaultConfig, ...settings }, steps);
  return Array.from({ length: steps }, (_, i) => i + 1).filter(judged);
};
/** As the suggested settings have it: 64 images, of which each becomes two crops. */
const usual = { agreement: 1, crops: 2, batchSize: 64, evaluateImages: 2000 };

describe('the evaluations of a run', () => {
  it('are spread evenly over its steps where those are alike, ten of a short run', () => {
    expect(judgedSteps({}, 1000)).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(judgedSteps({}, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(judgedSteps({}, 1)).toEqual([1]);
  });

  it('are up to sixteen where they cost little beside the training', () => {
    const count = (settings: Partial<TrainConfig>, steps: number): number => judgedSteps({ ...usual, ...settings }, steps).length;
    expect([1500, 5000, 6000, 12_000, 50_000].map((steps) => count({}, steps))).toEqual([10, 12, 15, 16, 16]);
    // Fewer images are judged sooner, and more crops of them leave more time.
    expect(count({ evaluateImages: 500 }, 1500)).toBe(15);
    expect(count({ crops: 4 }, 3000)).toBe(15);
  });

  it('are spread by what crops show where those are small first, so that each part has its share', () => {
    const [settings, steps] = [{ ...usual, smallFirst: 0.85 }, 31_250];
    const judged = judgedSteps(settings, steps);
    expect(judged).toHaveLength(16);
    expect(judged.filter((step) => step <= smallSteps(settings, steps))).toHaveLength(9);
    for (const [i, step] of judged.entries()) expect(runShare(settings, steps, step)).toBeCloseTo((i + 1) / 16, 3);
  });

  it('come as often as a person has set, and at the end', () => {
    expect(judgedSteps({ ...usual, smallFirst: 0.85, evaluateSteps: 30 }, 100)).toEqual([30, 60, 90, 100]);
    expect(judgedSteps({ evaluateSteps: 300 }, 100)).toEqual([100]);
  });
});

it('the first evaluation is promised for the step at which it comes', () => {
  for (const steps of [1, 7, 100, 1001, 4375])
    for (const settings of [
      {},
      { smallFirst: 0.85 },
      { smallFirst: 0.3, evaluateImages: 10 },
      { evaluateSteps: 30 },
      { evaluateSteps: 5000 },
    ]) {
      const config = { ...usual, ...settings };
      expect(firstEvaluation({ ...defaultConfig, ...config }, steps)).toBe(judgedSteps(config, steps)[0]);
    }
  expect(firstEvaluation({ ...defaultConfig, evaluateImages: 0, evaluateSteps: 30 }, 1000)).toBeUndefined();
  expect([true, false, undefined].map((judged) => firstEvaluation(defaultConfig, 1000, judged))).toEqual([100, undefined, 100]);
});

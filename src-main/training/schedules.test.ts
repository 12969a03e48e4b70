import { expect, it } from 'vitest';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { parseConfig } from '../../shared/config/config.ts';
import { scheduleAt, scheduleInputsAt, scheduleOf } from './schedules.ts';

const settings = {
  imageSize: 32,
  patchSize: 8,
  agreement: 1,
  learningRate: 1,
  startLearningRate: 0,
  finalLearningRate: 0,
  warmup: 0.1,
  weightDecay: [0, 1],
  momentum: [0.9, 1],
} as const;
const [plain, small] = [0, 0.8].map((smallFirst) => scheduleOf(parseConfig({ ...settings, smallFirst }), 100));

it('runs over what crops show: 80 of 100 steps at a quarter of the pixels are half of it', () => {
  // (80 / 4) / (80 / 4 + 20), so that step 80 stands where step 50 of whole crops does.
  for (const [step, place] of [
    [0, 0],
    [40, 25],
    [80, 50],
    [90, 75],
    [98, 95],
  ] as const) {
    expect(scheduleAt(small!, step).momentum).toBeCloseTo(scheduleAt(plain!, place).momentum, 9);
    expect(scheduleAt(small!, step - 1).learningRate).toBeCloseTo(scheduleAt(plain!, place - 1).learningRate, 9);
    expect(scheduleAt(small!, step - 1).weightDecay).toBeCloseTo(scheduleAt(plain!, place - 1).weightDecay, 9);
  }
  expect(scheduleAt(small!, 80).learningRate).toBeGreaterThan(0.4);
  expect(scheduleAt(small!, 99).learningRate).toBeLessThan(1e-3);
  // It rises over the first tenth, and falls from step to step.
  const rates = Array.from({ length: 100 }, (_, step) => scheduleAt(small!, step).learningRate);
  expect(rates.indexOf(Math.max(...rates))).toBe(15);
  for (let step = 17; step < 100; step++) expect(rates[step]).toBeLessThan(rates[step - 1]!);
});

it.each([
  ['half as long as the run', { scheduleScale: 0.5 }],
  ['half as long as the run, with smaller crops first', { scheduleScale: 0.5, smallFirst: 0.8 }],
  ['shorter than the warm-up', { scheduleScale: 0.1, warmup: 0.2 }],
  ['shorter than a step', { scheduleScale: 0.1, steps: 9 }],
] as const)('stays at its end where it is %s', (_name, { steps = 100, ...more }: Partial<TrainConfig> & { readonly steps?: number }) => {
  const schedule = scheduleOf(parseConfig({ ...settings, weightDecaySchedule: 'cosine', finalLearningRate: 0.01, ...more }), steps);
  const all = Array.from({ length: steps }, (_, step) => scheduleAt(schedule, step));
  const rates = all.map(({ learningRate }) => learningRate);
  const peak = rates.indexOf(Math.max(...rates));
  for (let step = peak + 1; step < steps; step++) {
    expect(rates[step], `rate of step ${step}`).toBeLessThanOrEqual(rates[step - 1]!);
    expect(all[step]!.weightDecay, `decay of step ${step}`).toBeGreaterThanOrEqual(all[step - 1]!.weightDecay);
  }
  expect(all.at(-1)).toEqual({ learningRate: 0.01, weightDecay: 1, momentum: 1 });
});

it('leaves the momentum at its end, too, also below 1', () => {
  const schedule = scheduleOf(parseConfig({ ...settings, momentum: [0.9, 0.99], scheduleScale: 0.5 }), 100);
  expect([0, 25, 50, 99].map((step) => scheduleAt(schedule, step).momentum)).toEqual(
    [0.9, 0.945, 0.99, 0.99].map((one) => expect.closeTo(one, 12)),
  );
});

it('corrects the moments of a predictor that begins after the small crops by its own steps', () => {
  const betas = { beta1: 0.9, beta2: 0.99 };
  const own = (step: number): readonly [number, number] => {
    const { predictorCorrection1, predictorCorrection2 } = scheduleInputsAt(small!, betas, step);
    return [predictorCorrection1[0]!, predictorCorrection2[0]!];
  };
  // 80 of 100 steps are of small crops; before it begins its moments are not used.
  for (const [step, updates] of [
    [0, 1],
    [79, 1],
    [80, 1],
    [81, 2],
    [99, 20],
  ] as const) {
    expect(own(step)[0], `step ${step}`).toBeCloseTo(1 / (1 - 0.9 ** updates), 5);
    expect(own(step)[1], `step ${step}`).toBeCloseTo(1 / Math.sqrt(1 - 0.99 ** updates), 5);
  }
  expect(scheduleInputsAt(small!, betas, 81).correction1[0]).toBeCloseTo(1 / (1 - 0.9 ** 82), 5);
  expect(scheduleInputsAt(plain!, betas, 81).predictorCorrection1[0]).toBeCloseTo(1 / (1 - 0.9 ** 82), 5);
});

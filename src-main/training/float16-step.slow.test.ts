import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import type { StepOptions } from './passes/create-step-device.ts';
import type { StepDevice } from './passes/step-device.ts';
import { stepSize } from './plan/step-size.ts';
import { initialState } from './run-folder/state.ts';
import { StepRunner } from './step-runner.ts';
import { advance, expectNearFloat32, train, using, worstFigure } from './testing/compare-runs.ts';
import type { Plan } from './testing/compare-runs.ts';
import { deviceSettings } from './testing/small-run.ts';

const float32: StepOptions = { device: 'cpu', threads: 1 };
// onnxruntime's CPU rounds as a card does, and takes longer for it.
const float16: StepOptions = { ...float32, precision: 'float16' };
const recipes = {
  'the masked prediction': {},
  'the usual recipe: agreement, micro-batches, a prediction of some crops, a stem of convolutions, Muon': {
    agreement: 1,
    agreementBy: 'contrast',
    projectorWidth: 8,
    stem: 'convolutions',
    optimiser: 'muon',
    batchSize: 8,
    microBatch: 4,
    predictionStride: 4,
  },
};

describe('a step with products in float16', () => {
  it.each(Object.entries(recipes))(
    '%s: has nearly the figures of float32, weights that are not rounded, and over 200 steps a loss within half a percent',
    async (_, extra) => {
      await expectNearFloat32(parseConfig({ ...deviceSettings, ...extra }), { float32, reduced: float16, least: 1e-6 });
    },
  );

  it('makes a step whose cotangents overflow again with a smaller scale, and moves as float32 does', async () => {
    // So many times the loss that the first scale is far too large.
    const plan: Plan = { config: parseConfig({ ...deviceSettings, prediction: 100 }), steps: 6 };
    const [expected, actual] = [await train(plan, float32), await train(plan, float16)];
    expect(actual.outcomes.map(({ refused }) => refused)).toEqual(Array(6).fill(false));
    expect(actual.outcomes[0]!.lossScale).toBeLessThan(2 ** 16);
    expect(actual.outcomes[0]!.lossScale).toBeGreaterThan(1);
    // What was found out in the first step holds for the others.
    expect(new Set(actual.outcomes.map(({ lossScale }) => lossScale)).size).toBeLessThan(3);
    expect(worstFigure(actual.outcomes, expected.outcomes)).toBeLessThan(5e-3);
  });

  it('refuses a step whose loss is not finite at once, and keeps the scale', async () => {
    const plan: Plan = { config: parseConfig({ ...deviceSettings }), steps: 4, broken: 1 };
    const state = initialState(plan.config);
    const outcomes = await using(plan, float16, async (runner) => advance(runner, state, plan.steps, plan.broken));
    expect(outcomes.map(({ refused }) => refused)).toEqual([false, true, false, false]);
    expect(outcomes[2]!.lossScale).toBe(outcomes[0]!.lossScale);
  });

  it('refuses what overflows at any scale, which is then what it was before', async () => {
    const config = parseConfig({ ...deviceSettings });
    const scales: number[] = [];
    let isBroken = true;
    // A finite loss whose gradient is none, whatever it is multiplied by.
    const device: Partial<StepDevice> = {
      isHome: true,
      microBatch: stepSize(config).microBatch,
      load: async () => Promise.resolve(),
      accumulate: async ([feeds]) => Promise.resolve({ smoothL1: scales.push(feeds!['lossScale']![0]!) && 1 }),
      update: async () => Promise.resolve(isBroken ? Number.NaN : 1),
      dispose: async () => Promise.resolve(),
    };
    const runner = await StepRunner.create(config, 8, float16, undefined, async () => Promise.resolve(device as StepDevice));
    const state = initialState(config);
    const patches = new Float32Array(runner.size.batch * 3 * config.imageSize ** 2);
    expect(await runner.run(state, patches)).toMatchObject({ refused: true });
    expect(scales).toEqual(Array.from({ length: 17 }, (_, i) => 2 ** (16 - i)));
    isBroken = false;
    expect(await runner.run(state, patches)).toMatchObject({ refused: false, lossScale: 2 ** 16 });
  });

  it('keeps the gradients of a tiny loss (with a scale of 1 three in a hundred of the norm are lost)', async () => {
    const { outcomes } = await train({ config: parseConfig({ ...deviceSettings, prediction: 1e-4 }), steps: 1 }, float16);
    const reference = await train({ config: parseConfig({ ...deviceSettings, prediction: 1e-4 }), steps: 1 }, float32);
    expect(outcomes[0]!.gradientNorm / reference.outcomes[0]!.gradientNorm).toBeCloseTo(1, 2);
  });
});

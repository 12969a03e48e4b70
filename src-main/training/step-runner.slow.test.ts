import { describe, expect, it } from 'vitest';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { cropsPerImage, parseConfig } from '../../shared/config/config.ts';
import { Random } from '../../shared/random.ts';
import { drawMasks } from '../jepa/masks.ts';
import { sineCosinePositions } from '../jepa/positions.ts';
import { relativeError } from '../jepa/testing/reference-values.ts';
import type { StepDevice } from './passes/step-device.ts';
import { stepSize } from './plan/step-size.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';
import { scheduleAt, scheduleOf } from './schedules.ts';
import { StepRunner } from './step-runner.ts';
import type { StepOutcome } from './step-runner.ts';

const small = {
  architecture: 'custom',
  width: 24,
  depth: 2,
  heads: 2,
  mlpRatio: 2,
  imageSize: 24,
  patchSize: 4,
  predictorWidth: 12,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 32,
  steps: 10,
  threads: 1,
  learningRate: 1e-3,
  sigregProjections: 16,
} as const;

function patchesOf(config: TrainConfig, step: number, crops: number): Float32Array {
  const random = new Random(9, 'test', step);
  return Float32Array.from(
    { length: crops * config.batchSize * (config.imageSize / config.patchSize) ** 2 * 3 * config.patchSize ** 2 },
    () => random.normal(),
  );
}

async function train(
  config: TrainConfig,
  steps: number,
  state: TrainState = initialState(config),
): Promise<{ state: TrainState; outcomes: StepOutcome[] }> {
  const runner = await StepRunner.create(config, 10, { threads: config.threads });
  const outcomes: StepOutcome[] = [];
  for (let i = 0; i < steps; i++) outcomes.push(await runner.run(state, patchesOf(config, state.step, cropsPerImage(config))));
  await runner.dispose();
  return { state, outcomes };
}

describe('a step cut into micro-batches', () => {
  it.each([
    ['the masked loss alone', {}],
    ['losses over the whole batch', { sigreg: 0.1, agreement: 0.5 }],
    ['the same through a projector', { sigreg: 0.1, agreement: 0.5, projectorWidth: 8 }],
    ['squared error', { loss: 'l2' }],
    ['a prediction of every second crop, and weighted', { agreement: 0.5, sigreg: 0.1, predictionStride: 2, prediction: 0.3 }],
    ['four crops of each image', { agreement: 1, sigreg: 0.1, crops: 4, predictionStride: 4 }],
    [
      'crops seen whole but for those that are predicted',
      { agreement: 1, agreementBy: 'contrast', predictionStride: 2, maskedCrops: 'predicted' },
    ],
    [
      'crops seen whole, by convolutions',
      { agreement: 1, agreementBy: 'contrast', crops: 4, predictionStride: 2, maskedCrops: 'predicted', stem: 'convolutions' },
    ],
    ['crops seen whole and nothing predicted', { agreement: 1, agreementBy: 'contrast', prediction: 0, maskedCrops: 'predicted' }],
    ['agreement alone', { agreement: 1, sigreg: 0.1, prediction: 0 }],
    ['a stem of convolutions', { stem: 'convolutions' }],
    ['agreement by contrast', { agreement: 1, agreementBy: 'contrast', crops: 4, predictionStride: 4, projectorWidth: 8 }],
    ['by contrast among the crops of four images', { agreement: 1, agreementBy: 'contrast', contrastImages: 4, predictionStride: 2 }],
  ])('1×32, 4×8 and 32×1 move the weights alike: %s', async (_, extra) => {
    const whole = await train(parseConfig({ ...small, ...extra, microBatch: 32 }), 2);
    for (const microBatch of [8, 1]) {
      const cut = await train(parseConfig({ ...small, ...extra, microBatch }), 2);
      cut.outcomes.forEach((outcome, i) => {
        expect(outcome.loss).toBeCloseTo(whole.outcomes[i]!.loss, 5);
        expect(outcome.gradientNorm / whole.outcomes[i]!.gradientNorm).toBeCloseTo(1, 4);
      });
      // Adam divides by the gradient's size, so a weight without gradient takes a full step of rounding noise: compare the moments.
      for (const name of Object.keys(whole.state.tensors).filter((key) => key.startsWith('moment1.') && !key.endsWith('qkv.bias'))) {
        expect(relativeError(cut.state.tensors[name]!, whole.state.tensors[name]!), name).toBeLessThan(1e-3);
      }
    }
  });

  it('predicts of a stride what a batch of those images alone would give', async () => {
    const config = parseConfig({ ...small, batchSize: 8, predictionStride: 4 });
    const patches = patchesOf(config, 0, 1);
    const outcomeOf = async (one: TrainConfig, images: Float32Array): Promise<number> => {
      const runner = await StepRunner.create(one, 10, { threads: 1 });
      const { smoothL1 } = await runner.run(initialState(one), images);
      await runner.dispose();
      return smoothL1!;
    };
    // Masks are drawn by place in the batch: images 0 and 4, one at a time in the places that they have.
    const strided = await outcomeOf(config, patches);
    const perImage = patches.length / 8;
    const zeroed = patches.slice();
    for (const image of [1, 2, 3, 5, 6, 7]) zeroed.fill(7, image * perImage, (image + 1) * perImage);
    expect(await outcomeOf(config, zeroed)).toBe(strided);
    zeroed.fill(7, 4 * perImage, 5 * perImage);
    expect(await outcomeOf(config, zeroed)).not.toBe(strided);
    const whole = await outcomeOf(parseConfig({ ...config, predictionStride: 1 }), patches);
    expect(strided / whole).toBeCloseTo(1, 1);
    expect(strided).not.toBe(whole);
  });

  it('sees crops whole that are not predicted, where only predicted ones lose patches', async () => {
    const settings = { ...small, batchSize: 8, agreement: 1, agreementBy: 'contrast', crops: 2, predictionStride: 4 } as const;
    const coupled = async (config: TrainConfig, patches: Float32Array): Promise<number> => {
      const runner = await StepRunner.create(config, 10, { threads: 1 });
      const outcome = await runner.run(initialState(config), patches);
      await runner.dispose();
      return outcome.coupled!;
    };
    for (const [maskedCrops, isSeen] of [
      ['all', [false, false]],
      ['predicted', [false, true]],
    ] as const) {
      const config = parseConfig({ ...settings, maskedCrops });
      const patches = patchesOf(config, 0, 2);
      const { contextTokens } = stepSize(config);
      const masks = drawMasks(config, config.seed, 0, 16, contextTokens);
      const before = await coupled(config, patches);
      // Crop 4 is predicted, crop 5 is not.
      for (const [place, crop] of [4, 5].entries()) {
        const hidden = Array.from({ length: 36 }, (_, i) => i).find((i) => !masks[crop]!.context.includes(i))!;
        const changed = patches.slice();
        changed.fill(3, (crop * 36 + hidden) * 48, (crop * 36 + hidden + 1) * 48);
        const after = await coupled(config, changed);
        expect(after !== before, `${maskedCrops}, crop ${crop}`).toBe(isSeen[place]);
      }
    }
  });

  it('is the same bit for bit when it is repeated, and when it goes on from a copied state', async () => {
    const config = parseConfig({ ...small, microBatch: 8 });
    const [a, b] = [await train(config, 4), await train(config, 2)];
    const resumed = await train(config, 2, {
      step: b.state.step,
      tensors: Object.fromEntries(Object.entries(b.state.tensors).map(([name, values]) => [name, values.slice()])),
    });
    expect(resumed.state).toEqual(a.state);
  });

  it('refuses a step that is not finite and leaves the weights as they were', async () => {
    const config = parseConfig({ ...small, microBatch: 8 });
    const runner = await StepRunner.create(config, 10, { threads: 1 });
    const state = initialState(config);
    const before = initialState(config);
    const patches = patchesOf(config, 0, 1);
    patches[5] = Infinity;
    const outcome = await runner.run(state, patches);
    await runner.dispose();
    expect(outcome.refused).toBe(true);
    expect(state.tensors).toEqual(before.tensors);
  });

  it('refuses a step of which a loss has overflowed though its gradient has not, and the next one is as any other', async () => {
    const config = parseConfig({ ...small, batchSize: 8, microBatch: 4 });
    const runner = await StepRunner.create(config, 10, { threads: 1 });
    const state = initialState(config);
    const bias = state.tensors['predictor.proj.bias']!;
    const usual = bias.slice();
    // The squares of such distances are no numbers of 32 bits, while smooth L1 goes on with a slope of 1.
    bias.fill(1e25);
    const before = structuredClone(state.tensors);
    const outcome = await runner.run(state, patchesOf(config, 0, 1));
    expect([Number.isFinite(outcome.smoothL1), Number.isFinite(outcome.squaredError), outcome.refused]).toEqual([true, false, true]);
    expect(state.tensors).toEqual(before);
    bias.set(usual);
    const after = await runner.run({ ...state }, patchesOf(config, 1, 1));
    await runner.dispose();
    const { outcomes } = await train(config, 1, { ...initialState(config), step: 1 });
    expect(after).toEqual(outcomes[0]);
    expect(after.refused).toBe(false);
  });

  it.each([
    ['Infinity', { smoothL1: Infinity }],
    ['not a number', { smoothL1: Number.NaN }],
    ['Infinity over the whole batch', { smoothL1: 1, coupled: Infinity }],
  ])('moves nothing where a device says that a loss is %s and has a gradient all the same', async (_, losses) => {
    const config = parseConfig({ ...small, batchSize: 8, microBatch: 8 });
    let updates = 0;
    const device: Partial<StepDevice> = {
      isHome: true,
      microBatch: 8,
      load: async () => Promise.resolve(),
      accumulate: async () => Promise.resolve(losses),
      update: async () => Promise.resolve(++updates),
      dispose: async () => Promise.resolve(),
    };
    for (const precision of ['float32', 'float16'] as const) {
      const runner = await StepRunner.create(config, 10, { threads: 1, precision }, undefined, async () =>
        Promise.resolve(device as StepDevice),
      );
      const state = initialState(config);
      expect(await runner.run(state, patchesOf(config, 0, 1))).toMatchObject({ refused: true, gradientNorm: Number.NaN });
      expect([updates, state.step]).toEqual([0, 1]);
    }
  });

  it.each([
    ['the masked loss alone', {}],
    ['losses over the whole batch', { sigreg: 0.1, agreement: 0.5 }],
  ])('is the same to 1e-5 however far the published contexts are padded: %s', async (_, extra) => {
    const config = parseConfig({ ...small, ...extra, masking: 'paper-exact', minKeep: 2, batchSize: 8, microBatch: 4 });
    const crops = config.agreement > 0 ? 2 : 1;
    const kept = drawMasks(config, config.seed, 0, crops * config.batchSize, 0)[0]!.context.length;
    const patches = patchesOf(config, 0, crops);
    const [plain, padded] = await Promise.all(
      [kept, kept + 9].map(async (contextTokens) => {
        const runner = await StepRunner.create(config, 10, { threads: 1 }, { step: 0, contextTokens });
        const state = initialState(config);
        const outcome = await runner.run(state, patches);
        await runner.dispose();
        return { state, outcome };
      }),
    );
    for (const key of ['loss', 'smoothL1', 'squaredError', 'gradientNorm'] as const)
      expect(Math.abs(padded!.outcome[key]! / plain!.outcome[key]! - 1), key).toBeLessThan(1e-5);
    if (crops === 2) expect(Math.abs(padded!.outcome.coupled! / plain!.outcome.coupled! - 1)).toBeLessThan(1e-5);
    for (const name of Object.keys(plain!.state.tensors).filter((key) => key.startsWith('moment1.') && !key.endsWith('qkv.bias')))
      expect(relativeError(padded!.state.tensors[name]!, plain!.state.tensors[name]!), name).toBeLessThan(1e-4);
  });

  it('recompiles when a paper-exact context is longer than expected', async () => {
    const { outcomes } = await train(parseConfig({ ...small, masking: 'paper-exact', minKeep: 2, batchSize: 4, microBatch: 2 }), 5);
    for (const { loss } of outcomes) expect(loss).toBeGreaterThan(0);
  });
});

describe('smaller crops first', () => {
  const settings = {
    ...small,
    batchSize: 4,
    agreement: 1,
    agreementBy: 'contrast',
    maskedCrops: 'predicted',
    predictionStride: 4,
  } as const;
  const config = parseConfig({ ...settings, smallFirst: 0.3 });

  it('are a run of half the image size with positions in between, without the masked prediction', async () => {
    const half = parseConfig({ ...settings, imageSize: 12, prediction: 0, positions: 'learned' });
    const patches = patchesOf(half, 0, 2);
    const state = initialState(config);
    const positions = sineCosinePositions(24, 3, 2);
    const other = initialState(half);
    Object.assign(other.tensors, initialState(config).tensors, { 'contextEncoder.positions': positions });
    const [ours, theirs] = await Promise.all(
      [config, half].map(async (one) => {
        const runner = await StepRunner.create(one, 10, { threads: 1 });
        const outcome = await runner.run(one === config ? state : other, patches);
        await runner.dispose();
        return outcome;
      }),
    );
    expect(Object.keys(ours!)).not.toContain('smoothL1');
    expect(ours!.coupled! / theirs!.coupled!).toBeCloseTo(1, 6);
    // The other one moves its positions too.
    expect(theirs!.gradientNorm).toBeGreaterThan(ours!.gradientNorm);
    // What predicts nothing is not moved, not even by weight decay.
    for (const [name, values] of Object.entries(initialState(config).tensors))
      if (/(^|\.)predictor\./.test(name)) expect(state.tensors[name], name).toEqual(values);
      else if (name === 'contextEncoder.blocks.0.mlp.fc1.weight') expect(state.tensors[name]).not.toEqual(values);
  });

  it('end where a run of whole crops would go on with the same state, and a predictor that has not moved yet', async () => {
    const { state, outcomes } = await train(config, 3);
    expect(outcomes.every(({ smoothL1 }) => smoothL1 === undefined)).toBe(true);
    const copy = { ...state, tensors: Object.fromEntries(Object.entries(state.tensors).map(([name, values]) => [name, values.slice()])) };
    const before = copy.tensors['predictor.proj.bias']!.slice();
    const ours = await train(config, 1, state);
    const theirs = await train(parseConfig(settings), 1, copy);
    expect(ours.outcomes).toEqual(theirs.outcomes);
    expect(ours.outcomes[0]!.smoothL1).toBeGreaterThan(0);
    // As at the first step of any run, Adam's direction is the gradient's sign: its moments are as young as the predictor's part of the run.
    const { learningRate } = scheduleAt(scheduleOf(config, 10), 3);
    for (const [i, value] of state.tensors['predictor.proj.bias']!.entries())
      expect(Math.abs(value - before[i]!) / learningRate).toBeCloseTo(1, 2);
  });
});

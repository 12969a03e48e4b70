// The step against values from the authors' own code (testing/fixtures/README.md), to the tolerances stated there.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../shared/config/config.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { Tensor } from '../tensor/graph.ts';
import { lowerOnnx } from '../tensor/lower-onnx.ts';
import { input } from '../tensor/structure.ts';
import { scheduleInputsAt } from '../training/schedules.ts';
import { update } from './adamw.ts';
import { packMasks } from './mask-batch.ts';
import type { MaskInputs } from './mask-batch.ts';
import { encoderParameters, patchValues, tokenCount, trainedParameters } from './model.ts';
import type { ModelSize, Weights } from './model.ts';
import { sineCosinePositions } from './positions.ts';
import { accumulate, forward } from './step.ts';
import type { StepSize } from './step.ts';
import { authorsName, inOurLayout, patchify, readJson, readTensors, relativeError } from './testing/reference-values.ts';
import { encode, encoderInputs, networks } from './transformer.ts';

interface Sizes {
  width: number;
  heads: number;
  depth: number;
  predictor_width: number;
  predictor_depth: number;
  grid: number;
  patch_size: number;
  batch: number;
  steps: number;
  target_blocks: number;
  context_tokens: number;
  target_tokens: number;
  betas: [number, number];
  epsilon: number;
  log: {
    step: number;
    learning_rate: number;
    weight_decay: number;
    momentum: number;
    smooth_l1: number;
    mean_squared_error: number;
  }[];
}

const sizes = readJson<Sizes>('step.json');
const stored = readTensors('step.safetensors');
const model: ModelSize = {
  encoder: { width: sizes.width, depth: sizes.depth, heads: sizes.heads, hidden: 4 * sizes.width },
  predictor: {
    width: sizes.predictor_width,
    depth: sizes.predictor_depth,
    heads: sizes.heads,
    hidden: 4 * sizes.predictor_width,
  },
  patchSize: sizes.patch_size,
  grid: sizes.grid,
};
// Two paddings more than the masks need, so that padded = unpadded is part of every comparison.
const size: StepSize = {
  model,
  microBatch: sizes.batch,
  batch: sizes.batch,
  contextTokens: sizes.context_tokens + 2,
  targetBlocks: sizes.target_blocks,
  targetTokens: sizes.target_tokens + 2,
  predictionStride: 1,
  othersWhole: false,
  crops: 1,
  paddedContext: true,
};
const objective = { ...defaultConfig, sigregProjections: 8 };

const foreignPrefix = { contextEncoder: 'encoder', targetEncoder: 'target_encoder', predictor: 'predictor' } as const;
function foreign(kind: string, name: string): Float32Array {
  const [network, ...rest] = name.split('.') as [keyof typeof foreignPrefix, ...string[]];
  const key = `${kind}.${foreignPrefix[network]}.${authorsName(rest.join('.'), network === 'predictor' ? 'predictor' : 'encoder')}`;
  const tensor = stored.get(key) ?? stored.get(key.replace('encoder.', ''));
  if (!tensor) throw new Error(`the reference values lack ${key}`);
  return inOurLayout(tensor, name.endsWith('maskToken')).slice();
}

const step = (name: string, index: number): { data: Float32Array | Int32Array; length: number } => {
  const { shape, data } = stored.get(name)!;
  const length = data.length / shape[0]!;
  return { data: data.slice(index * length, (index + 1) * length), length };
};

function masksOf(index: number): MaskInputs {
  const { batch, context_tokens: nc, target_tokens: nt, target_blocks: blocks } = sizes;
  const context = step('context_indices', index).data as Int32Array;
  const target = step('target_indices', index).data as Int32Array;
  const masks = Array.from({ length: batch }, (_, b) => ({
    context: context.slice(b * nc, (b + 1) * nc),
    targets: Array.from({ length: blocks }, (__, m) => target.slice((m * batch + b) * nt, (m * batch + b + 1) * nt)),
  }));
  return packMasks(size, masks, 0);
}

const imagesOf = (index: number): Float32Array =>
  patchify(step('images', index).data as Float32Array, sizes.batch, sizes.grid * sizes.patch_size, sizes.patch_size);

const weights: Weights = {};
for (const { name } of trainedParameters(model)) weights[name] = foreign('initial', name);
for (const { name } of encoderParameters(model)) weights[`targetEncoder.${name}`] = foreign('initial', `targetEncoder.${name}`);

async function compute(
  outputs: Record<string, Tensor>,
  feeds: Record<string, Float32Array | Int32Array>,
): Promise<Record<string, Float32Array>> {
  const session = await OnnxSession.create(lowerOnnx(outputs), { threads: 1 });
  const results = await session.run({ ...weights, ...feeds });
  await session.dispose();
  return results;
}

/** Rows [groups, n + padding, width] → [groups, n, width]. */
function unpadded(values: Float32Array, groups: number, padded: number, kept: number): Float32Array {
  const width = values.length / groups / padded;
  const result = new Float32Array(groups * kept * width);
  for (let g = 0; g < groups; g++) result.set(values.subarray(g * padded * width, (g * padded + kept) * width), g * kept * width);
  return result;
}

describe("the authors' step", () => {
  it('has their positions', () => {
    expect(relativeError(sineCosinePositions(sizes.width, sizes.grid), stored.get('initial.encoder.pos_embed')!.data)).toBeLessThan(1e-6);
    expect(
      relativeError(sineCosinePositions(sizes.predictor_width, sizes.grid), stored.get('initial.predictor.predictor_pos_embed')!.data),
    ).toBeLessThan(1e-6);
  });

  it('encodes whole images and contexts as they do', async () => {
    const patches = input('patches', [sizes.batch, tokenCount(model), patchValues(model)]);
    const indices = input('indices', [sizes.batch, sizes.context_tokens], 'int32');
    const encoder = encoderInputs('contextEncoder', model);
    const outputs = { full: encode(encoder, model, patches), context: encode(encoder, model, patches, { indices }) };
    const results = await compute(outputs, { patches: imagesOf(0), indices: step('context_indices', 0).data });
    expect(relativeError(results['full']!, stored.get('encoder_full')!.data)).toBeLessThan(1e-5);
    expect(relativeError(results['context']!, stored.get('encoder_context')!.data)).toBeLessThan(1e-5);
  });

  it('predicts their predictions and targets', async () => {
    const { predictions, targets } = forward(size, objective, networks(model));
    const results = await compute({ predictions, targets }, { patches: imagesOf(0), ...masksOf(0) });
    const groups = sizes.batch * sizes.target_blocks;
    for (const name of ['predictions', 'targets']) {
      expect(relativeError(unpadded(results[name]!, groups, size.targetTokens, sizes.target_tokens), stored.get(name)!.data)).toBeLessThan(
        1e-5,
      );
    }
  });

  it('has their gradients', async () => {
    const specs = trainedParameters(model);
    const zeros = Object.fromEntries(specs.map(({ name }) => [`gradient.${name}`, new Float32Array(weights[name]!.length)]));
    const results = await compute(accumulate(size, objective), { patches: imagesOf(0), ...masksOf(0), ...zeros });
    for (const { name } of specs) {
      const key = `gradient.${name.replace('contextEncoder.', 'encoder.')}`;
      const expected = stored.get(
        `gradient.${foreignPrefix[name.split('.')[0] as 'predictor']}.${authorsName(name.split('.').slice(1).join('.'), name.startsWith('predictor') ? 'predictor' : 'encoder')}`,
      );
      expect(expected, key).toBeDefined();
      const actual = results[`gradient.${name}`]!;
      // A key's bias moves all scores of a query alike: its true gradient is zero and both sides hold rounding noise.
      const reference = inOurLayout(expected!, name.endsWith('maskToken'));
      if (name.endsWith('qkv.bias')) {
        const third = actual.length / 3;
        for (const part of [0, 2])
          expect(
            relativeError(actual.slice(part * third, (part + 1) * third), reference.slice(part * third, (part + 1) * third)),
            key,
          ).toBeLessThan(1e-4);
        expect(Math.max(...actual.slice(third, 2 * third).map(Math.abs))).toBeLessThan(1e-5);
      } else expect(relativeError(actual, reference), key).toBeLessThan(1e-4);
    }
  });
});

describe("the authors' run of several steps", () => {
  const state: Weights = {};
  let first: OnnxSession;
  let second: OnnxSession;
  beforeAll(async () => {
    first = await OnnxSession.create(lowerOnnx(accumulate(size, objective)), { threads: 1 });
    second = await OnnxSession.create(
      lowerOnnx(update(model, { beta1: sizes.betas[0], beta2: sizes.betas[1], epsilon: sizes.epsilon, optimiser: 'adamw' })),
      {
        threads: 1,
      },
    );
    for (const [name, values] of Object.entries(weights)) state[name] = values.slice();
    for (const { name } of trainedParameters(model))
      for (const kind of ['gradient', 'moment1', 'moment2']) state[`${kind}.${name}`] = new Float32Array(weights[name]!.length);
  });
  afterAll(async () => Promise.all([first.dispose(), second.dispose()]));

  it('has their losses at every step and their weights at the end', async () => {
    for (const expected of sizes.log) {
      for (const [name, values] of Object.entries(state)) if (name.startsWith('gradient.')) values.fill(0);
      const results = await first.run({ ...state, patches: imagesOf(expected.step), ...masksOf(expected.step) }, state);
      expect(Math.abs(results['smoothL1']![0]! / expected.smooth_l1 - 1)).toBeLessThan(2e-4);
      expect(Math.abs(results['squaredError']![0]! / expected.mean_squared_error - 1)).toBeLessThan(2e-4);
      const schedule = {
        ...scheduleInputsAt(
          {
            length: 1,
            warmupSteps: 0,
            startLearningRate: 0,
            learningRate: 0,
            finalLearningRate: 0,
            weightDecay: [0, 0],
            weightDecaySchedule: 'linear',
            momentum: [0, 0],
          },
          { beta1: sizes.betas[0], beta2: sizes.betas[1] },
          expected.step,
        ),
        learningRate: Float32Array.of(expected.learning_rate),
        weightDecay: Float32Array.of(expected.weight_decay),
        momentum: Float32Array.of(expected.momentum),
      };
      await second.run({ ...state, ...schedule }, state);
    }
    for (const name of Object.keys(weights)) {
      const expected = foreign('final', name);
      const keyBias = name.endsWith('qkv.bias') ? [expected.length / 3, (2 * expected.length) / 3] : [0, 0];
      const worst = expected.reduce(
        (most, value, i) => (i >= keyBias[0]! && i < keyBias[1]! ? most : Math.max(most, Math.abs(value - state[name]![i]!))),
        0,
      );
      expect(worst, name).toBeLessThan(1e-3);
    }
  });
});

// The I-JEPA step (Assran et al. 2023, §3) as graphs. `accumulate` adds a micro-batch's gradients to the running ones, `update`
// (adamw.ts) moves the weights once per batch. The loss weights are 1/(values in the whole batch), so that micro-batches add up to
// the batch's mean and the result does not depend on how it was cut. Losses over crops of several of them go through `pool` and `couple`.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { add, divide, equal, multiply, select, subtract } from '../tensor/elementwise.ts';
import { gradients } from '../tensor/gradients.ts';
import type { Tensor } from '../tensor/graph.ts';
import { plainLayerNorm } from '../tensor/layers.ts';
import { concatenate, input, reshape, scalar, slice } from '../tensor/structure.ts';
import { contrastCrops, coupledCrops, coupledLoss } from './couple.ts';
import { smoothL1, squaredError } from './loss.ts';
import { movedParameters, patchValues, pooledWidth, tokenCount } from './model.ts';
import type { ModelSize } from './model.ts';
import { meanOfTokens } from './pooling.ts';
import { encode, networks, predict, project, takeTokens } from './transformer.ts';
import type { Network, Networks } from './transformer.ts';

/** Sizes that are fixed for a run. Each crop of a picture counts as an image. */
export interface StepSize {
  readonly model: ModelSize;
  /** Images of one `accumulate` call. */
  readonly microBatch: number;
  /** Images of one update. */
  readonly batch: number;
  readonly contextTokens: number;
  readonly targetBlocks: number;
  readonly targetTokens: number;
  /** The masked prediction is made for each image whose place in the batch is a multiple of this; it divides `microBatch`. */
  readonly predictionStride: number;
  /** Whether images that are not predicted are seen whole. */
  readonly othersWhole: boolean;
  /** Images of the batch that stand one after the other and are crops of one picture. */
  readonly crops: number;
  /** Whether contexts are padded (paper-exact masks only). */
  readonly paddedContext: boolean;
}

export type Objective = Pick<
  TrainConfig,
  'loss' | 'prediction' | 'sigreg' | 'sigregProjections' | 'agreement' | 'agreementBy' | 'temperature' | 'contrastImages'
>;
export type Outputs = Readonly<Record<string, Tensor>>;

/** Whether a loss looks at several crops. */
export const isCoupled = ({ sigreg, agreement }: Objective): boolean => sigreg > 0 || agreement > 0;

/** Whether a loss looks at crops of several micro-batches: then all are encoded before it is known what any of them adds to its gradient. */
export const crossesParts = (size: StepSize, objective: Objective): boolean =>
  size.microBatch < size.batch && size.microBatch % coupledCrops(size.batch, size.crops, objective) !== 0;

/** The loss over several crops, of those that are `pooled`, as a share of the whole batch's. */
function sharedLoss(size: StepSize, objective: Objective, pooled: Tensor): Tensor {
  const loss = coupledLoss(
    pooled,
    size.crops,
    contrastCrops(size.batch, size.crops, objective),
    objective,
    sliceDirections(size, objective),
  );
  const share = pooled.shape[0]! / size.batch;
  return share === 1 ? loss : multiply(loss, share);
}

const imagePatches = ({ model, microBatch }: StepSize): Tensor => input('patches', [microBatch, tokenCount(model), patchValues(model)]);
const sliceDirections = ({ model }: StepSize, { sigregProjections }: Objective): Tensor =>
  input('directions', [pooledWidth(model), sigregProjections]);

interface Context {
  /** Of the images that are predicted: [B / stride, Nc, width] and [B / stride, Nc]. */
  readonly tokens: Tensor;
  readonly indices: Tensor;
  /** Mean over the tokens that are seen of each image, padding left out, through the projector: [B, pooledWidth]. */
  readonly pooled: Tensor;
}

/** The context encoder sees the context's patches alone, of every image or of those that are predicted. */
function encodeContext(
  size: StepSize,
  { prediction }: Objective,
  { contextEncoder, projector }: Pick<Networks, 'contextEncoder' | 'projector'>,
): Context {
  const { model, microBatch, contextTokens, othersWhole, predictionStride } = size;
  const patches = imagePatches(size);
  const everyIndex = input('contextIndices', [microBatch, contextTokens], 'int32');
  const everyMask = size.paddedContext ? input('contextMask', [microBatch, 1, 1, contextTokens]) : undefined;
  // Those that lose patches: the predicted ones alone, or every image.
  const [masked, indices, keyMask] = [patches, everyIndex, everyMask].map((values) =>
    values && othersWhole ? predicted(size, values) : values,
  ) as [Tensor, Tensor, Tensor | undefined];
  const tokens = encode(contextEncoder, model, masked, { indices, ...(keyMask && { keyMask }) });
  const mean = meanOfTokens(tokens, keyMask);
  const whole = (images: Tensor): Tensor => meanOfTokens(encode(contextEncoder, model, images));
  let pooled = mean;
  // Where nothing is predicted nobody asks for the tokens of masked images, and they are not computed.
  if (othersWhole && prediction === 0) pooled = whole(patches);
  else if (othersWhole && predictionStride > 1) pooled = joined(size, mean, whole(others(size, patches)));
  return {
    tokens: othersWhole ? tokens : predicted(size, tokens),
    indices: predicted(size, everyIndex),
    pooled: project(projector, model, pooled),
  };
}

/** Images of one `accumulate` call that are predicted. */
const predictedImages = ({ microBatch, predictionStride }: StepSize): number => microBatch / predictionStride;

/** From each stride of values [B, …] `count` of them from `first` on. */
function strided({ predictionStride: stride }: StepSize, values: Tensor, first: number, count: number): Tensor {
  const [images, ...rest] = values.shape as [number, ...number[]];
  const each = rest.reduce((a, b) => a * b, 1);
  const kept = slice(reshape(values, [images / stride, stride * each]), 1, first * each, count * each);
  return reshape(kept, [(images / stride) * count, ...rest]);
}

/** Those of values [B, …] that belong to predicted images, and those that do not. */
const predicted = (size: StepSize, values: Tensor): Tensor => (size.predictionStride === 1 ? values : strided(size, values, 0, 1));
const others = (size: StepSize, values: Tensor): Tensor => strided(size, values, 1, size.predictionStride - 1);

/** The values [B, D] of which those are `predicted` and `others`. */
function joined({ predictionStride: stride, microBatch }: StepSize, ofPredicted: Tensor, ofOthers: Tensor): Tensor {
  const width = ofPredicted.shape[1]!;
  const groups = microBatch / stride;
  const both = concatenate([reshape(ofPredicted, [groups, width]), reshape(ofOthers, [groups, (stride - 1) * width])], 1);
  return reshape(both, [microBatch, width]);
}

/** The target encoder sees the whole image; its tokens are layer-normed and taken at the targets: [M·B, Nt, width]. */
function encodeTargets(size: StepSize, targetEncoder: Network, targetIndices: Tensor): Tensor {
  const tokens = plainLayerNorm(encode(targetEncoder, size.model, predicted(size, imagePatches(size))), 1e-5);
  return reshape(takeTokens(tokens, targetIndices), [
    size.targetBlocks * predictedImages(size),
    size.targetTokens,
    size.model.encoder.width,
  ]);
}

/** What one pass over a micro-batch computes, before it is differentiated. */
export function forward(
  size: StepSize,
  objective: Objective,
  { contextEncoder, predictor, targetEncoder, projector }: Networks,
): { context: Context; predictions: Tensor; targets: Tensor } {
  const { model, targetBlocks, targetTokens, contextTokens } = size;
  const images = predictedImages(size);
  const targetIndices = input('targetIndices', [targetBlocks, images, targetTokens], 'int32');
  const keyMask = input('predictorMask', [targetBlocks * images, 1, 1, contextTokens + targetTokens]);
  const context = encodeContext(size, objective, { contextEncoder, projector });
  const targets = encodeTargets(size, targetEncoder, targetIndices);
  const predictions = predict(predictor, model, context.tokens, context.indices, targetIndices, keyMask);
  return { context, predictions, targets };
}

interface MaskedLosses {
  readonly pooled: Tensor;
  /** By name, unweighted, for the charts. */
  readonly losses: { readonly smoothL1?: Tensor; readonly squaredError?: Tensor };
  /** What is minimised of them. */
  readonly masked: Tensor;
}

function maskedLosses(size: StepSize, objective: Objective, nets: Networks): MaskedLosses {
  const { loss, prediction } = objective;
  const { context, predictions, targets } = forward(size, objective, nets);
  const weight = input('targetWeight', [size.targetBlocks * predictedImages(size), size.targetTokens, 1]);
  const difference = subtract(predictions, targets);
  const losses = { smoothL1: smoothL1(difference, weight), squaredError: squaredError(difference, weight) };
  const chosen = loss === 'l2' ? losses.squaredError : losses.smoothL1;
  return { pooled: context.pooled, losses, masked: prediction === 1 ? chosen : multiply(chosen, prediction) };
}

/** Without the masked prediction there is nothing beside the losses over the whole batch. */
const contextAlone = (size: StepSize, objective: Objective, nets: Networks): MaskedLosses => ({
  pooled: encodeContext(size, objective, nets).pooled,
  losses: {},
  masked: scalar(0),
});

/**
 * How a micro-batch's gradients join the running ones: `added` to them; `carried`, which begins them anew where the input `carry` is not
 * 1, so that a device's memory needs no zeros; or `alone`, where a batch is one micro-batch.
 */
export type Running = 'added' | 'carried' | 'alone';

/**
 * Weights, running gradients and a micro-batch → running gradients, losses, pooled context. Where it is `scaled`, cotangents are multiplied by
 * the input `lossScale`, and gradients divided by it before they join the others: for products in float16, where small ones would be 0.
 */
export function accumulate(size: StepSize, objective: Objective, running: Running = 'added', scaled = false): Outputs {
  const nets = networks(size.model);
  const { pooled, losses, masked } = objective.prediction > 0 ? maskedLosses(size, objective, nets) : contextAlone(size, objective, nets);

  const crosses = crossesParts(size, objective);
  const coupled = isCoupled(objective) && !crosses ? { coupled: sharedLoss(size, objective, pooled) } : {};
  const total = coupled.coupled ? add(masked, coupled.coupled) : masked;
  const specs = movedParameters(size.model, objective);
  const parameters = specs.map(({ name }) => {
    const [network, ...rest] = name.split('.') as [keyof Networks, ...string[]];
    return nets[network](rest.join('.'));
  });
  const scale = scaled ? input('lossScale', []) : undefined;
  const times = (cotangent: Tensor): Tensor => (scale ? multiply(cotangent, scale) : cotangent);
  const found = crosses
    ? gradients([total, pooled], parameters, [scale ?? scalar(1), times(input('pooledCotangent', pooled.shape))])
    : gradients([total], parameters, [scale ?? scalar(1)]);
  const computed = scale ? found.map((gradient) => divide(gradient, scale)) : found;
  const carry = equal(input('carry', []), 1);
  const outputs = specs.map(({ name, shape }, i): readonly [string, Tensor] => {
    const key = `gradient.${name}`;
    if (running === 'alone') return [key, computed[i]!];
    const before = input(key, shape);
    // A refused batch may have left what is not finite, which no product with 0 would remove.
    return [key, add(computed[i]!, running === 'carried' ? select(carry, before, 0) : before)];
  });
  return { ...losses, ...coupled, pooled, ...Object.fromEntries(outputs) };
}

/** Forward only: the pooled contexts of a micro-batch, collected before `couple` (as GradCache does, Gao et al. 2021). */
export const pool = (size: StepSize, objective: Objective): Outputs => ({
  pooled: encodeContext(size, objective, networks(size.model)).pooled,
});

/** Pooled contexts of the whole batch → their loss and its cotangent, which `accumulate` takes as `pooledCotangent`. */
export function couple(size: StepSize, objective: Objective): Outputs {
  const pooled = input('pooled', [size.batch, pooledWidth(size.model)]);
  const coupled = sharedLoss(size, objective, pooled);
  return { coupled, pooledCotangent: gradients([coupled], [pooled])[0]! };
}

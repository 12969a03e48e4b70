// Sizes of the three networks and the parameters that follow from them.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { Random } from '../../shared/random.ts';
import type { Shape } from '../tensor/graph.ts';
import { sineCosinePositions } from './positions.ts';
import { stemLayers } from './stem.ts';
import { whiteningFilters } from './whitening-filters.ts';

export interface TransformerSize {
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  /** Hidden width of the feed-forward part. */
  readonly hidden: number;
}

export interface ModelSize {
  readonly encoder: TransformerSize;
  readonly predictor: TransformerSize;
  /** Pixels. */
  readonly patchSize: number;
  /** Patches along one side. */
  readonly grid: number;
  /** Distance of neighbouring patches' fixed positions; 1 when absent. A half of the image size with 2 is the same square, seen smaller. */
  readonly spacing?: number;
  /** Positions of the encoder's patches; `sine-cosine` when absent. Those of the predictor are always fixed. */
  readonly positions?: TrainConfig['positions'];
  /** How a patch becomes a token; one linear map when absent. */
  readonly stem?: TrainConfig['stem'];
  /** First weights of the first convolution; `random` when absent. */
  readonly stemStart?: TrainConfig['stemStart'];
  /** Of the weights of the linear map that embeds a patch, at step 0; the published 0.02 when absent. */
  readonly patchDeviation?: number;
  /** Of the losses over the whole batch: they look at the pooled context through it, or at the pooled context itself without it. */
  readonly projector?: ProjectorSize;
}

export interface ProjectorSize {
  readonly hidden: number;
  readonly width: number;
}

/** Of first weights, truncated at ±2 in absolute value. */
const publishedDeviation = 0.02;

export function modelSize(config: TrainConfig): ModelSize {
  const { width, depth, heads, mlpRatio, patchSize, imageSize, positions, stem, stemStart, patchDeviation } = config;
  return {
    encoder: { width, depth, heads, hidden: Math.round(width * mlpRatio) },
    predictor: {
      width: config.predictorWidth,
      depth: config.predictorDepth,
      heads: config.predictorHeads || heads,
      hidden: 4 * config.predictorWidth,
    },
    patchSize,
    grid: imageSize / patchSize,
    positions,
    ...(stem !== 'linear' && { stem }),
    ...(stem !== 'linear' && stemStart !== 'random' && { stemStart }),
    ...(patchDeviation !== publishedDeviation && stem === 'linear' && { patchDeviation }),
    ...(config.projectorWidth > 0 &&
      (config.sigreg > 0 || config.agreement > 0) && { projector: { hidden: 4 * width, width: config.projectorWidth } }),
  };
}

/** Values of one patch: three channels. */
export const patchValues = (size: ModelSize): number => 3 * size.patchSize ** 2;
export const tokenCount = (size: ModelSize): number => size.grid ** 2;

/** `normal` is truncated at ±2 in absolute value with deviation 0.02, as published; `whitening` is for 3×3 convolutions of pixels. */
export type Initial = 'normal' | 'zeros' | 'ones' | 'sine-cosine' | 'whitening';
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly initial: Initial;
  /** Of `normal`; 0.02 when absent. */
  readonly deviation?: number;
  /** Weight decay applies to every tensor of two or more dimensions in the published layout, the mask token (1, 1, D) included. */
  readonly decay: boolean;
}

function affine(name: string, inner: number, outer: number, deviation?: number, initial: Initial = 'normal'): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [inner, outer], initial, decay: true, ...(deviation !== undefined && { deviation }) },
    { name: `${name}.bias`, shape: [outer], initial: 'zeros', decay: false },
  ];
}

function normalisation(name: string, width: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [width], initial: 'ones', decay: false },
    { name: `${name}.bias`, shape: [width], initial: 'zeros', decay: false },
  ];
}

function transformer({ width, depth, hidden }: TransformerSize): ParameterSpec[] {
  const block = (i: number): ParameterSpec[] => [
    ...normalisation(`blocks.${i}.norm1`, width),
    ...affine(`blocks.${i}.attention.qkv`, width, 3 * width),
    ...affine(`blocks.${i}.attention.proj`, width, width),
    ...normalisation(`blocks.${i}.norm2`, width),
    ...affine(`blocks.${i}.mlp.fc1`, width, hidden),
    ...affine(`blocks.${i}.mlp.fc2`, hidden, width),
  ];
  return [...Array.from({ length: depth }, (_, i) => block(i)).flat(), ...normalisation('norm', width)];
}

const learnedPositions = (size: ModelSize): ParameterSpec[] =>
  size.positions === 'learned'
    ? [{ name: 'positions', shape: [tokenCount(size), size.encoder.width], initial: 'sine-cosine', decay: false }]
    : [];

/** Parameters of an encoder; linear weights are [in, out], patches are (channel, row, column). */
export const encoderParameters = (size: ModelSize): readonly ParameterSpec[] => [
  ...stemLayers(size).flatMap(({ name, inner, outer, hasNorm, deviation, initial }) => [
    ...affine(name, inner, outer, deviation, initial),
    ...(hasNorm ? normalisation(`${name}.norm`, outer) : []),
  ]),
  ...learnedPositions(size),
  ...transformer(size.encoder),
];

export const predictorParameters = (size: ModelSize): readonly ParameterSpec[] => [
  ...affine('embed', size.encoder.width, size.predictor.width),
  { name: 'maskToken', shape: [size.predictor.width], initial: 'normal', decay: true },
  ...transformer(size.predictor),
  ...affine('proj', size.predictor.width, size.encoder.width),
];

/** Two layers from the pooled context to what agreement and SIGReg look at; none without a projector. */
export const projectorParameters = ({ encoder, projector }: ModelSize): readonly ParameterSpec[] =>
  projector
    ? [
        ...affine('fc1', encoder.width, projector.hidden),
        ...normalisation('norm', projector.hidden),
        ...affine('fc2', projector.hidden, projector.width),
      ]
    : [];

/** Numbers of an image that the losses over the whole batch look at. */
export const pooledWidth = ({ encoder, projector }: ModelSize): number => projector?.width ?? encoder.width;

const prefixed = (prefix: string, specs: readonly ParameterSpec[]): ParameterSpec[] =>
  specs.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }));

/** What is trained: `contextEncoder.*`, `predictor.*` and `projector.*`. */
export const trainedParameters = (size: ModelSize): readonly ParameterSpec[] => [
  ...prefixed('contextEncoder', encoderParameters(size)),
  ...prefixed('predictor', predictorParameters(size)),
  ...prefixed('projector', projectorParameters(size)),
];

/** What an objective moves of it: without the masked prediction the predictor stays as it is. */
export const movedParameters = (size: ModelSize, { prediction }: Pick<TrainConfig, 'prediction'>): readonly ParameterSpec[] =>
  trainedParameters(size).filter(({ name }) => prediction > 0 || !name.startsWith('predictor.'));

/** The moving average of the context encoder: `targetEncoder.*`. */
export const targetParameters = (size: ModelSize): readonly ParameterSpec[] => prefixed('targetEncoder', encoderParameters(size));

export type Weights = Record<string, Float32Array>;

/** Values of a parameter at step 0, a pure function of the seed and the parameter's place in the list. */
export function initialValues(spec: ParameterSpec, seed: number, place: number): Float32Array {
  if (spec.initial === 'sine-cosine') return sineCosinePositions(spec.shape[1]!, Math.sqrt(spec.shape[0]!));
  const values = new Float32Array(spec.shape.reduce((a, b) => a * b, 1));
  if (spec.initial === 'ones') values.fill(1);
  const random = new Random(seed, 'initial', place);
  const drawn = (): number => random.truncatedNormal(spec.deviation ?? publishedDeviation);
  if (spec.initial === 'whitening') return whiteningFilters(spec.shape[1]!, drawn);
  if (spec.initial === 'normal') for (let i = 0; i < values.length; i++) values[i] = drawn();
  return values;
}

/** All weights of a new run: the target encoder starts as a copy of the context encoder. */
export function initialWeights(size: ModelSize, seed: number): Weights {
  const weights: Weights = {};
  trainedParameters(size).forEach((spec, place) => (weights[spec.name] = initialValues(spec, seed, place)));
  for (const { name } of encoderParameters(size)) weights[`targetEncoder.${name}`] = weights[`contextEncoder.${name}`]!.slice();
  return weights;
}

export const parameterCount = (specs: readonly ParameterSpec[]): number =>
  specs.reduce((count, { shape }) => count + shape.reduce((a, b) => a * b, 1), 0);

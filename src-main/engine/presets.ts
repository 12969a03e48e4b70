// What the presets set, and which of them a folder gets when nobody chooses.
import { cropsPerImage } from '../../shared/config.ts';
import type { TrainConfig } from '../../shared/config-table.ts';
import type { PresetName } from '../../shared/presets.ts';
import { leastContext } from '../jepa/masks.ts';
import { stepOperations } from '../training/step-operations.ts';
import { stepSize } from '../training/step-size.ts';

interface PresetLength {
  /** Crops that a run sees in all. */
  readonly crops: number;
  /** Large folders are seen at least so often, and small ones no more often than this. */
  readonly epochs: readonly [number, number];
}
const usual: PresetLength = { crops: 2e6, epochs: [10, 2000] };
const lengths: Readonly<Record<PresetName, PresetLength>> = {
  quick: { crops: 2e5, epochs: [1, 200] },
  default: usual,
  long: { crops: 8e6, epochs: [40, 8000] },
  'paper-exact': usual,
  'agreement-only': usual,
};

/** Epochs of a preset for a folder, to three digits. */
export function presetEpochs(name: PresetName, images: number, config: Pick<TrainConfig, 'agreement' | 'crops'>): number {
  const { crops, epochs } = lengths[name];
  const [fewest, most] = epochs;
  return Number(Math.min(most, Math.max(fewest, crops / (images * cropsPerImage(config)))).toPrecision(3));
}

/**
 * The recipe for small folders, as far as it does not follow from the folder: a narrow encoder; two crops of each image, of other
 * colours, whose pooled contexts must find each other among those of the batch; the masked prediction on one crop of eight, where it
 * costs least; Muon. What each part is worth stands in bench/quality.
 */
const recipe = {
  architecture: 'custom',
  width: 128,
  stem: 'linear',
  stemStart: 'random',
  depth: 4,
  heads: 4,
  mlpRatio: 4,
  predictorWidth: 64,
  predictorDepth: 2,
  predictorHeads: 2,
  patchDeviation: 0.15,
  prediction: 1,
  predictionStride: 8,
  maskedCrops: 'all',
  agreement: 1,
  agreementBy: 'contrast',
  temperature: 0.2,
  crops: 2,
  sigreg: 0,
  sigregProjections: 64,
  projectorWidth: 64,
  colourJitter: 0.5,
  greyscale: 0.2,
  cropScale: [0.2, 1],
  optimiser: 'muon',
  learningRate: 2e-3,
  startLearningRate: 1e-4,
  weightDecay: [0.04, 0.1],
  momentum: [0.99, 1],
} satisfies Partial<TrainConfig>;

/** Batch that the published learning rate of 0.001 belongs to; smaller batches take a smaller one in proportion. */
const publishedBatch = 2048;

/** The published settings (IJEPA.md), but for the sizes of the networks: those of the paper cannot be trained on a folder here. */
const published = (batchSize: number, grid: number): Partial<TrainConfig> => ({
  ...recipe,
  masking: 'paper-exact',
  // On a small grid no target would keep the published ten patches.
  minKeep: leastContext({ minKeep: 10 }, grid),
  agreement: 0,
  sigreg: 0,
  projectorWidth: 0,
  prediction: 1,
  predictionStride: 1,
  optimiser: 'adamw',
  patchDeviation: 0.02,
  colourJitter: 0,
  greyscale: 0,
  flip: false,
  loss: 'smooth-l1',
  cropScale: [0.3, 1],
  learningRate: (1e-3 * batchSize) / publishedBatch,
  startLearningRate: (2e-4 * batchSize) / publishedBatch,
  finalLearningRate: 1e-6,
  weightDecay: [0.04, 0.4],
  momentum: [0.996, 1],
  scheduleScale: 1.25,
});

/**
 * What a preset sets beside the sizes that follow from the images. Convolutions do the work of half of the blocks, and with their few
 * patches a crop is hardly cheaper for losing some.
 */
export function presetRecipe(name: PresetName, batchSize: number, grid: number, stem: TrainConfig['stem']): Partial<TrainConfig> {
  if (name === 'paper-exact') return published(batchSize, grid);
  const own = {
    ...recipe,
    ...(stem === 'convolutions' && { stem, stemStart: 'whitening' as const, depth: 2, maskedCrops: 'predicted' as const }),
  } satisfies Partial<TrainConfig>;
  if (name === 'agreement-only') return { ...own, prediction: 0 };
  // In the batches of tiny folders there are fewer crops.
  return { ...own, predictionStride: Math.min(recipe.predictionStride, recipe.crops * batchSize) };
}

/** Operations up to which a processor is given the whole default: some two hours of two slow cores. */
const mostOperations = 1e15;

/** Rates of two slow cores and of many fast ones, operations per second: between them lies what most processors do. */
const [slow, fast] = [1e11, 1e12];

/** Why a folder whose settings would be `config` by default should not get that on a processor, as a sentence; undefined when it may. */
export function tooLong(config: TrainConfig, images: number): string | undefined {
  const operations = Math.ceil((config.epochs * images) / config.batchSize) * stepOperations(stepSize(config), config);
  if (operations <= mostOperations) return undefined;
  const hours = (rate: number): string => Math.max(1, operations / rate / 3600).toPrecision(1);
  return `The default preset would keep a processor busy for ${Number(hours(fast)).toLocaleString('en')} to ${Number(hours(slow)).toLocaleString('en')} hours.`;
}

// What the presets set, and which of them a folder gets when nobody chooses.
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import { cropsPerImage, smallCrop } from '../../../shared/config/config.ts';
import type { PresetName, PresetUse } from '../../../shared/config/presets.ts';
import { formatRoughly } from '../../../shared/duration.ts';
import { leastContext } from '../../jepa/masks.ts';
import { meanStepOperations } from '../../training/plan/step-operations.ts';
import type { Outlook } from './outlook.ts';

interface PresetLength {
  /** Crops that a run sees in all, where a smaller one counts as its pixels do: a quarter. */
  readonly crops: number;
  /** Large folders are seen at least so often, and small ones no more often than this, counted alike. */
  readonly epochs: readonly [number, number];
}
const usual: PresetLength = { crops: 1.45e6, epochs: [10, 2000] };
const lengths: Readonly<Record<PresetName, PresetLength>> = {
  quick: { crops: 2e5, epochs: [1, 200] },
  default: usual,
  long: { crops: 6e6, epochs: [40, 8000] },
  'paper-exact': { ...usual, crops: 2e6 },
  'agreement-only': usual,
};

type Crops = Pick<TrainConfig, 'agreement' | 'crops' | 'smallFirst'>;

/** What a crop counts on average. */
const countOf = ({ smallFirst }: Crops): number => 1 - smallFirst + smallFirst * smallCrop;

/** From so many epochs on they are whole ones: a person counts them. */
const wholeFrom = 20;

/** Epochs of a preset for a folder, to three digits. */
export function presetEpochs(name: PresetName, images: number, config: Crops): number {
  const { crops, epochs } = lengths[name];
  const [fewest, most] = epochs;
  const seen = Math.min(most, Math.max(fewest, crops / (images * cropsPerImage(config)))) / countOf(config);
  const short = Number(seen.toPrecision(3));
  return short < wholeFrom ? short : Math.round(short);
}

/** Where the folder is so small or so large that its images are seen as often as the preset allows at most or at least. */
export function presetBound(name: PresetName, images: number, config: Crops): PresetUse['bound'] {
  const { crops, epochs } = lengths[name];
  const [fewest, most] = epochs;
  const each = images * cropsPerImage(config);
  const by = crops > most * each ? 'few' : crops < fewest * each ? 'many' : undefined;
  if (by === undefined) return undefined;
  const seen = presetEpochs(name, images, config);
  return { by, epochs: seen, crops: seen * each };
}

/**
 * The recipe for small folders, as far as it does not follow from the folder: a narrow encoder; two crops of each image, of other
 * colours, whose pooled contexts must find each other among those of other images; the masked prediction on one crop of eight, where it
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
  maskedCrops: 'all',
  agreement: 1,
  agreementBy: 'contrast',
  temperature: 0.2,
  crops: 2,
  contrastImages: 0,
  sigreg: 0,
  sigregProjections: 64,
  projectorWidth: 64,
  colourJitter: 0.5,
  greyscale: 0.2,
  cropScale: [0.2, 1],
  smallFirst: 0,
  optimiser: 'muon',
  learningRate: 2e-3,
  startLearningRate: 1e-4,
  weightDecay: [0.04, 0.1],
  momentum: [0.99, 1],
} satisfies Partial<TrainConfig>;

/** Among the crops of so many images they learn as much as among those of twice as many, and of half as many less (bench/quality). */
const toldApart = 32;

/** Batch that the published learning rate of 0.001 belongs to; smaller batches take a smaller one in proportion. */
const publishedBatch = 2048;

/**
 * The settings of the authors' releases for ImageNet-1k (IJEPA.md), but for the sizes of networks and batch: those of the paper cannot be
 * trained on a folder here.
 */
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
  // 40 of 300 epochs.
  warmup: 0.1333,
});

/**
 * What a preset sets beside the sizes that follow from the images. Convolutions do the work of half of the blocks, and with their few
 * patches a crop is hardly cheaper for losing some.
 */
export function presetRecipe(name: PresetName, batchSize: number, grid: number, stem: TrainConfig['stem']): Partial<TrainConfig> {
  if (name === 'paper-exact') return published(batchSize, grid);
  const own = {
    ...recipe,
    contrastImages: batchSize > toldApart && batchSize % toldApart === 0 ? toldApart : 0,
    ...(stem === 'convolutions' && {
      stem,
      stemStart: 'whitening' as const,
      depth: 2,
      maskedCrops: 'predicted' as const,
      smallFirst: 0.85,
    }),
    predictionStride: predictionStrideOf(recipe.crops * batchSize),
  } satisfies Partial<TrainConfig>;
  return name === 'agreement-only' ? { ...own, prediction: 0 } : own;
}

/** On one crop of how many the masked prediction is made, where so many pass at once: it costs least on few, and divides them. */
export const predictionStrideOf = (crops: number): number => [8, 4, 2].find((stride) => crops % stride === 0) ?? 1;

/** What of a recipe follows from the batch. */
export const batchKeys = ['learningRate', 'startLearningRate', 'contrastImages'] as const satisfies readonly ConfigKey[];

/** Operations up to which a processor is given the whole default: some two hours of two slow cores. */
const mostOperations = 1e15;
/** As long on a card, by its steps that were timed. */
const mostSeconds = 2.5 * 3600;

/** Rates of two slow cores and of many fast ones, operations per second: between them lies what most processors do. */
const [slow, fast] = [1e11, 1e12];

/**
 * Why a folder whose settings would be `config` by default should not get that on what it is expected to train on, as a sentence; undefined
 * when it may. A card of which no step was timed may: it was asked for.
 */
export function tooLong(
  config: TrainConfig,
  images: number,
  { on, card, secondsPerStep = 0 }: Outlook = { on: 'processor' },
): string | undefined {
  const steps = Math.ceil((config.epochs * images) / config.batchSize);
  if (on === 'card') {
    const seconds = steps * secondsPerStep;
    return seconds <= mostSeconds ? undefined : `The default preset would take ${formatRoughly(seconds)} on ${card}.`;
  }
  const operations = steps * meanStepOperations(config);
  if (operations <= mostOperations) return undefined;
  const hours = (rate: number): string => Math.max(1, operations / rate / 3600).toPrecision(1);
  const busy = `The default preset would keep a processor busy for ${Number(hours(fast)).toLocaleString('en')} to ${Number(hours(slow)).toLocaleString('en')} hours`;
  return on === 'open' ? `${busy}, and how much faster ${card} is has not been found out yet.` : `${busy}.`;
}

// What is compared: each recipe changes one thing of another one. No recipe ever sees a label.
import type { TrainConfig } from '../../shared/config/config-table.ts';

export interface Recipe {
  /** What it tests, in a sentence. */
  readonly what: string;
  /** The recipe that it changes; settings suggested for the folder when absent. */
  readonly from?: string;
  readonly settings: Partial<TrainConfig>;
}

/**
 * Agreement of two crops and SIGReg through a projector, without the masked prediction: the cheapest objective per crop. It says all that
 * the program might suggest otherwise one day, so that a recipe stays what its rows were measured with.
 */
const agreement = {
  architecture: 'custom',
  width: 192,
  depth: 4,
  heads: 3,
  mlpRatio: 4,
  predictorWidth: 96,
  predictorDepth: 2,
  predictorHeads: 3,
  patchSize: 4,
  stem: 'linear',
  stemStart: 'random',
  contextTokens: 16,
  maskedCrops: 'all',
  predictionStride: 1,
  smallFirst: 0,
  batchSize: 128,
  agreement: 1,
  agreementBy: 'distance',
  contrastImages: 0,
  temperature: 0.2,
  sigreg: 0.02,
  sigregProjections: 64,
  projectorWidth: 64,
  prediction: 0,
  optimiser: 'adamw',
  patchDeviation: 0.02,
  colourJitter: 0,
  greyscale: 0,
  crops: 2,
  learningRate: 1e-3,
  startLearningRate: 1e-4,
  weightDecay: [0.04, 0.1],
  momentum: [0.99, 1],
  cropScale: [0.2, 1],
} satisfies Partial<TrainConfig>;

/** What preset `paper-exact` does with small pictures: the published objective, masks and schedules, by a small network. */
const published = {
  ...agreement,
  width: 128,
  heads: 4,
  predictorWidth: 64,
  predictorHeads: 2,
  batchSize: 64,
  prediction: 1,
  agreement: 0,
  agreementBy: 'contrast',
  sigreg: 0,
  projectorWidth: 0,
  masking: 'paper-exact',
  minKeep: 3,
  flip: false,
  loss: 'smooth-l1',
  learningRate: 3.125e-5,
  startLearningRate: 6.25e-6,
  finalLearningRate: 1e-6,
  warmup: 0.1333,
  weightDecay: [0.04, 0.4],
  momentum: [0.996, 1],
  cropScale: [0.3, 1],
} satisfies Partial<TrainConfig>;

export const recipes: Readonly<Record<string, Recipe>> = {
  published: { what: 'preset paper-exact: I-JEPA as published, by a small network', settings: published },
  'published-fast': { what: 'a learning rate of 0.001', from: 'published', settings: { learningRate: 1e-3, startLearningRate: 2e-4 } },
  shipped: { what: 'what the program suggests for the folder', settings: {} },
  agreement: { what: 'agreement of two crops and SIGReg alone, AdamW', settings: agreement },
  narrow: { what: 'a network of width 128: more crops for the budget', from: 'agreement', settings: { width: 128, heads: 4 } },
  muon: { what: 'Muon instead of AdamW', from: 'narrow', settings: { optimiser: 'muon', learningRate: 2e-3 } },
  colours: { what: 'crops change their colours', from: 'narrow', settings: { colourJitter: 0.5, greyscale: 0.2 } },
  'strong-patches': { what: 'patches as strong as positions at the start', from: 'narrow', settings: { patchDeviation: 0.15 } },
  three: {
    what: 'Muon, colours and strong patches together',
    from: 'muon',
    settings: { colourJitter: 0.5, greyscale: 0.2, patchDeviation: 0.15 },
  },
  'three-predict-8': {
    what: 'the same with the masked prediction on one crop of eight',
    from: 'three',
    settings: { prediction: 1, predictionStride: 8, predictorWidth: 64, predictorHeads: 2 },
  },
  'three-crops-4': { what: 'four crops of half as many images', from: 'three', settings: { crops: 4, batchSize: 64 } },
  'three-fast': { what: 'a learning rate of 0.005', from: 'three', settings: { learningRate: 5e-3 } },
  // One change each of what is shipped.
  'predict-4': { what: 'the masked prediction on one crop of four', from: 'three-predict-8', settings: { predictionStride: 4 } },
  'sigreg-10': { what: 'SIGReg weighs 0.1', from: 'three-predict-8', settings: { sigreg: 0.1 } },
  fast: { what: 'a learning rate of 0.005', from: 'three-predict-8', settings: { learningRate: 5e-3 } },
  'four-crops': { what: 'four crops of half as many images', from: 'three-predict-8', settings: { crops: 4, batchSize: 64 } },
  'small-batch': { what: 'half the batch, twice the steps', from: 'three-predict-8', settings: { batchSize: 64 } },
  'tokens-24': { what: '24 of 64 patches as context', from: 'three-predict-8', settings: { contextTokens: 24 } },
  'wide-projector': { what: 'a projector of width 256', from: 'three-predict-8', settings: { projectorWidth: 256 } },
  'small-crops': { what: 'crops from a tenth of the area on', from: 'three-predict-8', settings: { cropScale: [0.1, 1] } },
  'no-decay': { what: 'no weight decay', from: 'three-predict-8', settings: { weightDecay: [0, 0] } },
  'slow-target': { what: 'a slower target encoder', from: 'three-predict-8', settings: { momentum: [0.998, 1] } },
  contrast: {
    what: 'crops agree by contrast (InfoNCE), without SIGReg',
    from: 'three-predict-8',
    settings: { agreementBy: 'contrast', temperature: 0.2, sigreg: 0 },
  },
  'contrast-64': { what: 'the same with half the batch, twice the steps', from: 'contrast', settings: { batchSize: 64 } },
  'contrast-32': { what: 'the same with a quarter of the batch, four times the steps', from: 'contrast', settings: { batchSize: 32 } },
  convolutions: {
    what: 'a stem of convolutions on patches of 8 px, of which 8 of 16 are seen, and two blocks',
    from: 'contrast-64',
    settings: { stem: 'convolutions', patchSize: 8, depth: 2, contextTokens: 8 },
  },
  'convolutions-16': {
    what: 'the same with patches of 16 px, for images of 64 px',
    from: 'convolutions',
    settings: { imageSize: 64, patchSize: 16 },
  },
  'convolutions-alone': {
    what: 'the same without the masked prediction, all 16 patches seen',
    from: 'convolutions',
    settings: { prediction: 0, contextTokens: 16 },
  },
  'convolutions-whole': {
    what: 'convolutions, but only the predicted crops lose patches: the others are seen whole',
    from: 'convolutions',
    settings: { maskedCrops: 'predicted' },
  },
  'convolutions-whole-16': {
    what: 'the same with patches of 16 px, for images of 64 px',
    from: 'convolutions-whole',
    settings: { imageSize: 64, patchSize: 16 },
  },
  whitening: {
    what: 'convolutions-whole, whose first convolution starts with filters that whiten natural images',
    from: 'convolutions-whole',
    settings: { stemStart: 'whitening' },
  },
  'whitening-16': {
    what: 'the same with patches of 16 px, for images of 64 px',
    from: 'whitening',
    settings: { imageSize: 64, patchSize: 16 },
  },
  'whitening-small': {
    what: 'whitening on 32 px, whatever the size of the images: at the cost of one look at 64 px three at 32 px',
    from: 'whitening',
    settings: { imageSize: 32 },
  },
  'whitening-alone': {
    what: 'whitening without the masked prediction',
    from: 'whitening',
    settings: { prediction: 0 },
  },
  // One change each of the recipe that is shipped for small pictures.
  'whitening-fast': { what: 'a learning rate of 0.004', from: 'whitening', settings: { learningRate: 4e-3 } },
  'whitening-slow': { what: 'a learning rate of 0.001', from: 'whitening', settings: { learningRate: 1e-3 } },
  'whitening-batch-128': { what: 'twice the batch, half the steps', from: 'whitening', settings: { batchSize: 128 } },
  'whitening-batch-32': { what: 'half the batch, twice the steps', from: 'whitening', settings: { batchSize: 32 } },
  'whitening-crops-4': { what: 'four crops of half as many images', from: 'whitening', settings: { crops: 4, batchSize: 32 } },
  'whitening-adamw': { what: 'AdamW instead of Muon', from: 'whitening', settings: { optimiser: 'adamw', learningRate: 1e-3 } },
  'whitening-plain-colours': { what: 'crops keep their colours', from: 'whitening', settings: { colourJitter: 0, greyscale: 0 } },
  'whitening-strong-colours': { what: 'colours change nearly twice as much', from: 'whitening', settings: { colourJitter: 0.9 } },
  'whitening-small-crops': { what: 'crops from a twelfth of the area on', from: 'whitening', settings: { cropScale: [0.08, 1] } },
  'whitening-deep': { what: 'four blocks instead of two', from: 'whitening', settings: { depth: 4 } },
  'whitening-wide': { what: 'a width of 192', from: 'whitening', settings: { width: 192, heads: 3 } },
  'whitening-predict-2': {
    what: 'the masked prediction on one crop of two',
    from: 'whitening',
    settings: { predictionStride: 2 },
  },
  'whitening-online': { what: 'targets of the encoder itself, no moving average', from: 'whitening', settings: { momentum: [0, 0] } },
  'whitening-cold': { what: 'a temperature of 0.1', from: 'whitening', settings: { temperature: 0.1 } },
  'small-first': {
    what: 'whitening-small, whose first 0.85 of the steps see crops of half the size',
    from: 'whitening-small',
    settings: { smallFirst: 0.85 },
  },
  // One change each of that.
  'small-first-crops-4': { what: 'four crops of half as many images', from: 'small-first', settings: { crops: 4, batchSize: 32 } },
  'small-first-groups': { what: 'crops told apart among 32 images instead of 64', from: 'small-first', settings: { contrastImages: 32 } },
  'small-first-alone': {
    what: 'small-first-groups without the masked prediction',
    from: 'small-first-groups',
    settings: { prediction: 0 },
  },
  'small-first-fast': { what: 'a learning rate of 0.004', from: 'small-first', settings: { learningRate: 4e-3 } },
  'small-first-wide': {
    what: 'small-first-groups with a width of 192',
    from: 'small-first-groups',
    settings: { width: 192, heads: 3 },
  },
  'small-first-deep': { what: 'four blocks instead of two', from: 'small-first', settings: { depth: 4 } },
  'convolutions-dropping': {
    what: 'convolutions without the masked prediction, 8 of 16 patches seen',
    from: 'convolutions',
    settings: { prediction: 0 },
  },
  deeper: { what: 'a depth of 6', from: 'three-predict-8', settings: { depth: 6 } },
  wider: { what: 'a width of 192', from: 'three-predict-8', settings: { width: 192, heads: 3 } },
};

/** The settings of a recipe, its ancestors' first. Throws an Error for a name that is not there. */
export function settingsOf(name: string): Partial<TrainConfig> {
  const recipe = recipes[name];
  if (!recipe) throw new Error(`There is no recipe ${name}; there are ${Object.keys(recipes).join(', ')}.`);
  return { ...(recipe.from !== undefined && settingsOf(recipe.from)), ...recipe.settings };
}

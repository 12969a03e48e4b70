// Every setting of a run, once: the command line's flags, the form, the checks and the header of a checkpoint come from this table.

import { choice, flag, integer, number, range, triple } from './setting.ts';
import type { ChoiceSetting, NumberSetting, RangeSetting, Setting, SwitchSetting, TripleSetting } from './setting.ts';

export const configTable = {
  // model
  architecture: choice({
    group: 'model',
    default: 'tiny',
    choices: ['tiny', 'small', 'base', 'large', 'huge', 'giant', 'custom'],
    help: 'Size of the encoder by name; custom takes width, depth, heads and mlpRatio as given.',
  }),
  width: integer({ group: 'model', default: 192, min: 8, max: 4096, help: 'Width of the encoder (custom only).' }),
  depth: integer({
    group: 'model',
    default: 12,
    min: 1,
    max: 64,
    unit: 'blocks',
    help: 'Depth of the encoder (custom only).',
  }),
  heads: integer({
    group: 'model',
    default: 3,
    min: 1,
    max: 64,
    help: 'Attention heads of the encoder (custom only); must divide the width.',
  }),
  mlpRatio: number({
    group: 'model',
    default: 4,
    min: 0.5,
    max: 8,
    help: 'Hidden width of the feed-forward part over the width (custom only).',
  }),
  imageSize: integer({
    group: 'model',
    default: 224,
    min: 8,
    max: 1024,
    unit: 'px',
    help: 'Side of the square that the encoder sees.',
  }),
  patchSize: integer({
    group: 'model',
    default: 16,
    min: 1,
    max: 64,
    unit: 'px',
    help: 'Side of a patch; must divide the image size.',
  }),
  positions: choice({
    group: 'model',
    default: 'sine-cosine',
    choices: ['sine-cosine', 'learned'],
    help: "Positions of the encoder's patches: fixed as published, or learned from there on, as in some weights of other programs.",
  }),
  predictorWidth: integer({ group: 'model', default: 192, min: 8, max: 2048, help: 'Width of the predictor.' }),
  predictorDepth: integer({
    group: 'model',
    default: 6,
    min: 1,
    max: 32,
    unit: 'blocks',
    help: 'Depth of the predictor.',
  }),
  predictorHeads: integer({
    group: 'model',
    default: 0,
    min: 0,
    max: 64,
    help: 'Attention heads of the predictor; 0: as many as the encoder has.',
  }),

  // images
  fit: choice({
    group: 'images',
    default: 'crop',
    choices: ['crop', 'pad', 'squash'],
    help: 'How an image becomes a square when it is embedded: centre crop, padding, or squashed sides.',
  }),
  background: triple({
    group: 'images',
    default: [255, 255, 255],
    min: 0,
    max: 255,
    help: 'Colour (0–255) under transparent pixels and in padding.',
  }),
  intensity: choice({
    group: 'images',
    default: 'full',
    choices: ['full', 'percentile', 'window'],
    help: 'How pixel values map to 0–255: the whole range of the type, percentiles of each image, or a fixed window.',
  }),
  intensityPercentile: range({
    group: 'images',
    default: [0.5, 99.5],
    min: 0,
    max: 100,
    unit: '%',
    help: 'Lower and upper percentile for intensity=percentile.',
  }),
  intensityWindow: range({
    group: 'images',
    default: [0, 65535],
    min: 0,
    max: 4294967295,
    help: 'Lowest and highest raw value for intensity=window.',
  }),
  channels: choice({
    group: 'images',
    default: 'rgb',
    choices: ['rgb', 'red', 'green', 'blue', 'alpha', 'luminance'],
    help: 'Which channel the three inputs come from; anything but rgb repeats one channel three times.',
  }),
  normalisation: choice({
    group: 'images',
    default: 'imagenet',
    choices: ['imagenet', 'folder', 'half', 'custom'],
    help: "Mean and deviation of the inputs: ImageNet's, this folder's own, 0.5, or mean and std as given.",
  }),
  mean: triple({
    group: 'images',
    default: [0.485, 0.456, 0.406],
    min: 0,
    max: 1,
    help: 'Mean per channel (normalisation=custom; filled in for folder).',
  }),
  std: triple({
    group: 'images',
    default: [0.229, 0.224, 0.225],
    min: 0.001,
    max: 10,
    help: 'Deviation per channel (normalisation=custom; filled in for folder).',
  }),
  cropScale: range({
    group: 'images',
    default: [0.3, 1],
    min: 0.01,
    max: 1,
    help: 'Share of the area of a random resized crop.',
  }),
  cropAspect: range({
    group: 'images',
    default: [0.75, 1.3333333333333333],
    min: 0.1,
    max: 10,
    help: 'Aspect ratio of a random resized crop.',
  }),
  flip: flag({ group: 'images', default: true, help: 'Mirror half of the training crops left to right.' }),

  // masks
  masking: choice({
    group: 'masks',
    default: 'unbiased',
    choices: ['unbiased', 'paper-exact'],
    help: 'Sampler of the masks: without the edge and cut bias of the published code, or exactly as published.',
  }),
  targetCount: integer({ group: 'masks', default: 4, min: 1, max: 16, help: 'Target blocks per image.' }),
  targetScale: range({
    group: 'masks',
    default: [0.15, 0.2],
    min: 0.005,
    max: 0.9,
    help: 'Share of the grid that a target block covers.',
  }),
  targetAspect: range({
    group: 'masks',
    default: [0.75, 1.5],
    min: 0.1,
    max: 10,
    help: 'Aspect ratio (height over width) of a target block.',
  }),
  contextScale: range({
    group: 'masks',
    default: [0.85, 1],
    min: 0.05,
    max: 1,
    help: 'Share of the grid that the context block covers before the targets are taken out.',
  }),
  minKeep: integer({
    group: 'masks',
    default: 10,
    min: 1,
    max: 1024,
    unit: 'patches',
    help: 'Fewest patches left in a mask; scaled to the grid unless masking=paper-exact.',
  }),
  contextTokens: integer({
    group: 'masks',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'patches',
    help: 'Context patches kept per image, by an unbiased random choice; 0: what nearly all masks leave.',
  }),

  // objective
  loss: choice({
    group: 'objective',
    default: 'smooth-l1',
    choices: ['smooth-l1', 'l2'],
    help: "The authors' code minimises smooth L1, the paper states squared error.",
  }),
  sigreg: number({
    group: 'objective',
    default: 0,
    min: 0,
    max: 100,
    help: 'Weight of SIGReg on the pooled context embeddings (a loss over the whole batch against collapse).',
  }),
  sigregProjections: integer({
    group: 'objective',
    default: 256,
    min: 8,
    max: 4096,
    help: 'Random directions of SIGReg.',
  }),
  projectorWidth: integer({
    group: 'objective',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'numbers',
    help: 'Width of a small network of its own through which SIGReg and agreement see the pooled context; 0: they see it directly.',
  }),
  agreement: number({
    group: 'objective',
    default: 0,
    min: 0,
    max: 100,
    help: 'Weight of the agreement of two crops of an image (pooled context embeddings); above 0 each image enters as two crops.',
  }),

  // optimiser
  batchSize: integer({
    group: 'optimiser',
    default: 64,
    min: 1,
    max: 65536,
    unit: 'images',
    help: 'Images per update.',
  }),
  microBatch: integer({
    group: 'optimiser',
    default: 0,
    min: 0,
    max: 4096,
    unit: 'images',
    help: 'Images per pass; the result does not depend on it. 0: chosen for speed and memory.',
  }),
  steps: integer({
    group: 'optimiser',
    default: 0,
    min: 0,
    max: 100_000_000,
    help: 'Updates of the run; 0: epochs decides.',
  }),
  epochs: number({
    group: 'optimiser',
    default: 100,
    min: 0.001,
    max: 1_000_000,
    help: 'Passes over the folder (when steps is 0).',
  }),
  startLearningRate: number({
    group: 'optimiser',
    default: 1e-4,
    min: 0,
    max: 10,
    help: 'Learning rate at the first step.',
  }),
  learningRate: number({
    group: 'optimiser',
    default: 5e-4,
    min: 0,
    max: 10,
    help: 'Learning rate after the warm-up.',
  }),
  finalLearningRate: number({
    group: 'optimiser',
    default: 1e-6,
    min: 0,
    max: 10,
    help: 'Learning rate at the end of the schedule.',
  }),
  warmup: number({
    group: 'optimiser',
    default: 0.1,
    min: 0,
    max: 1,
    help: 'Share of the run in which the learning rate rises.',
  }),
  weightDecay: range({
    group: 'optimiser',
    default: [0.04, 0.4],
    min: 0,
    max: 10,
    help: 'Weight decay at the first and the last step.',
  }),
  weightDecaySchedule: choice({
    group: 'optimiser',
    default: 'cosine',
    choices: ['cosine', 'linear'],
    help: "Half cosine as in the authors' code, linear as in the paper.",
  }),
  momentum: range({
    group: 'optimiser',
    default: [0.996, 1],
    min: 0,
    max: 1,
    help: 'Momentum of the target encoder at the first and the last step.',
  }),
  scheduleScale: number({
    group: 'optimiser',
    default: 1,
    min: 0.1,
    max: 10,
    help: 'Stretches all schedules beyond the run (1.25 in the published settings).',
  }),
  beta1: number({ group: 'optimiser', default: 0.9, min: 0, max: 0.9999, help: 'First moment of AdamW.' }),
  beta2: number({ group: 'optimiser', default: 0.999, min: 0, max: 0.999999, help: 'Second moment of AdamW.' }),
  epsilon: number({
    group: 'optimiser',
    default: 1e-8,
    min: 1e-15,
    max: 1,
    help: 'Added to the root of the second moment.',
  }),

  // run
  seed: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 9007199254740991,
    help: 'Everything random in the run follows from it.',
  }),
  threads: integer({ group: 'run', default: 0, min: 0, max: 512, help: 'Threads of the CPU; 0: one per core.' }),
  checkpointMinutes: number({
    group: 'run',
    default: 5,
    min: 0,
    max: 10_000,
    unit: 'min',
    help: 'Longest time between checkpoints; 0: only by steps.',
  }),
  checkpointSteps: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 100_000_000,
    help: 'Steps between checkpoints; 0: only by minutes.',
  }),
  keepCheckpoints: integer({
    group: 'run',
    default: 2,
    min: 1,
    max: 1000,
    help: 'Latest checkpoints kept, besides the best one.',
  }),
  evaluateSteps: integer({
    group: 'run',
    default: 0,
    min: 0,
    max: 100_000_000,
    help: 'Steps between evaluations; 0: about ten in a run.',
  }),
  evaluateImages: integer({
    group: 'run',
    default: 2000,
    min: 0,
    max: 1_000_000,
    unit: 'images',
    help: 'Images of the fixed sample that evaluations use; 0: none.',
  }),
} as const satisfies Record<string, Setting>;

export type ConfigTable = typeof configTable;
export type ConfigKey = keyof ConfigTable;

type Value<S extends Setting> = S extends NumberSetting
  ? number
  : S extends RangeSetting
    ? readonly [number, number]
    : S extends TripleSetting
      ? readonly [number, number, number]
      : S extends ChoiceSetting<infer T>
        ? T
        : S extends SwitchSetting
          ? boolean
          : never;

/** The settings of a run, complete and checked. */
export type TrainConfig = { readonly [K in ConfigKey]: Value<ConfigTable[K]> };

export const configKeys = Object.keys(configTable) as readonly ConfigKey[];

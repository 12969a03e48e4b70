// Settings of the networks.
import { choice, integer, number } from './setting.ts';
import type { Setting } from './setting.ts';

export const modelSettings = {
  architecture: choice({
    group: 'model',
    default: 'tiny',
    choices: ['tiny', 'small', 'base', 'large', 'huge', 'giant', 'custom'],
    help: 'Size of the encoder by name; custom: the width, depth, heads and feed-forward ratio that are given.',
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
    help: 'Side of the square that the encoder sees. A larger one shows details and takes longer.',
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
    help: "Positions of the encoder's patches: fixed, as published, or learned starting from those, as in some weights of other programs.",
  }),
  stem: choice({
    group: 'model',
    default: 'linear',
    choices: ['linear', 'convolutions'],
    help: 'How patches become tokens; linear: one linear map, as published; convolutions: 3×3 convolutions over the image with hidden patches blanked, which learn far more from small images.',
  }),
  stemStart: choice({
    group: 'model',
    default: 'random',
    choices: ['random', 'whitening'],
    help: 'Initial weights of the first convolution; whitening: filters that respond equally strongly to natural images, so that it learns faster.',
  }),
  patchDeviation: number({
    group: 'model',
    default: 0.02,
    min: 0,
    max: 1,
    help: 'Standard deviation of the initial weights of the linear patch embedding; for patches with few values, the published one is so small that positions drown them out.',
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
} as const satisfies Record<string, Setting>;

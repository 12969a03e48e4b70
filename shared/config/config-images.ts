// Settings of what becomes of a file's pixels before the encoder sees them.
import { choice, flag, number, range, triple } from './setting.ts';
import type { Setting } from './setting.ts';

export const imageSettings = {
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
    help: 'How pixel values map to 0–255: the whole range of the type (of signed, 32-bit and floating-point numbers that of each image), percentiles of each image, or a fixed window.',
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
    min: -4294967295,
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
    help: "Mean and deviation of the inputs: ImageNet's, this folder's own, 0.5, or the mean and deviation that are given.",
  }),
  mean: triple({
    group: 'images',
    default: [0.485, 0.456, 0.406],
    min: 0,
    max: 1,
    help: 'Mean per channel (normalisation=custom; filled in where normalisation=folder).',
  }),
  std: triple({
    group: 'images',
    default: [0.229, 0.224, 0.225],
    min: 0.001,
    max: 10,
    help: 'Deviation per channel (normalisation=custom; filled in where normalisation=folder).',
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
  colourJitter: number({
    group: 'images',
    default: 0,
    min: 0,
    max: 1,
    help: 'Strength of random brightness, contrast and saturation of each training crop; 0: none.',
  }),
  greyscale: number({
    group: 'images',
    default: 0,
    min: 0,
    max: 1,
    help: 'Share of the training crops that lose their colours.',
  }),
  smallFirst: number({
    group: 'images',
    default: 0,
    min: 0,
    max: 0.95,
    help: 'Share of the steps, at the start of the run, whose crops have half the side and nothing hidden. Such a step takes about a quarter as long as a later one, and most of the learning happens in them.',
  }),
  flip: flag({ group: 'images', default: true, help: 'Mirror half of the training crops left to right.' }),
} as const satisfies Record<string, Setting>;

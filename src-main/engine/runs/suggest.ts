// Settings for a folder when the person gives none, with the reason in words.
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import { canHalve, gridSide } from '../../../shared/config/config.ts';
import type { PresetName } from '../../../shared/config/presets.ts';
import { presetEpochs, presetRecipe } from './presets.ts';

export interface FolderFacts {
  /** Different images to train on. */
  readonly images: number;
  /** Median of the shorter sides, pixels. */
  readonly shortSide: number;
}

export interface Suggestion {
  readonly settings: Partial<TrainConfig>;
  /** What of the folder they were chosen for, as a sentence. */
  readonly reason: string;
}

/** Short side of what counts as a small picture, pixels. */
const largestSmall = 112;
export const isPhotograph = (shortSide: number): boolean => shortSide > largestSmall;

interface Cut {
  readonly imageSize: number;
  readonly patchSize: number;
}

/**
 * By the images' short side: for the linear stem an input of about their own size; for convolutions, which look within patches, 16 large
 * patches of a smaller one: it is seen several times in the same time, and on small images each time teaches more (bench/quality).
 */
const cuts: readonly { readonly upTo: number; readonly linear: Cut; readonly convolutions: Cut }[] = [
  { upTo: 48, linear: { imageSize: 32, patchSize: 4 }, convolutions: { imageSize: 32, patchSize: 8 } },
  { upTo: largestSmall, linear: { imageSize: 64, patchSize: 8 }, convolutions: { imageSize: 32, patchSize: 8 } },
  { upTo: 176, linear: { imageSize: 128, patchSize: 16 }, convolutions: { imageSize: 128, patchSize: 32 } },
  { upTo: Infinity, linear: { imageSize: 224, patchSize: 16 }, convolutions: { imageSize: 128, patchSize: 32 } },
];

/**
 * A quarter of the patches as context: few tokens cost little and leave room for more images (MEASURED, "Quality"). Of the few patches
 * of a coarse grid it is half.
 */
export const suggestedContext = (grid: number): number => Math.max(1, Math.round(grid ** 2 / (grid <= 4 ? 2 : 4)));

/** Many steps of small batches learn more from few images than few of large ones (bench/quality). */
const mostBatch = 64;

/**
 * Momentum of the target encoder, which vectors are made with, for a run of so many steps: one that is right for thousands still holds the
 * first, random weights after hundreds (bench/quality).
 */
export const suggestedMomentum = (steps: number): TrainConfig['momentum'] => [
  Number(Math.min(0.996, Math.max(0.8, 1 - 60 / steps)).toPrecision(3)),
  1,
];

/** Patches along a side that the linear stem should cut at least, and that convolutions are measured with (bench/quality). */
const fewestPatches = 8;
const convolvedPatches = 4;

/** A patch for an image size that was given without one: convolutions keep their grid, else where the suggested one would hardly leave any. */
export function suggestedPatch(
  { patchSize = 16, stem = 'linear' }: Partial<TrainConfig>,
  given: Readonly<Record<string, unknown>>,
): Partial<Pick<TrainConfig, 'patchSize'>> {
  const { imageSize } = given;
  if (typeof imageSize !== 'number' || given['patchSize'] !== undefined) return {};
  if (stem === 'convolutions' && canHalve(imageSize / convolvedPatches)) return { patchSize: imageSize / convolvedPatches };
  if (imageSize % patchSize === 0 && imageSize / patchSize >= 4) return {};
  const found = [16, 14, 8, 7, 4, 2].find((patch) => patch <= patchSize && imageSize % patch === 0 && imageSize / patch >= fewestPatches);
  return found === undefined ? {} : { patchSize: found };
}

/** The preset's recipe for the images of a folder, with a stem of convolutions unless the linear one is wanted or published. */
export function suggestConfig(
  { images, shortSide }: FolderFacts,
  preset: PresetName = 'default',
  stem: TrainConfig['stem'] = 'convolutions',
): Suggestion {
  const chosen = preset === 'paper-exact' ? 'linear' : stem;
  // A first look at photographs is one at small ones: as much is learned from each, in a third of the time (bench/quality).
  const side = preset === 'quick' && chosen === 'convolutions' ? Math.min(shortSide, largestSmall) : shortSide;
  const { imageSize, patchSize } = cuts.find(({ upTo }) => side <= upTo)![chosen];
  const batchSize = Math.max(2, Math.min(mostBatch, 2 ** Math.floor(Math.log2(Math.max(2, images / 4)))));
  const grid = imageSize / patchSize;
  const recipe = presetRecipe(preset, batchSize, grid, chosen);
  const { agreement = 0, crops = 2, smallFirst = 0 } = recipe;
  const settings = {
    preset,
    imageSize,
    patchSize,
    batchSize,
    contextTokens: suggestedContext(grid),
    ...recipe,
    epochs: presetEpochs(preset, images, { agreement, crops, smallFirst }),
  } satisfies Partial<TrainConfig>;
  const reason = `${images.toLocaleString('en')} images with a typical short side of ${Math.round(shortSide).toLocaleString('en')} px.`;
  return { settings, reason };
}

/** The learning rate that the preset of a run has for the batch of that run: the published one grows with it. */
export function suggestedLearningRate(config: TrainConfig): number {
  const { preset, batchSize, stem, learningRate } = config;
  return presetRecipe(preset === 'auto' ? 'default' : preset, batchSize, gridSide(config), stem).learningRate ?? learningRate;
}

/** Settings that come from the folder, not from the table's defaults, unless they are given. */
export const suggestedKeys: readonly ConfigKey[] = Object.keys(suggestConfig({ images: 2, shortSide: 1 }).settings) as ConfigKey[];
/** Those of them that a named architecture takes from itself or from the table. */
export const sizeKeys: readonly ConfigKey[] = [
  'architecture',
  'width',
  'depth',
  'heads',
  'mlpRatio',
  'predictorWidth',
  'predictorDepth',
  'predictorHeads',
];

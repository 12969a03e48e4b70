// Settings for a folder when the person gives none, with the reason in words.
import type { ConfigKey, TrainConfig } from '../../shared/config-table.ts';
import type { PresetName } from '../../shared/presets.ts';
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

/** `coarse` patches are for convolutions, which look within them; they were measured on small images only. */
const grids = [
  { upTo: 48, imageSize: 32, patchSize: 4, coarse: 8 },
  { upTo: 112, imageSize: 64, patchSize: 8, coarse: 16 },
  { upTo: 176, imageSize: 128, patchSize: 16 },
  { upTo: Infinity, imageSize: 224, patchSize: 16 },
] as const;

/**
 * A quarter of the patches as context: few tokens cost little and leave room for more images (MEASURED, "Quality"). Of the few patches
 * of a coarse grid it is half.
 */
export const suggestedContext = (grid: number): number => Math.max(1, Math.round(grid ** 2 / (grid <= 4 ? 2 : 4)));

/** Many steps of small batches learn more from few images than few of large ones (bench/quality). */
const mostBatch = 64;

/** Patches along a side that a grid should have at least. */
const fewestPatches = 8;

/** A patch for an image size that was given without one, where the suggested patch would not divide it or leave hardly a grid. */
export function suggestedPatch(
  { patchSize = 16 }: Partial<TrainConfig>,
  given: Readonly<Record<string, unknown>>,
): Partial<Pick<TrainConfig, 'patchSize'>> {
  const { imageSize } = given;
  if (typeof imageSize !== 'number' || given['patchSize'] !== undefined) return {};
  if (imageSize % patchSize === 0 && imageSize / patchSize >= 4) return {};
  const found = [16, 14, 8, 7, 4, 2].find((patch) => patch <= patchSize && imageSize % patch === 0 && imageSize / patch >= fewestPatches);
  return found === undefined ? {} : { patchSize: found };
}

/**
 * An input of about the images' own size, and the preset's recipe: 16 patches and a stem of convolutions for small images, 64 where the
 * linear stem is wanted, 196 for photographs.
 */
export function suggestConfig({ images, shortSide }: FolderFacts, preset: PresetName = 'default', stem?: TrainConfig['stem']): Suggestion {
  const { imageSize, patchSize: fine, ...cut } = grids.find(({ upTo }) => shortSide <= upTo)!;
  const coarse = preset === 'paper-exact' || stem === 'linear' || !('coarse' in cut) ? undefined : cut.coarse;
  const patchSize = coarse ?? fine;
  const batchSize = Math.max(2, Math.min(mostBatch, 2 ** Math.floor(Math.log2(Math.max(2, images / 4)))));
  const grid = imageSize / patchSize;
  const recipe = presetRecipe(preset, batchSize, grid, coarse === undefined ? 'linear' : 'convolutions');
  const { agreement = 0, crops = 2 } = recipe;
  const settings = {
    preset,
    imageSize,
    patchSize,
    batchSize,
    contextTokens: suggestedContext(grid),
    ...recipe,
    epochs: presetEpochs(preset, images, { agreement, crops }),
  } satisfies Partial<TrainConfig>;
  const reason = `${images.toLocaleString('en')} images with a typical short side of ${Math.round(shortSide).toLocaleString('en')} px.`;
  return { settings, reason };
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

// What the masks of some settings look like: those of a step, and what many of them come to.
import type { TrainConfig } from '../../../../shared/config/config-table.ts';
import { gridSide, maskedOneIn } from '../../../../shared/config/config.ts';
import type { MaskSample } from '../../../../shared/contract/contract-masks.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { ImageMasks } from '../../../jepa/masks-paper.ts';
import { contextTokenCount, drawMasks } from '../../../jepa/masks.ts';
import { maskWarnings, overlapWarnings } from './mask-warnings.ts';
import type { MaskFacts, Warning } from './mask-warnings.ts';

export interface MaskRequest {
  readonly config: TrainConfig;
  readonly seed: number;
  readonly step: number;
  readonly images: number;
}

/** Draws for the facts, and patches that they may look at together: some tenths of a second. On a fine grid fewer draws tell as much. */
const mostDraws = 200;
const leastDraws = 10;
const mostPatches = 10_000_000;
/** Images of a draw: the published sampler cuts each context to the shortest of its batch. */
const paperBatch = 32;
/** Patches along a side beyond which nothing could be trained, and drawing would take minutes. */
const mostGrid = 128;
/** The same where masks are drawn beside everything else that the engine does. */
const mostPlannedGrid = 32;

/** Sizes, coverage and overlap over many steps. */
function factsOf(config: TrainConfig, seed: number, contextTokens: number, most = mostDraws): MaskFacts & { readonly context: number } {
  const patches = gridSide(config) ** 2;
  const batch = config.masking === 'paper-exact' ? Math.min(config.batchSize, paperBatch) : 1;
  const perDraw = batch * patches * (config.targetCount + 1);
  const draws = Math.min(most, Math.max(leastDraws, Math.floor(mostPatches / perDraw)));
  let [target, covered, context, shared] = [0, 0, 0, 0];
  for (let step = 0; step < draws; step++) {
    const [masks] = drawMasks(config, seed, step, batch, contextTokens) as readonly [ImageMasks, ...ImageMasks[]];
    const hidden = new Set(masks.targets.flatMap((indices) => [...indices]));
    target += masks.targets.reduce((sum, { length }) => sum + length, 0) / masks.targets.length;
    covered += hidden.size / patches;
    context += masks.context.length;
    shared += masks.context.reduce((count, patch) => count + Number(hidden.has(patch)), 0);
  }
  const mean = Math.round(context / draws);
  return { contextTokens: mean, context: mean, targetTokens: target / draws, targetCoverage: covered / draws, overlap: shared / context };
}

/** Draws that tell whether a run's contexts give its targets away; the loss falls then, and no other figure says it. */
const fewDraws = 60;

/** What is to be known of the masks of a run before it starts; on too fine a grid, which is told otherwise, nothing. */
export function overlapOf(config: TrainConfig): Warning[] {
  if (config.masking === 'paper-exact' || config.prediction === 0 || gridSide(config) > mostPlannedGrid) return [];
  return overlapWarnings(factsOf(config, config.seed, contextTokenCount(config), fewDraws));
}

/** Masks of the first images of a step, with what is to be known about the settings. Throws `bad-config` where none can be drawn. */
export function sampleMasks({ config, seed, step, images }: MaskRequest): MaskSample {
  const grid = gridSide(config);
  if (grid > mostGrid)
    throw new AppError(
      'bad-config',
      `patchSize: ${grid}×${grid} patches are more than can be trained on`,
      `Choose a larger patch or a smaller image, so that there are at most ${mostGrid}×${mostGrid} patches.`,
    );
  const paper = config.masking === 'paper-exact';
  const contextTokens = paper ? 0 : contextTokenCount(config);
  const batch = paper ? Math.max(images, Math.min(config.batchSize, paperBatch)) : images;
  const masks = drawMasks(config, seed, step, batch, contextTokens).slice(0, images);
  const facts = factsOf(config, seed, contextTokens);
  const oneIn = maskedOneIn(config);
  return {
    grid,
    imageSize: config.imageSize,
    patchSize: config.patchSize,
    context: masks.map(({ context }) => context),
    targets: masks.map(({ targets }) => targets),
    contextTokens: paper ? masks[0]!.context.length : contextTokens,
    // No message can hold what is not finite.
    maskedOneIn: Number.isFinite(oneIn) ? oneIn : 0,
    targetTokens: facts.targetTokens,
    targetCoverage: facts.targetCoverage,
    warnings: maskWarnings(config, facts),
  };
}

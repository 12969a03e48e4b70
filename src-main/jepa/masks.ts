// Which patches the context encoder sees and which blocks the predictor must predict (Assran et al. 2023, §3 and appendix A).
// Everything is a pure function of (seed, step, image), so that a resumed run draws the same masks.
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';
import { paperExactMasks, requirePaperBlocks } from './masks-paper.ts';
import type { BlockSize, ImageMasks, MaskConfig } from './masks-paper.ts';

/** A block of about `area` patches with height/width = `aspect`, at most `most` patches along each side. */
export function blockSize(area: number, aspect: number, most: number): BlockSize {
  const height = Math.min(most, Math.max(1, Math.round(Math.sqrt(area * aspect))));
  const width = Math.min(most, Math.max(1, Math.round(Math.sqrt(area / aspect))));
  return { height, width };
}

export function blockIndices({ height, width }: BlockSize, top: number, left: number, grid: number): Int32Array {
  return Int32Array.from({ length: height * width }, (_, i) => (top + Math.floor(i / width)) * grid + left + (i % width));
}

/** Fewest patches of a context: the published 10 of a 14×14 grid, scaled to the grid. */
export const leastContext = ({ minKeep }: Pick<MaskConfig, 'minKeep'>, grid: number): number =>
  Math.max(1, Math.round((minKeep * grid * grid) / 196));

/**
 * The largest target block that the settings can draw, in patches: the size that shapes are padded to. Exact: h × w is drawn for an
 * aspect r with √(area·r) ≥ h − ½ and √(area/r) ≥ w − ½, however narrow that range is; a run of many steps meets it.
 */
export function mostTargetTokens(config: MaskConfig, grid: number): number {
  const limit = config.masking === 'paper-exact' ? grid - 1 : grid;
  const area = grid * grid * config.targetScale[1];
  const [widest, tallest] = config.targetAspect;
  let most = 0;
  for (let height = 1; height <= limit; height++) {
    const from = Math.max(widest, height === 1 ? 0 : (height - 0.5) ** 2 / area);
    for (let width = 1; width <= limit; width++) {
      const to = Math.min(tallest, width === 1 ? Infinity : area / (width - 0.5) ** 2);
      if (from <= to * (1 + 1e-9)) most = Math.max(most, height * width);
    }
  }
  return most;
}

const retries = 20;

/** Context block minus targets, before it is reduced to a fixed count. */
function drawOne(
  random: Random,
  config: MaskConfig,
  grid: number,
  target: BlockSize,
  context: BlockSize,
): { free: number[]; outside: number[]; targets: Int32Array[] } {
  const place = (block: BlockSize): Int32Array =>
    blockIndices(block, random.integer(grid - block.height + 1), random.integer(grid - block.width + 1), grid);
  const targets = Array.from({ length: config.targetCount }, () => place(target));
  const hidden = new Set(targets.flatMap((indices) => [...indices]));
  const inside = new Set(place(context));
  const visible = Array.from({ length: grid * grid }, (_, i) => i).filter((i) => !hidden.has(i));
  return { free: visible.filter((i) => inside.has(i)), outside: visible.filter((i) => !inside.has(i)), targets };
}

function drawSizes(config: MaskConfig, grid: number, seed: number, step: number): { target: BlockSize; context: BlockSize } {
  const random = new Random(seed, 'mask', step, 0xffffffff);
  const area = grid * grid * random.between(...config.targetScale);
  const target = blockSize(area, Math.exp(random.between(Math.log(config.targetAspect[0]), Math.log(config.targetAspect[1]))), grid);
  const context = blockSize(grid * grid * random.between(...config.contextScale), 1, grid);
  return { target, context };
}

/** Every context has exactly `keep` patches: an unbiased choice of those that its masks leave. */
function drawImage(
  config: MaskConfig,
  grid: number,
  seed: number,
  step: number,
  image: number,
  keep: number,
  sizes: { target: BlockSize; context: BlockSize },
): ImageMasks {
  const random = new Random(seed, 'mask', step, image);
  let drawn = drawOne(random, config, grid, sizes.target, sizes.context);
  for (let attempt = 1; attempt < retries && drawn.free.length < keep; attempt++)
    drawn = drawOne(random, config, grid, sizes.target, sizes.context);
  const choice = new Random(seed, 'context', step, image);
  choice.shuffle(drawn.free);
  choice.shuffle(drawn.outside);
  // Too few even so: patches outside the context block come next, and only then some that a target covers.
  const covered = [...new Set(drawn.targets.flatMap((indices) => [...indices]))];
  choice.shuffle(covered);
  const context = Int32Array.from([...drawn.free, ...drawn.outside, ...covered].slice(0, keep)).toSorted();
  return { context, targets: drawn.targets };
}

/**
 * How many context patches every image keeps. As set, or what 19 of 20 masks leave, found by drawing 400 of them; a pure
 * function of the settings. Throws `bad-config` when the grid has no room for the targets and a context.
 */
export function contextTokenCount(config: MaskConfig): number {
  const grid = config.imageSize / config.patchSize;
  const least = leastContext(config, grid);
  if (mostTargetTokens(config, grid) >= grid * grid) {
    throw new AppError(
      'bad-config',
      `A grid of ${grid}×${grid} patches has no room for a context beside such targets.`,
      'Use a smaller targetScale, a smaller patch or a larger image.',
    );
  }
  if (config.contextTokens > 0) return config.contextTokens;
  if (least > grid * grid - mostTargetTokens(config, grid))
    throw new AppError(
      'bad-config',
      `minKeep: ${config.minKeep} patches of a 14×14 grid are ${least} of this one with ${grid}×${grid}, more than a target may leave`,
      'Choose a smaller minKeep, or a smaller targetScale.',
    );
  return remembered(config, () => countLeft(config, grid, least));
}

/** Counts of the settings that were asked for last: drawing the masks of a fine grid takes seconds, and a plan asks several times. */
const counts = new Map<string, number>();
const mostCounts = 64;

function remembered(
  { targetCount, targetScale, targetAspect, contextScale, minKeep, imageSize, patchSize }: MaskConfig,
  count: () => number,
): number {
  const key = JSON.stringify([targetCount, targetScale, targetAspect, contextScale, minKeep, imageSize / patchSize]);
  const known = counts.get(key) ?? count();
  counts.delete(key);
  counts.set(key, known);
  if (counts.size > mostCounts) counts.delete(counts.keys().next().value!);
  return known;
}

function countLeft(config: MaskConfig, grid: number, least: number): number {
  const left = Array.from({ length: 400 }, (_, i) => {
    const sizes = drawSizes(config, grid, 1, i);
    return drawOne(new Random(1, 'mask', i, 0), config, grid, sizes.target, sizes.context).free.length;
  }).toSorted((a, b) => a - b);
  return Math.max(least, left[Math.floor(left.length / 20)]!);
}

/** Of an image that loses no patches. */
export const seenWhole: ImageMasks = { context: new Int32Array(0), targets: [] };

/**
 * Masks of the images 0 … batch − 1 of a step, or of every `stride`-th of them where the others are seen whole.
 * What an image gets does not depend on whether others are drawn. Masks as published are drawn for all.
 */
export function drawMasks(
  config: MaskConfig,
  seed: number,
  step: number,
  batch: number,
  contextTokens: number,
  stride = 1,
): readonly ImageMasks[] {
  const grid = config.imageSize / config.patchSize;
  if (config.masking === 'paper-exact') return paperExactMasks(config, grid, seed, step, batch);
  const sizes = drawSizes(config, grid, seed, step);
  return Array.from({ length: batch }, (_, image) =>
    image % stride === 0 ? drawImage(config, grid, seed, step, image, contextTokens, sizes) : seenWhole,
  );
}

/** Throws `bad-config` when masks cannot be drawn with these settings, at whatever step. */
export function requireMasks(config: MaskConfig): void {
  if (config.masking === 'paper-exact') requirePaperBlocks(config, config.imageSize / config.patchSize);
  else contextTokenCount(config);
}

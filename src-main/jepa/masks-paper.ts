// The published sampler with its known faults: the last row and column are never chosen, one random number sets scale and
// aspect, and every list is cut to the batch's shortest in raster order. Only `masking=paper-exact` uses it.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';

export type MaskConfig = Pick<
  TrainConfig,
  'masking' | 'targetCount' | 'targetScale' | 'targetAspect' | 'contextScale' | 'minKeep' | 'contextTokens' | 'imageSize' | 'patchSize'
>;

/** Patch indices in raster order (row · grid + column). */
export interface ImageMasks {
  readonly context: Int32Array;
  readonly targets: readonly Int32Array[];
}

export interface BlockSize {
  readonly height: number;
  readonly width: number;
}

/** Tries before the sampler stops excluding one more target, and before it gives up on a block that can never be large enough. */
const retries = 20;
const mostRetries = 1000;

/** The size that a random number of [0, 1) sets. */
function sizeAt(shared: number, scale: readonly [number, number], aspect: readonly [number, number], grid: number): BlockSize {
  const area = Math.floor(grid * grid * (scale[0] + shared * (scale[1] - scale[0])));
  const ratio = aspect[0] + shared * (aspect[1] - aspect[0]);
  const height = Math.min(grid - 1, Math.round(Math.sqrt(area * ratio)));
  const width = Math.min(grid - 1, Math.round(Math.sqrt(area / ratio)));
  return { height, width };
}

/** Random numbers that sizes are tried with. */
const triedSizes = 4096;

const noSuchBlock = ({ height, width }: BlockSize, grid: number, minKeep: number): AppError =>
  new AppError(
    'bad-config',
    `No block of ${height}×${width} patches on a ${grid}×${grid} grid keeps more than ${minKeep}.`,
    'The published sampler would loop for ever here: use masking=unbiased, a smaller minKeep or a finer grid.',
  );

/**
 * Throws `bad-config` where some step of a run may draw blocks that can never keep enough patches: of a context targets are given back one
 * by one, so that its size alone decides, too. A run that met one would end at that step each time it is resumed.
 */
export function requirePaperBlocks({ targetScale, targetAspect, contextScale, minKeep }: MaskConfig, grid: number): void {
  for (let i = 0; i <= triedSizes; i++)
    for (const size of [sizeAt(i / triedSizes, targetScale, targetAspect, grid), sizeAt(i / triedSizes, contextScale, [1, 1], grid)])
      if (size.height * size.width <= minKeep) throw noSuchBlock(size, grid, minKeep);
}

/** Draws a block, leaves out `excluded`, and retries until more than `minKeep` patches stay. */
function drawBlock(
  random: Random,
  { height, width }: BlockSize,
  grid: number,
  minKeep: number,
  excluded: readonly ReadonlySet<number>[],
): Int32Array {
  for (let attempt = 0; attempt < mostRetries; attempt++) {
    const top = random.integer(grid - height);
    const left = random.integer(grid - width);
    const active = excluded.slice(0, Math.max(0, excluded.length - Math.floor(attempt / retries)));
    const kept: number[] = [];
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) {
        const patch = y * grid + x;
        if (!active.some((block) => block.has(patch))) kept.push(patch);
      }
    }
    if (kept.length > minKeep) return Int32Array.from(kept);
  }
  throw noSuchBlock({ height, width }, grid, minKeep);
}

/** Masks of a whole batch; lists are cut to the shortest of the batch, contexts and targets each. */
export function paperExactMasks(config: MaskConfig, grid: number, seed: number, step: number, batch: number): readonly ImageMasks[] {
  const sizes = new Random(seed, 'mask', step, 0xffffffff);
  const target = sizeAt(sizes.uniform(), config.targetScale, config.targetAspect, grid);
  const context = sizeAt(sizes.uniform(), config.contextScale, [1, 1], grid);
  const drawn = Array.from({ length: batch }, (_, image) => {
    const random = new Random(seed, 'mask', step, image);
    const targets = Array.from({ length: config.targetCount }, () => drawBlock(random, target, grid, config.minKeep, []));
    return {
      targets,
      context: drawBlock(
        random,
        context,
        grid,
        config.minKeep,
        targets.map((indices) => new Set(indices)),
      ),
    };
  });
  const shortestContext = Math.min(...drawn.map((masks) => masks.context.length));
  const shortestTarget = Math.min(...drawn.flatMap((masks) => masks.targets.map((indices) => indices.length)));
  return drawn.map((masks) => ({
    context: masks.context.slice(0, shortestContext),
    targets: masks.targets.map((indices) => indices.slice(0, shortestTarget)),
  }));
}

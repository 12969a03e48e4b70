// The fake engine's masks: rectangles that look like the real ones. The real choice is `src-main/jepa/masks.ts`.
import { gridSide, parseConfig } from '../../shared/config/config.ts';
import type { maskChannels } from '../../shared/contract/contract-masks.ts';
import type { Handlers } from '../../shared/contract/rpc-server.ts';
import { Random } from '../../shared/random.ts';
import { lookOf } from './synthetic-images.ts';

function block(
  random: Random,
  grid: number,
  [least, most]: readonly [number, number],
  [narrow, wide]: readonly [number, number],
): Int32Array<ArrayBuffer> {
  const area = grid * grid * (least + (most - least) * random.uniform());
  const aspect = narrow + (wide - narrow) * random.uniform();
  const height = Math.max(1, Math.min(grid - 1, Math.round(Math.sqrt(area * aspect))));
  const width = Math.max(1, Math.min(grid - 1, Math.round(Math.sqrt(area / aspect))));
  const top = Math.floor(random.uniform() * (grid - height + 1));
  const left = Math.floor(random.uniform() * (grid - width + 1));
  return Int32Array.from({ length: height * width }, (_, i) => (top + Math.floor(i / width)) * grid + left + (i % width));
}

/** RGB of a synthetic picture, side × side × 3: its shape as a disc of its colour. */
function pixelsOf(image: number, side: number, shift: number): Uint8Array {
  const { hue, size } = lookOf(image);
  const colour = (offset: number): number => 128 + 100 * Math.cos(((hue - offset) / 180) * Math.PI);
  const rgb = [colour(0), colour(120), colour(240)];
  return Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    const inside = Math.hypot(x / side - 0.5 - shift, y / side - 0.5) < size / 2;
    const stripes = 12 * Math.sin(x / 5) + 12 * Math.cos(y / 7);
    return (inside ? rgb[i % 3]! : 215) + stripes;
  });
}

export const fakeMasks = (): Handlers<typeof maskChannels> => ({
  'masks.sample': ({ settings, seed, step, images }) => {
    const config = parseConfig(settings);
    const grid = gridSide(config);
    const drawn = Array.from({ length: images }, (_, image) => {
      const random = new Random(seed, 'mask', step, image);
      const targets = Array.from({ length: config.targetCount }, () => block(random, grid, config.targetScale, config.targetAspect));
      const hidden = new Set(targets.flatMap((one) => [...one]));
      const context = block(random, grid, config.contextScale, [1, 1]).filter((patch) => !hidden.has(patch));
      return { targets, context, hidden };
    });
    const contextTokens = Math.min(...drawn.map(({ context }) => context.length));
    const mean = (of: (one: (typeof drawn)[number]) => number): number => drawn.reduce((sum, one) => sum + of(one), 0) / images;
    return {
      grid,
      imageSize: config.imageSize,
      patchSize: config.patchSize,
      context: drawn.map(({ context }) => context.subarray(0, contextTokens)),
      targets: drawn.map(({ targets }) => targets),
      contextTokens,
      maskedOneIn: 1,
      targetTokens: mean(({ targets }) => targets[0]?.length ?? 0),
      targetCoverage: mean(({ hidden }) => hidden.size / grid ** 2),
      warnings:
        config.targetScale[1] < 0.1
          ? [
              {
                message: 'Targets this small can be guessed from the patches beside them.',
                hint: 'Let a target cover 15 to 20 % of the image.',
              },
            ]
          : [],
    };
  },
  'masks.crop': ({ image, settings, step, whole }) => {
    const side = parseConfig(settings).imageSize;
    return { side, pixels: pixelsOf(image, side, whole ? 0 : ((step % 7) - 3) / 20) };
  },
});

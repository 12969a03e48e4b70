// Patches of drawn pictures as colours: something round before a background, which the made-up encoder tells apart.
import type { FeatureView } from '../../shared/contract/contract-explore.ts';
import { chance } from './synthetic-images.ts';

const [side, grid] = [224, 14];

/** Bytes of a square whose colours are a function of the place, 0 to 1 along both sides. */
function square(width: number, colour: (x: number, y: number) => readonly [number, number, number]): Uint8Array {
  const rgb = new Uint8Array(width * width * 3);
  for (let i = 0; i < width * width; i++) rgb.set(colour(((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / width), 3 * i);
  return rgb;
}

export function featuresOf(image: number, finer = 1): FeatureView {
  const [x, y, radius] = [0.35 + 0.3 * chance(image, 41), 0.35 + 0.3 * chance(image, 42), 0.18 + 0.14 * chance(image, 43)];
  const hue = 255 * chance(image, 44);
  const inside = (a: number, b: number): number => Math.min(1, Math.max(0, 8 * (radius - Math.hypot(a - x, b - y)) + 0.5));
  return {
    side: side * finer,
    seen: square(side * finer, (a, b) => [230 - 150 * inside(a, b), 215 - hue * 0.6 * inside(a, b), 200 + 30 * b - 60 * inside(a, b)]),
    grid: grid * finer,
    trained: grid,
    // Things are red, grounds blue to green from above to below.
    colours: square(grid * finer, (a, b) => [40 + 200 * inside(a, b), 60 + 110 * b, 190 - 130 * inside(a, b)]),
    fittedOn: 48,
  };
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { changeColours, randomColours } from './colours.ts';
import type { ColourChange } from './colours.ts';

const target = { size: 4, patchSize: 2, mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.3] } as const;
const plane = target.patchSize ** 2;
const none = { matrix: [1, 0, 0, 0, 1, 0, 0, 0, 1], contrast: 1 } as const;

/** Pixels [16, 3] in 0–1 as normalised patches, and back. */
const placeOf = (pixel: number, channel: number): number => Math.floor(pixel / plane) * 3 * plane + channel * plane + (pixel % plane);
function pack(pixels: readonly (readonly number[])[]): Float32Array {
  const patches = new Float32Array(16 * 3);
  pixels.forEach((colour, i) => colour.forEach((value, c) => (patches[placeOf(i, c)] = (value - target.mean[c]!) / target.std[c]!)));
  return patches;
}
const unpack = (patches: Float32Array): number[][] =>
  Array.from({ length: 16 }, (_, i) => [0, 1, 2].map((c) => patches[placeOf(i, c)]! * target.std[c]! + target.mean[c]!));
const luminance = ([r, g, b]: readonly number[]): number => 0.299 * r! + 0.587 * g! + 0.114 * b!;

function pictureOf(seed: number): number[][] {
  const random = new Random(seed, 'test');
  return Array.from({ length: 16 }, () => [random.uniform(), random.uniform(), random.uniform()]);
}
function changedBy(pixels: readonly (readonly number[])[], change: ColourChange): number[][] {
  const patches = pack(pixels);
  changeColours(patches, target, change);
  return unpack(patches);
}

describe('changes of colours', () => {
  it('are those of the definition in 0–1, whatever the normalisation', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 9, maxLength: 9 }), (seed, matrix) => {
        const pixels = pictureOf(seed);
        const contrast = 0.5 + (seed % 10) / 10;
        const turned = pixels.map((colour) =>
          [0, 1, 2].map((row) => [0, 1, 2].reduce((sum, k) => sum + matrix[3 * row + k]! * colour[k]!, 0)),
        );
        const level = turned.reduce((sum, colour) => sum + luminance(colour), 0) / 16;
        const result = changedBy(pixels, { matrix, contrast });
        turned.forEach((colour, i) =>
          colour.forEach((value, c) => expect(result[i]![c]!).toBeCloseTo(contrast * (value - level) + level, 4)),
        );
      }),
    );
  });

  it('of nothing are nothing', () => {
    const pixels = pictureOf(1);
    changedBy(pixels, none).forEach((colour, i) => colour.forEach((value, c) => expect(value).toBeCloseTo(pixels[i]![c]!, 5)));
  });

  it('keep greys grey and their luminance but for brightness, and greyscale takes all colour', () => {
    const grey = Array.from({ length: 16 }, (_, i) => [i / 16, i / 16, i / 16]);
    for (let step = 0; step < 200; step++) {
      const change = randomColours(new Random(3, 'colour', step), 1, 0.5);
      if (!change) continue;
      for (const [r, g, b] of changedBy(grey, change)) {
        expect(g).toBeCloseTo(r!, 4);
        expect(b).toBeCloseTo(r!, 4);
      }
    }
    const colourless = randomColours(new Random(3, 'colour'), 0, 1)!;
    const pixels = pictureOf(2);
    changedBy(pixels, colourless).forEach((colour, i) => colour.forEach((value) => expect(value).toBeCloseTo(luminance(pixels[i]!), 5)));
  });

  it('come as often and as strong as asked for, and the same for the same draw', () => {
    const draws = (strength: number, grey: number): (ColourChange | undefined)[] =>
      Array.from({ length: 4000 }, (_, step) => randomColours(new Random(5, 'colour', step), strength, grey));
    const share = (list: readonly unknown[]): number => list.filter(Boolean).length / list.length;
    expect(share(draws(0, 0))).toBe(0);
    expect(share(draws(0.5, 0))).toBeCloseTo(0.8, 1);
    expect(share(draws(0, 0.2))).toBeCloseTo(0.2, 1);
    const contrasts = draws(0.5, 0).flatMap((one) => (one ? [one.contrast] : []));
    expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(0.6);
    expect(Math.max(...contrasts)).toBeLessThanOrEqual(1.4);
    expect(Math.max(...contrasts) - Math.min(...contrasts)).toBeGreaterThan(0.75);
    expect(draws(0.5, 0.2)).toEqual(draws(0.5, 0.2));
  });
});

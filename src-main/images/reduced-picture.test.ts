import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { randomResizedCrop, resampleCrop } from './crop.ts';
import { forTraining, reduced, reductionOf } from './reduced-picture.ts';
import type { CachedImage } from './shard-reader.ts';

const range = { cropScale: [0.2, 1], cropAspect: [3 / 4, 4 / 3] } as const;

function noise(width: number, height: number, seed = 1): CachedImage {
  const random = new Random(seed, 'test');
  return { width, height, pixels: Uint8Array.from({ length: 3 * width * height }, () => random.integer(256)) };
}

/** Smooth in the main, with some detail, as photographs are. */
function photograph(width: number, height: number): CachedImage {
  const random = new Random(5, 'test');
  const waves = Array.from({ length: 24 }, (_, i) => ({
    across: ((i % 5) + 1) * random.between(0.3, 1) * 4,
    down: ((i % 7) + 1) * random.between(0.3, 1) * 4,
    phase: random.between(0, 6),
    strength: 30 / (1 + i / 4),
  }));
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) {
        const value = waves.reduce(
          (sum, { across, down, phase, strength }) =>
            sum + strength * Math.sin((across * x) / width + (down * y) / height + phase * (c + 1)),
          128 + 10 * random.normal(),
        );
        pixels[3 * (y * width + x) + c] = Math.max(0, Math.min(255, value));
      }
  return { width, height, pixels };
}

describe('pictures for training', () => {
  it('are means of whole pixels', () => {
    const picture = noise(11, 7);
    const { width, height, pixels } = reduced(picture, 3);
    expect([width, height, pixels.length]).toEqual([3, 2, 18]);
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 3; x++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let i = 0; i < 9; i++) sum += picture.pixels[3 * ((3 * y + Math.floor(i / 3)) * 11 + 3 * x + (i % 3)) + c]!;
          expect(pixels[3 * (3 * y + x) + c]).toBe(Math.round(sum / 9));
        }
  });

  it('are never so small that a crop has fewer pixels than it is made for', () => {
    const side = fc.integer({ min: 8, max: 600 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 4, max: 64 }), fc.nat(), (width, height, size, seed) => {
        const factor = reductionOf({ width, height }, size, range);
        const [across, down] = [Math.floor(width / factor), Math.floor(height / factor)];
        const crop = randomResizedCrop(new Random(seed, 'test'), across, down, range.cropScale, range.cropAspect);
        // Half a pixel of rounding, and what is left out at the end.
        if (factor > 1) expect(Math.min(crop.width, crop.height)).toBeGreaterThanOrEqual(Math.floor(size * 0.93 - 0.5));
      }),
    );
    expect(reductionOf({ width: 341, height: 256 }, 32, range)).toBe(3);
    expect(reductionOf({ width: 256, height: 256 }, 128, range)).toBe(1);
  });

  it('give nearly the crops of the whole picture', () => {
    const picture = photograph(342, 258);
    const target = { size: 32, patchSize: 32, mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const smaller = forTraining(picture, 32, range);
    expect([smaller.width, smaller.height]).toEqual([114, 86]);
    const [exact, nearly] = [new Float32Array(3 * 32 * 32), new Float32Array(3 * 32 * 32)];
    let [worst, spread, sum] = [0, 0, 0];
    // Rectangles that are whole pixels in both.
    for (const [x, y, width, height] of [
      [0, 0, 342, 258],
      [30, 60, 120, 120],
      [120, 33, 180, 210],
    ] as const) {
      resampleCrop(picture.pixels, picture.width, picture.height, { x, y, width, height }, false, target, exact);
      const part = { x: x / 3, y: y / 3, width: width / 3, height: height / 3 };
      resampleCrop(smaller.pixels, smaller.width, smaller.height, part, false, target, nearly);
      const mean = exact.reduce((a, b) => a + b) / exact.length;
      for (const [i, value] of exact.entries()) {
        spread += (value - mean) ** 2;
        sum += (value - nearly[i]!) ** 2;
        worst = Math.max(worst, Math.abs(value - nearly[i]!));
      }
    }
    expect(Math.sqrt(sum / spread)).toBeLessThan(0.05);
    expect(worst).toBeLessThan(0.1);
  });

  it('are themselves where their crops need all of their pixels', () => {
    const picture = noise(64, 50);
    expect(forTraining(picture, 32, range)).toBe(picture);
  });
});

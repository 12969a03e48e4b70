import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Random } from '../../shared/random.ts';
import { centreSquare, fitSquare, halves, randomResizedCrop, resampleCrop } from './crop.ts';
import type { Target } from './crop.ts';
import type { Rectangle } from './pad-square.ts';

const unit = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const target = (size: number, patchSize: number): Target => ({ size, patchSize, ...unit });

function noise(width: number, height: number, seed = 1): Uint8Array {
  const random = new Random(seed, 'test');
  return Uint8Array.from({ length: width * height * 3 }, () => random.integer(256));
}

/** [size, size, 3] in float64: the crop cut out, then a triangle filter of the width of a source step, each axis by itself. */
function plainResample(pixels: Uint8Array, width: number, box: Rectangle, size: number): Float64Array {
  const weightsOf = (from: number, i: number): [number, number][] => {
    const scale = from / size;
    const support = Math.max(1, scale);
    const centre = (i + 0.5) * scale;
    const all = Array.from({ length: from }, (_, j) => [j, Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support)] as [number, number]);
    const total = all.reduce((sum, [, weight]) => sum + weight, 0);
    return all.filter(([, weight]) => weight > 0).map(([j, weight]) => [j, weight / total]);
  };
  const result = new Float64Array(size * size * 3);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (const [row, down] of weightsOf(box.height, y))
        for (const [column, across] of weightsOf(box.width, x))
          for (let c = 0; c < 3; c++)
            result[3 * (y * size + x) + c]! += down * across * pixels[3 * ((box.y + row) * width + box.x + column) + c]!;
  return result;
}

/** Patches [N, 3·P·P], each (channel, row, column), back to [size, size, 3]. */
function unpatch(patches: Float32Array, size: number, p: number): Float64Array {
  const result = new Float64Array(size * size * 3);
  let at = 0;
  for (let token = 0; token < (size / p) ** 2; token++)
    for (let c = 0; c < 3; c++)
      for (let row = 0; row < p; row++)
        for (let column = 0; column < p; column++) {
          const y = Math.floor(token / (size / p)) * p + row;
          const x = (token % (size / p)) * p + column;
          result[3 * (y * size + x) + c] = patches[at++]!;
        }
  return result;
}

const scales = fc
  .tuple(fc.double({ min: 0.05, max: 1, noNaN: true }), fc.double({ min: 0.05, max: 1, noNaN: true }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const sides = fc.integer({ min: 1, max: 300 });

describe('random resized crop', () => {
  it('stays inside the picture and is never empty', () => {
    fc.assert(
      fc.property(sides, sides, scales, fc.nat(), (width, height, scale, seed) => {
        const crop = randomResizedCrop(new Random(seed, 'crop'), width, height, scale, [3 / 4, 4 / 3]);
        expect(crop.width).toBeGreaterThan(0);
        expect(crop.height).toBeGreaterThan(0);
        expect(crop.x).toBeGreaterThanOrEqual(0);
        expect(crop.y).toBeGreaterThanOrEqual(0);
        expect(crop.x + crop.width).toBeLessThanOrEqual(width);
        expect(crop.y + crop.height).toBeLessThanOrEqual(height);
      }),
    );
  });

  it('is a pure function of seed, step and place', () => {
    const at = (step: number, index: number): Rectangle =>
      randomResizedCrop(new Random(4, 'crop', step, index), 300, 200, [0.3, 1], [3 / 4, 4 / 3]);
    expect(at(7, 3)).toEqual(at(7, 3));
    expect(at(7, 3)).not.toEqual(at(8, 3));
    expect(at(7, 3)).not.toEqual(at(7, 4));
  });

  it('draws area uniformly and aspect log-uniformly over the range, and every place alike', () => {
    const count = 20_000;
    const [width, height] = [4000, 4000];
    let [area, aspect, left] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const crop = randomResizedCrop(new Random(1, 'crop', i), width, height, [0.2, 0.6], [1 / 2, 2]);
      const [share, ratio] = [(crop.width * crop.height) / (width * height), crop.width / crop.height];
      expect(share).toBeGreaterThan(0.199);
      expect(share).toBeLessThan(0.601);
      area += share;
      aspect += Math.log(ratio);
      left += crop.x / Math.max(1, width - crop.width);
    }
    // Redraws of crops that are too wide favour small areas by less than this.
    expect(area / count).toBeGreaterThan(0.385);
    expect(area / count).toBeLessThan(0.405);
    expect(Math.abs(aspect / count)).toBeLessThan(0.02);
    expect(Math.abs(left / count - 0.5)).toBeLessThan(0.01);
  });

  it('falls back to the largest centred crop of an allowed aspect', () => {
    const crop = randomResizedCrop(new Random(1, 'crop'), 60_000, 1, [0.9, 1], [3 / 4, 4 / 3]);
    expect(crop).toEqual({ x: 29_999, y: 0, width: 1, height: 1 });
    expect(randomResizedCrop(new Random(1, 'crop'), 1000, 100, [1, 1], [1, 1])).toEqual({ x: 450, y: 0, width: 100, height: 100 });
  });
});

describe('resampling', () => {
  it('is the antialiased triangle filter, to float tolerance, on any rectangle', () => {
    const cases = fc.record({
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      parts: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 4, maxLength: 4 }),
      grid: fc.integer({ min: 1, max: 3 }),
      patch: fc.integer({ min: 1, max: 5 }),
      flip: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ width, height, parts, grid, patch, flip, seed }) => {
        const x = Math.floor(parts[0]! * width);
        const y = Math.floor(parts[1]! * height);
        const box = { x, y, width: 1 + Math.floor(parts[2]! * (width - x)), height: 1 + Math.floor(parts[3]! * (height - y)) };
        const size = grid * patch;
        const pixels = noise(width, height, seed);
        const out = new Float32Array(size * size * 3).fill(NaN);
        resampleCrop(pixels, width, height, box, flip, target(size, patch), out);
        const got = unpatch(out, size, patch);
        const wanted = plainResample(pixels, width, box, size);
        for (let row = 0; row < size; row++)
          for (let column = 0; column < size; column++)
            for (let c = 0; c < 3; c++) {
              const from = 3 * (row * size + (flip ? size - 1 - column : column)) + c;
              expect(Math.abs(got[3 * (row * size + column) + c]! - wanted[from]! / 255)).toBeLessThan(2e-6);
            }
      }),
      { numRuns: 60 },
    );
  });

  it('copies pixels when nothing is scaled, and normalises by mean and deviation of each channel', () => {
    const pixels = noise(8, 8);
    const settings: Target = { size: 8, patchSize: 4, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] };
    const out = new Float32Array(8 * 8 * 3);
    resampleCrop(pixels, 8, 8, { x: 0, y: 0, width: 8, height: 8 }, false, settings, out);
    const got = unpatch(out, 8, 4);
    for (let i = 0; i < pixels.length; i++) {
      const [mean, std] = [settings.mean[i % 3]!, settings.std[i % 3]!];
      expect(got[i]!).toBeCloseTo((pixels[i]! / 255 - mean) / std, 5);
    }
  });

  it('keeps a constant picture constant at any size', () => {
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 24 }), (width, height, size) => {
        const out = new Float32Array(size * size * 3);
        const pixels = new Uint8Array(width * height * 3).fill(137);
        resampleCrop(pixels, width, height, { x: 0, y: 0, width, height }, false, target(size, size), out);
        // Hundreds of float32 weights are summed twice: 5e-6 is a thousandth of a grey level.
        for (const value of out) expect(Math.abs(value - 137 / 255)).toBeLessThan(5e-6);
      }),
      { numRuns: 50 },
    );
  });
});

describe('parts of a picture', () => {
  it('has halves that share no pixel and leave at most one line out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 500 }), fc.integer({ min: 2, max: 500 }), (width, height) => {
        const [a, b] = halves(width, height);
        const along = width >= height;
        expect(along ? a.x + a.width : a.y + a.height).toBeLessThanOrEqual(along ? b.x : b.y);
        expect(along ? b.x + b.width : b.y + b.height).toBe(along ? width : height);
        expect(2 * (along ? a.width : a.height)).toBeGreaterThanOrEqual(Math.max(width, height) - 1);
        expect([a.width, a.height]).toEqual([b.width, b.height]);
      }),
    );
  });

  it('has a centred square', () => {
    expect(centreSquare({ x: 10, y: 20, width: 7, height: 4 })).toEqual({ x: 11, y: 20, width: 4, height: 4 });
    expect(centreSquare({ x: 0, y: 0, width: 3, height: 9 })).toEqual({ x: 0, y: 3, width: 3, height: 3 });
  });
});

describe('fit without chance', () => {
  const [width, height] = [12, 6];
  const pixels = noise(width, height);
  const whole = { x: 0, y: 0, width, height };
  const fitted = (fit: 'crop' | 'pad' | 'squash', size: number, part: Rectangle = whole): Float64Array => {
    const out = new Float32Array(size * size * 3);
    fitSquare(pixels, width, height, part, fit, [10, 20, 30], target(size, size), out);
    return unpatch(out, size, size);
  };
  const at = (image: Float64Array, size: number, x: number, y: number): number[] =>
    [0, 1, 2].map((c) => Math.round(255 * image[3 * (y * size + x) + c]!));
  const source = (x: number, y: number): number[] => [...pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];

  it('crop takes the centre square', () => {
    const image = fitted('crop', 6);
    expect(at(image, 6, 0, 0)).toEqual(source(3, 0));
    expect(at(image, 6, 5, 5)).toEqual(source(8, 5));
  });

  it('pad keeps everything and fills with the background', () => {
    const image = fitted('pad', 12);
    expect(at(image, 12, 0, 2)).toEqual([10, 20, 30]);
    expect(at(image, 12, 11, 9)).toEqual([10, 20, 30]);
    expect(at(image, 12, 0, 3)).toEqual(source(0, 0));
    expect(at(image, 12, 11, 8)).toEqual(source(11, 5));
  });

  it('pad of a part takes nothing from beside it', () => {
    const image = fitted('pad', 4, { x: 5, y: 1, width: 2, height: 4 });
    expect(at(image, 4, 0, 0)).toEqual([10, 20, 30]);
    expect(at(image, 4, 3, 3)).toEqual([10, 20, 30]);
    expect(at(image, 4, 1, 0)).toEqual(source(5, 1));
    expect(at(image, 4, 2, 3)).toEqual(source(6, 4));
  });

  /** Padded as plainly as can be: the whole square is made. */
  const plainlyPadded = (picture: Uint8Array, across: number, down: number, size: number): Float32Array => {
    const side = Math.max(across, down);
    const [left, above] = [Math.floor((side - across) / 2), Math.floor((side - down) / 2)];
    const square = new Uint8Array(3 * side * side);
    for (let i = 0; i < square.length; i++) square[i] = 10 * (1 + (i % 3));
    for (let y = 0; y < down; y++)
      for (let i = 0; i < 3 * across; i++) square[3 * ((above + y) * side + left) + i] = picture[3 * y * across + i]!;
    const out = new Float32Array(size * size * 3);
    resampleCrop(square, side, side, { x: 0, y: 0, width: side, height: side }, false, target(size, size), out);
    return out;
  };
  const padded = (picture: Uint8Array, across: number, down: number, size: number): Float32Array => {
    const out = new Float32Array(size * size * 3);
    const part = { x: 0, y: 0, width: across, height: down };
    fitSquare(picture, across, down, part, 'pad', [10, 20, 30], target(size, size), out);
    return out;
  };

  it('pad makes the same of ordinary pictures in every bit as the whole square does', () => {
    for (const [across, down] of [
      [40, 30],
      [30, 41],
      [600, 7],
    ] as const) {
      const picture = noise(across, down);
      expect(padded(picture, across, down, 16)).toEqual(plainlyPadded(picture, across, down, 16));
    }
  });

  it('pad makes nearly the same of very long pictures', () => {
    for (const [across, down] of [
      [2500, 90],
      [37, 2300],
    ] as const) {
      const picture = noise(across, down);
      const wanted = plainlyPadded(picture, across, down, 16);
      padded(picture, across, down, 16).forEach((value, i) => expect(Math.abs(255 * (value - wanted[i]!))).toBeLessThan(2));
    }
  });

  it('pad takes no more memory for the longest pictures than for others', () => {
    const picture = new Uint8Array(3 * 60_000).fill(200);
    class Bounded extends Uint8Array {
      constructor(...given: [number]) {
        if (given[0] > 2e7) throw new RangeError(`${given[0]} bytes for one picture`);
        super(...given);
      }
    }
    vi.stubGlobal('Uint8Array', Bounded);
    try {
      for (const [across, down] of [
        [60_000, 1],
        [1, 60_000],
      ] as const) {
        const values = padded(picture, across, down, 224);
        expect(values.every((value) => value >= 10 / 255 - 1e-3 && value <= 200 / 255)).toBe(true);
      }
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('squash takes the whole picture out of proportion', () => {
    const wanted = plainResample(pixels, width, whole, 6);
    fitted('squash', 6).forEach((value, i) => expect(Math.abs(255 * value - wanted[i]!)).toBeLessThan(1e-3));
  });
});

import { describe, expect, it } from 'vitest';
import { asTargets, positionalCosines, positionalShare } from './positional.ts';
import { eigenSpectrum, meanPairwiseCosine, rankMe, spectrumAlpha } from './rank.ts';
import { normaliseRows } from './spaces.ts';
import { dotOfRows, gaussian } from './testing/reference.ts';

describe('rank', () => {
  it('is the number of equally used directions', () => {
    const axes = Float32Array.from({ length: 8 * 5 }, (_, i) => (i % 5 === Math.floor(i / 5) % 4 ? 2 : 0));
    expect(rankMe(eigenSpectrum(axes, 5))).toBeCloseTo(4, 6);
    expect(rankMe(eigenSpectrum(new Float32Array(40).fill(1), 5))).toBeCloseTo(1, 3);
    expect(rankMe(eigenSpectrum(new Float32Array(40), 5))).toBe(0);
  });

  it('follows the definition for known singular values, on either side of the matrix', () => {
    const diagonal = Float32Array.of(3, 0, 0, 0, 1, 0); // [2, 3]: singular values 3 and 1
    const expected = Math.exp(-(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25)));
    expect(rankMe(eigenSpectrum(diagonal, 3))).toBeCloseTo(expected, 8);
    expect(rankMe(eigenSpectrum(Float32Array.of(3, 0, 0, 1, 0, 0), 2))).toBeCloseTo(expected, 8);
  });

  it('reads the exponent of a power law', () => {
    for (const alpha of [0.5, 1, 2]) {
      expect(spectrumAlpha(Float64Array.from({ length: 60 }, (_, j) => 7 * (j + 1) ** -alpha))).toBeCloseTo(alpha, 8);
    }
    expect(spectrumAlpha(Float64Array.of(1, 0, 0, 0))).toBeUndefined();
  });

  it('weighs every octave of a spectrum alike that follows no power law', () => {
    // Flat up to the eighth eigenvalue, then j^−2: the weighted line lies between, nearer to flat than one through all points alike.
    const spectrum = Float64Array.from({ length: 200 }, (_, i) => (i < 8 ? 1 : (8 / (i + 1)) ** 2));
    const slope = (weightOf: (j: number) => number): number => {
      const points = Array.from(spectrum, (value, i) => ({ x: Math.log(i + 1), y: Math.log(value), w: weightOf(i + 1) }));
      const all = points.reduce((sum, { w }) => sum + w, 0);
      const mean = (of: 'x' | 'y'): number => points.reduce((sum, point) => sum + point.w * point[of], 0) / all;
      const [x0, y0] = [mean('x'), mean('y')];
      const [up, along] = points.reduce(([a, b], { x, y, w }) => [a + w * (x - x0) * (y - y0), b + w * (x - x0) ** 2] as [number, number], [
        0, 0,
      ] as [number, number]);
      return up / along;
    };
    expect(spectrumAlpha(spectrum)).toBeCloseTo(-slope((j) => 1 / j), 10);
    expect(-slope(() => 1)).toBeGreaterThan(-slope((j) => 1 / j) + 0.2);
  });

  it('has the mean cosine of all pairs', () => {
    const x = gaussian(30 * 4, 8).map((value) => value + 0.5);
    x.fill(0, 8, 12);
    const unit = normaliseRows(x, 4);
    let sum = 0;
    for (let i = 0; i < 30; i++) for (let j = 0; j < 30; j++) if (i !== j) sum += dotOfRows(unit, i, unit, j, 4);
    expect(meanPairwiseCosine(x, 4)).toBeCloseTo(sum / (30 * 29), 6);
    expect(meanPairwiseCosine(new Float32Array(20).fill(3), 4)).toBeCloseTo(1, 6);
  });
});

describe('positions', () => {
  const [images, positions, dimension] = [40, 6, 5];
  const perPosition = gaussian(positions * dimension, 1);
  const content = gaussian(images * positions * dimension, 2);
  const tokens = (weight: number): Float32Array => content.map((value, i) => weight * value + perPosition[i % (positions * dimension)]!);

  it('explain everything, something or nothing', () => {
    expect(positionalShare(tokens(0), positions, dimension)).toBeCloseTo(1, 6);
    expect(positionalShare(content, positions, dimension)).toBeLessThan(0.06);
    const half = positionalShare(tokens(1), positions, dimension);
    expect(half).toBeGreaterThan(0.3);
    expect(half).toBeLessThan(0.7);
    expect(positionalShare(new Float32Array(images * positions * dimension), positions, dimension)).toBe(0);
  });

  it('show in the cosines with own and other targets, as summed one by one', () => {
    const [perImage, made] = [3, images * 3];
    const of = Array.from({ length: made }, (_, i) => Math.floor(i / perImage));
    // Other places in every image.
    const places = Array.from({ length: made }, (_, i) => (5 * i + Math.floor(i / 7)) % positions);
    const taken = (from: Float32Array): Float32Array =>
      Float32Array.from({ length: made * dimension }, (_, i) => {
        const row = Math.floor(i / dimension);
        return from[(of[row]! * positions + places[row]!) * dimension + (i % dimension)]!;
      });
    const result = positionalCosines({ predictions: taken(tokens(1)), images: of, places, targets: content, positions, dimension });
    let [own, others] = [0, 0];
    const [p, t] = [normaliseRows(tokens(1), dimension), normaliseRows(content, dimension)];
    for (let i = 0; i < made; i++) {
      const at = of[i]! * positions + places[i]!;
      for (let j = 0; j < images; j++) {
        const cosine = dotOfRows(p, at, t, j * positions + places[i]!, dimension);
        if (j === of[i]) own += cosine / made;
        else others += cosine / (made * (images - 1));
      }
    }
    expect(result.own).toBeCloseTo(own, 6);
    expect(result.others).toBeCloseTo(others, 6);
    expect(result.difference).toBeCloseTo(own - others, 6);
    // A predictor that knows nothing but positions, and one that knows everything.
    const blind = positionalCosines({ predictions: taken(tokens(0)), images: of, places, targets: tokens(0.3), positions, dimension });
    expect(Math.abs(blind.difference)).toBeLessThan(0.02);
    expect(blind.own).toBeGreaterThan(0.9);
    const seeing = positionalCosines({ predictions: taken(content), images: of, places, targets: content, positions, dimension });
    expect(seeing.own).toBeCloseTo(1, 6);
    expect(seeing.difference).toBeGreaterThan(0.9);
    expect(() => positionalCosines({ predictions: content, images: of, places, targets: content, positions, dimension })).toThrow(
      '240 predictions are of 120 images',
    );
  });

  it('are asked of targets as the loss has them: each token layer-normed', () => {
    const raw = gaussian(4 * 6, 5).map((value, i) => 3 + 0.01 * 10 ** (i % 3) * value);
    const made = asTargets(raw.slice(), 6);
    for (const i of raw.keys()) {
      const own = Float64Array.from(raw.subarray(6 * Math.floor(i / 6), 6 * Math.floor(i / 6) + 6));
      const mean = own.reduce((a, b) => a + b) / 6;
      const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;
      expect(made[i]).toBeCloseTo((raw[i]! - mean) / Math.sqrt(variance + 1e-5), 6);
    }
    for (const value of asTargets(new Float32Array(6).fill(2), 6)) expect(value).toBeCloseTo(0, 9);
  });
});

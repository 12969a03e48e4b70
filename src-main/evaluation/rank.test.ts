import { describe, expect, it } from 'vitest';
import { positionalCosines, positionalShare } from './positional.ts';
import { eigenSpectrum, lidar, meanPairwiseCosine, rankMe, spectrumAlpha } from './rank.ts';
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

  it('has the mean cosine of all pairs', () => {
    const x = gaussian(30 * 4, 8).map((value) => value + 0.5);
    x.fill(0, 8, 12);
    const unit = normaliseRows(x, 4);
    let sum = 0;
    for (let i = 0; i < 30; i++) for (let j = 0; j < 30; j++) if (i !== j) sum += dotOfRows(unit, i, unit, j, 4);
    expect(meanPairwiseCosine(x, 4)).toBeCloseTo(sum / (30 * 29), 6);
    expect(meanPairwiseCosine(new Float32Array(20).fill(3), 4)).toBeCloseTo(1, 6);
  });

  it('measures with LiDAR how many directions tell images apart', () => {
    const [images, views, dimension] = [200, 4, 6];
    const identity = gaussian(images * dimension, 9);
    const noise = gaussian(images * views * dimension, 10);
    const views3 = (used: number): Float32Array =>
      noise.map((value, i) => {
        const k = i % dimension;
        const image = Math.floor(i / (views * dimension));
        return value * 0.1 + (k < used ? 10 * identity[image * dimension + k]! : 0);
      });
    expect(lidar(views3(6), views, dimension)).toBeGreaterThan(5.5);
    const two = lidar(views3(2), views, dimension);
    expect(two).toBeGreaterThan(1.8);
    expect(two).toBeLessThan(2.3);
    expect(() => lidar(noise, 1, dimension)).toThrow('LiDAR got');
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

  it('show in the cosines with own and other targets', () => {
    const result = positionalCosines(tokens(1), content, positions, dimension);
    let [own, others] = [0, 0];
    const [p, t] = [normaliseRows(tokens(1), dimension), normaliseRows(content, dimension)];
    for (let i = 0; i < images; i++) {
      for (let j = 0; j < images; j++) {
        for (let at = 0; at < positions; at++) {
          const cosine = dotOfRows(p, i * positions + at, t, j * positions + at, dimension);
          if (i === j) own += cosine / (images * positions);
          else others += cosine / (images * (images - 1) * positions);
        }
      }
    }
    expect(result.own).toBeCloseTo(own, 6);
    expect(result.others).toBeCloseTo(others, 6);
    expect(positionalCosines(tokens(0), tokens(0), positions, dimension).difference).toBeCloseTo(0, 6);
  });
});

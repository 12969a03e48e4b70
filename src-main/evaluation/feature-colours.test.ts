import { describe, expect, it } from 'vitest';
import { colourFeatures, fitFeatureColours } from './feature-colours.ts';
import { gaussian, jacobiEigenvalues } from './testing/reference.ts';

const [count, dimension] = [500, 8];

/** Tokens that vary along three axes, by 9, 5 and 2, around a mean far away, with a little of everything. */
function tokens(seed = 1, of = count): Float32Array {
  const spread = [0, 9, 0, 5, 0, 2, 0, 0];
  return gaussian(of * dimension, seed).map((value, i) => 40 + value * (spread[i % dimension]! || 0.01));
}

describe('colours of features', () => {
  it('are the three strongest components, as variances found another way say', () => {
    const x = tokens();
    const { directions, mean } = fitFeatureColours(x, dimension);
    for (const [channel, axis] of [1, 3, 5].entries()) {
      const own = directions.subarray(channel * dimension, (channel + 1) * dimension);
      expect(own[axis]).toBeGreaterThan(0.99);
    }
    // The variance along each is an eigenvalue of the covariance, by cyclic Jacobi rotations.
    const covariance = new Float64Array(dimension ** 2);
    for (let i = 0; i < count; i++) {
      for (let a = 0; a < dimension; a++) {
        for (let b = 0; b < dimension; b++)
          covariance[a * dimension + b]! += ((x[i * dimension + a]! - mean[a]!) * (x[i * dimension + b]! - mean[b]!)) / count;
      }
    }
    const expected = jacobiEigenvalues(covariance, dimension);
    for (let channel = 0; channel < 3; channel++) {
      let variance = 0;
      for (let i = 0; i < count; i++) {
        let along = 0;
        for (let k = 0; k < dimension; k++) along += directions[channel * dimension + k]! * (x[i * dimension + k]! - mean[k]!);
        variance += along ** 2 / count;
      }
      expect(variance / expected[channel]!).toBeCloseTo(1, 5);
    }
  });

  it('run from dark to bright along each axis, one outlier or not', () => {
    const x = tokens();
    x[1] = 4000;
    const colours = fitFeatureColours(x, dimension);
    const at = (red: number): Uint8Array =>
      colourFeatures(
        colours,
        Float32Array.from({ length: dimension }, (_, k) => 40 + (k === 1 ? red : 0)),
      );
    expect(at(-100)[0]).toBe(0);
    expect(at(4000)[0]).toBe(255);
    // The middle of the others is the middle of the scale.
    expect(at(0)[0]).toBeGreaterThan(100);
    expect(at(0)[0]).toBeLessThan(156);
    expect(at(9)[0]! - at(-9)[0]!).toBeGreaterThan(90);
    // Red says next to nothing of the other axes.
    for (const channel of [1, 2]) expect(Math.abs(at(9)[channel]! - at(-9)[channel]!)).toBeLessThan(5);
  });

  it('mean the same in every image, and do not depend on the order of what they were fitted on', () => {
    const x = tokens();
    const reversed = Float32Array.from(
      { length: x.length },
      (_, i) => x[(count - 1 - Math.floor(i / dimension)) * dimension + (i % dimension)]!,
    );
    const other = tokens(2, 30);
    const [one, two] = [fitFeatureColours(x, dimension), fitFeatureColours(reversed, dimension)];
    expect(colourFeatures(one, other)).toEqual(colourFeatures(two, other));
    expect(colourFeatures(one, other)).toHaveLength(90);
    // Part of an image has the colours that it has in the whole of it.
    expect(colourFeatures(one, other.subarray(0, 10 * dimension))).toEqual(colourFeatures(one, other).subarray(0, 30));
  });

  it('keep their sign however the tokens are mirrored', () => {
    const x = tokens();
    const mirrored = x.map((value) => 80 - value);
    const { directions } = fitFeatureColours(mirrored, dimension);
    expect([directions[1], directions[dimension + 3], directions[2 * dimension + 5]].every((value) => value! > 0.99)).toBe(true);
  });

  it('are grey where nothing varies', () => {
    const flat = fitFeatureColours(new Float32Array(40).fill(3), dimension);
    expect([...colourFeatures(flat, tokens(1, 2))]).toEqual([128, 128, 128, 128, 128, 128]);
    const line = Float32Array.from({ length: 20 * dimension }, (_, i) => (i % dimension === 2 ? Math.floor(i / dimension) : 0));
    const [red, green, blue] = colourFeatures(fitFeatureColours(line, dimension), line.subarray(19 * dimension));
    expect([red, green, blue]).toEqual([255, 128, 128]);
    expect(() => fitFeatureColours(new Float32Array(dimension), dimension)).toThrow('fewer than two patches');
  });
});

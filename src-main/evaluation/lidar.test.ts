import { describe, expect, it } from 'vitest';
import { lidar } from './lidar.ts';
import { gaussian, jacobiEigenvalues } from './testing/reference.ts';

const [images, views, dimension] = [60, 4, 6];

/** Images that differ along `used` axes, seen with a little noise. */
function seen(used: number, noise = 0.1): Float32Array {
  const identity = gaussian(images * dimension, 9);
  return gaussian(images * views * dimension, 10).map((value, i) => {
    const k = i % dimension;
    return value * noise + (k < used ? 10 * identity[Math.floor(i / (views * dimension)) * dimension + k]! : 0);
  });
}

/** The definition in float64 by another way: L⁻¹·Σb·L⁻ᵀ with Σw = L·Lᵀ has the eigenvalues of Σw^−½·Σb·Σw^−½. */
function reference(x: Float32Array, count: number, perImage: number, d: number, delta: number): number {
  const within = new Float64Array(d * d);
  const between = new Float64Array(d * d);
  const mean = (from: number, rows: number): number[] =>
    Array.from({ length: d }, (_, k) => Array.from({ length: rows }, (__, r) => x[(from + r) * d + k]!).reduce((a, b) => a + b) / rows);
  const all = mean(0, count * perImage);
  for (let image = 0; image < count; image++) {
    const own = mean(image * perImage, perImage);
    for (let a = 0; a < d; a++) {
      for (let b = 0; b < d; b++) {
        between[a * d + b]! += ((own[a]! - all[a]!) * (own[b]! - all[b]!)) / count;
        for (let v = 0; v < perImage; v++) {
          const row = (image * perImage + v) * d;
          within[a * d + b]! += ((x[row + a]! - own[a]!) * (x[row + b]! - own[b]!)) / (count * (perImage - 1));
        }
      }
    }
  }
  for (let a = 0; a < d; a++) within[a * d + a]! += delta;
  const lower = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = within[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * d + k]! * lower[j * d + k]!;
      lower[i * d + j] = i === j ? Math.sqrt(sum) : sum / lower[j * d + j]!;
    }
  }
  // Forward substitution on the columns of a matrix, then on those of its transpose.
  const solve = (matrix: Float64Array): Float64Array => {
    const solved = new Float64Array(d * d);
    for (let column = 0; column < d; column++) {
      for (let i = 0; i < d; i++) {
        let sum = matrix[i * d + column]!;
        for (let k = 0; k < i; k++) sum -= lower[i * d + k]! * solved[k * d + column]!;
        solved[i * d + column] = sum / lower[i * d + i]!;
      }
    }
    return solved;
  };
  const transposed = (matrix: Float64Array): Float64Array => matrix.map((_, i) => matrix[(i % d) * d + Math.floor(i / d)]!);
  const eigenvalues = jacobiEigenvalues(solve(transposed(solve(between))), d);
  const total = eigenvalues.reduce((a, b) => a + b);
  return Math.exp(-eigenvalues.reduce((sum, value) => sum + (value > 0 ? (value / total) * Math.log(value / total) : 0), 0));
}

describe('LiDAR', () => {
  it.each([0.1, 2, 30])('is the published formula, with noise of %f', (noise) => {
    const x = seen(4, noise);
    const expected = reference(x, images, views, dimension, 1e-4);
    expect(lidar(x, views, dimension) / expected).toBeCloseTo(1, 4);
    expect(lidar(x, views, dimension, 3) / reference(x, images, views, dimension, 3)).toBeCloseTo(1, 4);
  });

  it('counts the directions that tell images apart', () => {
    expect(lidar(seen(6), views, dimension)).toBeGreaterThan(5.2);
    expect(lidar(seen(2), views, dimension)).toBeGreaterThan(1.8);
    expect(lidar(seen(2), views, dimension)).toBeLessThan(2.3);
    // RankMe would call this healthy: all six directions are used, but five of them only by noise between views of one image.
    const noisy = seen(1, 0).map((value, i) => value + (i % dimension === 0 ? 0 : gaussian(1, i)[0]!));
    expect(lidar(noisy, views, dimension)).toBeLessThan(1.1);
  });

  it('looks at the leading components alone where there are too few views for the dimension', () => {
    const [few, wide, kept] = [8, 40, 12]; // 8 · (4 − 1) ÷ 2 components
    const narrow = gaussian(few * 4 * kept, 4);
    // The same vectors in a wider space, of which twelve directions are used.
    const x = Float32Array.from({ length: few * 4 * wide }, (_, i) =>
      i % wide < kept ? narrow[kept * Math.floor(i / wide) + (i % wide)]! : 0,
    );
    expect(lidar(x, 4, wide) / reference(narrow, few, 4, kept, 1e-4)).toBeCloseTo(1, 4);
    // Far below what moves the vectors there is a direction that no view moves along: the formula alone would see nothing else.
    const tail = x.map((value, i) => (i % wide === 39 ? 0.2 * (Math.floor(i / (4 * wide)) % 2) : value));
    expect(reference(tail, few, 4, wide, 1e-4)).toBeLessThan(1.5);
    expect(lidar(tail, 4, wide)).toBeCloseTo(lidar(x, 4, wide), 1);
    expect(lidar(new Float32Array(few * 4 * wide).fill(1), 4, wide)).toBe(0);
  });

  it('needs two images and two views', () => {
    expect(() => lidar(seen(2), 1, dimension)).toThrow('LiDAR got');
    expect(() => lidar(new Float32Array(views * dimension), views, dimension)).toThrow('LiDAR got 1 images');
  });
});

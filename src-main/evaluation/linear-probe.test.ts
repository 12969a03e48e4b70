import { describe, expect, it } from 'vitest';
import { minimise } from './lbfgs.ts';
import { linearProbe, stratifiedSplit } from './linear-probe.ts';
import { fitLogistic, fitStandardisation, logisticObjective, predictLogistic, standardise } from './logistic-regression.ts';
import { accuracyOf } from './nearest-neighbours.ts';
import { gaussian } from './testing/reference.ts';

const labelsOf = (count: number, classes: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i % classes);

describe('logistic regression', () => {
  it('has the gradient that finite differences give', () => {
    const [rows, dimension, classes] = [23, 4, 3];
    const objective = logisticObjective(gaussian(rows * dimension, 1), labelsOf(rows, classes), dimension, classes, 0.3);
    const weights = Float64Array.from(gaussian(classes * (dimension + 1), 2));
    const gradient = new Float64Array(weights.length);
    const scratch = new Float64Array(weights.length);
    objective(weights, gradient);
    for (let i = 0; i < weights.length; i++) {
      const at = (delta: number): number =>
        objective(
          weights.map((value, k) => (k === i ? value + delta : value)),
          scratch,
        );
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 8);
    }
  });

  it('reaches the known solution of two symmetric points', () => {
    // One feature ±1, two classes: w = (−v, v); where the gradient vanishes, λv = 1 − σ(2v) = 1 ÷ (1 + exp 2v).
    const penalty = 0.1;
    const model = fitLogistic(Float32Array.of(-1, 1), Uint32Array.of(0, 1), 1, 2, { penalty, tolerance: 1e-10, maxIterations: 200 });
    const v = model.weights[2]!;
    expect(model.converged).toBe(true);
    expect(model.weights[0]).toBeCloseTo(-v, 8);
    expect(penalty * v).toBeCloseTo(1 / (1 + Math.exp(2 * v)), 8);
  });

  it('finds the same minimum in turned coordinates and without preconditioning', () => {
    const [rows, dimension] = [80, 5];
    const x = gaussian(rows * dimension, 4).map((value, i) => value * (1 + (i % dimension)) + (i % dimension));
    const fitted = fitStandardisation(x, dimension);
    const labels = labelsOf(rows, 3);
    const options = { penalty: 0.01, tolerance: 1e-9, maxIterations: 500 };
    const turned = fitLogistic(standardise(fitted, x), labels, dimension, 3, { ...options, variances: fitted.variances });
    const plain = fitLogistic(standardise({ ...fitted, rotation: undefined }, x), labels, dimension, 3, options);
    expect(turned.converged && plain.converged).toBe(true);
    expect(turned.loss).toBeCloseTo(plain.loss, 7);
  });
});

describe('minimise', () => {
  it('solves a badly scaled quadratic and says when it did not', () => {
    const scales = [1, 1e3, 1e-3, 50];
    const quadratic = (x: Float64Array, gradient: Float64Array): number =>
      scales.reduce((sum, scale, i) => {
        gradient[i] = scale * (x[i]! - i);
        return sum + (scale / 2) * (x[i]! - i) ** 2;
      }, 0);
    const options = { tolerance: 1e-9, maxIterations: 200, preconditioner: new Float64Array(4).fill(1) };
    const found = minimise(quadratic, new Float64Array(4).fill(9), options);
    expect(found.converged).toBe(true);
    for (let i = 0; i < 4; i++) expect(found.point[i]).toBeCloseTo(i, 5);
    expect(minimise(quadratic, new Float64Array(4).fill(9), { ...options, maxIterations: 2 }).converged).toBe(false);
  });
});

describe('linearProbe', () => {
  it('separates what a plane separates and finds chance in noise', () => {
    const [rows, dimension] = [240, 8];
    const labels = labelsOf(rows, 4);
    const noise = gaussian(rows * dimension, 6);
    const blobs = noise.map((value, i) => value * 0.2 + (labels[Math.floor(i / dimension)] === i % dimension ? 3 : 0));
    const half = (rows / 2) * dimension;
    const probe = (x: Float32Array): ReturnType<typeof linearProbe> =>
      linearProbe(x.subarray(0, half), labels.subarray(0, rows / 2), x.subarray(half), labels.subarray(rows / 2), dimension);
    const right = probe(blobs);
    expect([right.accuracy, right.converged]).toEqual([1, true]);
    expect(right.gradientNorm).toBeLessThanOrEqual(1e-5);
    expect(probe(noise).accuracy).toBeLessThan(0.45);
    expect(probe(blobs)).toEqual(right);
  });

  it('chooses the penalty that is best on a fifth of the bank, neither the strongest nor the weakest', () => {
    const [rows, dimension] = [120, 30];
    // One class in four, seen in one feature: a strong penalty gives every row to the larger class, a weak one learns the noise.
    const labels = Uint32Array.from({ length: rows }, (_, i) => Number(i % 4 === 0));
    const x = gaussian(rows * dimension, 9).map(
      (value, i) => value + (i % dimension === 0 && labels[Math.floor(i / dimension)] === 1 ? 2.2 : 0),
    );
    const penalties = [10, 1, 0.1, 0.01, 0.0001];
    const fitted = fitStandardisation(x, dimension);
    const { training, validation } = stratifiedSplit(labels, 0.2, 0);
    const part = (places: Uint32Array): [Float32Array, Uint32Array] => [
      standardise(fitted, Float32Array.from([...places].flatMap((row) => [...x.subarray(row * dimension, (row + 1) * dimension)]))),
      Uint32Array.from(places, (row) => labels[row]!),
    ];
    const scores = penalties.map((penalty) => {
      const model = fitLogistic(...part(training), dimension, 2, { penalty, tolerance: 1e-6, maxIterations: 1000 });
      const { predicted, crossEntropy } = predictLogistic(model, ...part(validation));
      return { penalty, crossEntropy, accuracy: accuracyOf(predicted, part(validation)[1]).accuracy };
    });
    const [best] = scores.toSorted((a, b) => b.accuracy - a.accuracy || a.crossEntropy - b.crossEntropy);
    expect([0.1, 0.01]).toContain(best!.penalty);
    expect(best!.accuracy).toBeGreaterThan(scores[0]!.accuracy);
    expect(linearProbe(x, labels, x, labels, dimension, { penalties }).penalty).toBe(best!.penalty);
    expect(linearProbe(x, labels, x, labels, dimension, { penalties: [0.3] }).penalty).toBe(0.3);
  });

  it('works with a constant feature, with one image per class, and with a class that only the queries have', () => {
    const x = Float32Array.of(1, 7, -1, 7);
    const result = linearProbe(x, Uint32Array.of(0, 1), Float32Array.of(2, 7, -2, 7, 0.5, 7), Uint32Array.of(0, 1, 2), 2);
    expect(result.accuracy).toBeCloseTo(2 / 3, 10);
  });

  it('splits a class of any size', () => {
    const { training, validation } = stratifiedSplit(new Uint32Array(400_000), 0.5, 0);
    expect([training.length, validation.length]).toEqual([200_000, 200_000]);
  });

  it('splits every class and leaves each at least one row', () => {
    const { training, validation } = stratifiedSplit(Uint32Array.of(0, 0, 0, 0, 0, 1, 2, 2), 0.5, 3);
    expect([...training, ...validation].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(training).toContain(5);
    expect(validation.length).toBe(4);
  });
});

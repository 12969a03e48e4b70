import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { evaluate } from '../tensor/reference.ts';
import { input } from '../tensor/structure.ts';
import { isMuonMatrix, muonDirection, orthogonalise } from './muon.ts';

const normals = (seed: number, count: number): Float64Array => {
  const random = new Random(seed, 'test');
  return Float64Array.from({ length: count }, () => random.normal());
};

/** A·Aᵀ of the smaller side of A [rows, columns]. */
function gram(values: ArrayLike<number>, rows: number, columns: number): number[][] {
  const at = (i: number, k: number): number => (rows <= columns ? values[i * columns + k]! : values[k * columns + i]!);
  const [small, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  return Array.from({ length: small }, (_, i) =>
    Array.from({ length: small }, (__, j) => {
      let sum = 0;
      for (let k = 0; k < long; k++) sum += at(i, k) * at(j, k);
      return sum;
    }),
  );
}

describe('orthogonalisation', () => {
  it.each([
    [6, 20],
    [20, 6],
  ])('of %i×%i leaves singular values of about one and keeps the singular vectors', (rows, columns) => {
    const x = normals(1, rows * columns);
    const [y] = evaluate([orthogonalise(input('x', [rows, columns]))], { x });
    const product = gram(y!, rows, columns);
    for (const [i, row] of product.entries())
      for (const [j, value] of row.entries()) {
        if (i === j) expect(Math.abs(value - 1)).toBeLessThan(0.55);
        else expect(Math.abs(value)).toBeLessThan(0.45);
      }
    // U·f(Σ)·Vᵀ against U·Σ·Vᵀ: what pairs them is symmetric, as both have the same singular vectors.
    const cross = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: rows }, (__, j) => {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += y![i * columns + k]! * x[j * columns + k]!;
        return sum;
      }),
    );
    for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) expect(cross[i]![j]!).toBeCloseTo(cross[j]![i]!, 8);
  });

  // A square matrix goes the plain way itself.
  it.each([
    [6, 20],
    [20, 6],
    [5, 6],
  ])('of %i×%i is the iteration y ← c1·y + c3·y·yᵀ·y + c5·(y·yᵀ)²·y, made five times', (rows, columns) => {
    const x = normals(4, rows * columns);
    // Two nearly parallel vectors on the smaller side: a small singular value, which every iteration stretches most.
    for (let k = 0; k < Math.max(rows, columns); k++) {
      const [one, other] = rows > columns ? [k * columns, k * columns + 1] : [k, columns + k];
      x[one] = x[other]! * (1 + 1e-4 * Math.sin(k));
    }
    const [y] = evaluate([orthogonalise(input('x', [rows, columns]))], { x });
    const product = (a: number[][], b: number[][]): number[][] =>
      a.map((row) => b[0]!.map((_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)));
    const norm = Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0)) + 1e-7;
    let plain = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, k) => x[i * columns + k]! / norm));
    for (let i = 0; i < 5; i++) {
      const cubed = product(
        product(
          plain,
          plain[0]!.map((_, k) => plain.map((row) => row[k]!)),
        ),
        plain,
      );
      const fifth = product(
        product(
          plain,
          plain[0]!.map((_, k) => plain.map((row) => row[k]!)),
        ),
        cubed,
      );
      plain = plain.map((row, m) => row.map((value, k) => 3.4445 * value - 4.775 * cubed[m]![k]! + 2.0315 * fifth[m]![k]!));
    }
    plain.flat().forEach((value, i) => expect(Math.abs(y![i]! - value)).toBeLessThan(1e-6));
  });

  it('does not depend on the size of the gradient', () => {
    const x = normals(2, 24);
    const build = orthogonalise(input('x', [4, 6]));
    const [one] = evaluate([build], { x });
    const [other] = evaluate([build], { x: x.map((value) => 1000 * value) });
    one!.forEach((value, i) => expect(other![i]!).toBeCloseTo(value, 4));
  });
});

describe("Muon's direction", () => {
  it('has the size of an update of AdamW, each of queries, keys and values by itself', () => {
    const [width, name] = [8, 'contextEncoder.blocks.0.attention.qkv.weight'];
    const gradient = normals(3, 3 * width ** 2);
    // Queries with tiny gradients move as far as the others.
    for (let row = 0; row < width; row++) for (let k = 0; k < width; k++) gradient[row * 3 * width + k]! *= 1e-3;
    const { direction } = muonDirection(name, input('g', [width, 3 * width]), input('m', [width, 3 * width]));
    const [values] = evaluate([direction], { g: gradient, m: new Float64Array(gradient.length) });
    for (let part = 0; part < 3; part++) {
      let squares = 0;
      for (let row = 0; row < width; row++) for (let k = 0; k < width; k++) squares += values![row * 3 * width + part * width + k]! ** 2;
      expect(Math.sqrt(squares / width ** 2)).toBeGreaterThan(0.14);
      expect(Math.sqrt(squares / width ** 2)).toBeLessThan(0.25);
    }
  });

  it.each([
    [4, 32],
    [32, 4],
    [12, 12],
  ])('of %i×%i has a root mean square of about a fifth, whatever the shape', (rows, columns) => {
    const shape = [rows, columns];
    const { direction } = muonDirection('predictor.blocks.0.mlp.fc1.weight', input('g', shape), input('m', shape));
    const [values] = evaluate([direction], { g: normals(5, rows * columns), m: normals(6, rows * columns) });
    const size = Math.sqrt(values!.reduce((sum, value) => sum + value ** 2, 0) / (rows * columns));
    expect(size).toBeGreaterThan(0.14);
    expect(size).toBeLessThan(0.26);
  });

  it("is Nesterov's: of 0.95·(moved momentum) + 0.05·gradient", () => {
    const [shape, count] = [[5, 8], 40];
    const [g, m] = [normals(7, count), normals(8, count)];
    const { direction } = muonDirection('predictor.blocks.0.mlp.fc1.weight', input('g', shape), input('m', shape));
    const [values] = evaluate([direction], { g, m });
    const x = g.map((value, i) => 0.95 * (0.95 * m[i]! + 0.05 * value) + 0.05 * value);
    const [expected] = evaluate([orthogonalise(input('x', shape))], { x });
    const size = 0.2 * Math.sqrt(8);
    expected!.forEach((value, i) => expect(values![i]!).toBeCloseTo(size * value, 5));
  });

  it('moves the momentum by a twentieth of the way to the gradient', () => {
    const { momentum } = muonDirection('predictor.blocks.0.mlp.fc1.weight', input('g', [2, 2]), input('m', [2, 2]));
    const [values] = evaluate([momentum], { g: [1, 0, 2, 4], m: [0, 1, 2, 0] });
    [0.05, 0.95, 2, 0.2].forEach((value, i) => expect(values![i]!).toBeCloseTo(value, 6));
  });

  it('is for the matrices of the blocks alone', () => {
    const shape = [4, 4];
    expect(
      ['contextEncoder.blocks.1.mlp.fc2.weight', 'predictor.blocks.0.attention.proj.weight'].every((name) => isMuonMatrix({ name, shape })),
    ).toBe(true);
    expect(
      ['contextEncoder.patchEmbed.weight', 'predictor.proj.weight', 'projector.fc1.weight'].some((name) => isMuonMatrix({ name, shape })),
    ).toBe(false);
    expect(isMuonMatrix({ name: 'contextEncoder.blocks.1.mlp.fc2.bias', shape: [4] })).toBe(false);
  });
});

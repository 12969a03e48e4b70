import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { gradients } from '../tensor/gradients.ts';
import type { Tensor } from '../tensor/graph.ts';
import { evaluate } from '../tensor/reference.ts';
import { input } from '../tensor/structure.ts';
import { agreement, contrast, coupledCrops, coupledLoss, sigreg } from './couple.ts';

const normals = (seed: number, count: number): Float64Array => {
  const random = new Random(seed, 'test');
  return Float64Array.from({ length: count }, () => random.normal());
};

/** How each number of z moves a function of it, by central differences in float64; right to about 1e-8. */
const slopesOf = (of: (z: Float64Array) => number, z: Float64Array): Float64Array => {
  const h = 1e-5;
  const moved = (at: number, by: number): number => of(z.map((value, i) => (i === at ? value + by : value)));
  return z.map((_, i) => (moved(i, h) - moved(i, -h)) / (2 * h));
};

/** Length of a − b beside that of b. */
const difference = (a: Float64Array, b: Float64Array): number => Math.hypot(...a.map((value, i) => value - b[i]!)) / Math.hypot(...b);

/** A loss and its gradient with respect to z, as the graph has them. */
function withGradient(loss: Tensor, z: Tensor): (values: Readonly<Record<string, Float64Array>>) => readonly [number, Float64Array] {
  const outputs = [loss, ...gradients([loss], [z])] as const;
  return (values) => {
    const [value, gradient] = evaluate(outputs, values);
    return [value![0]!, gradient!];
  };
}

/**
 * The statistic without quadrature: N ∫ |φ̂(t) − e^(−t²/2)|² e^(−t²/2) dt over all t, of N numbers x, is
 * √(2π) Σᵢⱼ e^(−(xᵢ−xⱼ)²/2) ÷ N − 2√π Σᵢ e^(−xᵢ²/4) + N √(2π/3). What lies beyond |t| = 5, where the loss ends, is some millionth of it.
 */
function eppsPulley(x: readonly number[]): number {
  const pairs = x.reduce((sum, a) => sum + x.reduce((inner, b) => inner + Math.exp(-((a - b) ** 2) / 2), 0), 0);
  const single = x.reduce((sum, a) => sum + Math.exp((-a * a) / 4), 0);
  return (Math.sqrt(2 * Math.PI) * pairs) / x.length - 2 * Math.sqrt(Math.PI) * single + x.length * Math.sqrt((2 * Math.PI) / 3);
}

/** The mean of it over the projections of z [N, width] on the columns of `directions` [width, slices], made unit vectors. */
function sigregOf(z: Float64Array, directions: Float64Array, width: number): number {
  const slices = directions.length / width;
  let total = 0;
  for (let k = 0; k < slices; k++) {
    const column = Array.from({ length: width }, (_, i) => directions[i * slices + k]!);
    const length = Math.hypot(...column);
    total += eppsPulley(
      Array.from({ length: z.length / width }, (_, n) => column.reduce((sum, d, i) => sum + (d / length) * z[n * width + i]!, 0)),
    );
  }
  return total / slices;
}

describe('SIGReg', () => {
  it('is the mean Epps–Pulley statistic of the projections, in value and gradient', () => {
    const [count, width, slices] = [8, 4, 3];
    const z = input('z', [count, width]);
    const measured = withGradient(sigreg(z, input('d', [width, slices])), z);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0.3, max: 2, noNaN: true }), (seed, spread) => {
        const values = { z: normals(seed, count * width).map((value) => value * spread + 0.2), d: normals(seed + 1, width * slices) };
        const [value, gradient] = measured(values);
        const statistic = (at: Float64Array): number => sigregOf(at, values.d, width);
        expect(Math.abs(value - statistic(values.z))).toBeLessThan(1e-5 * (1 + statistic(values.z)));
        expect(difference(gradient, slopesOf(statistic, values.z))).toBeLessThan(1e-4);
      }),
      { numRuns: 30 },
    );
  });

  it('is far smaller for a normal cloud than for a collapsed one', () => {
    const [count, width, slices] = [64, 8, 16];
    const build = sigreg(input('z', [count, width]), input('d', [width, slices]));
    const d = normals(2, width * slices);
    const [spread] = evaluate([build], { z: normals(1, count * width), d });
    const [collapsed] = evaluate([build], { z: new Float64Array(count * width).fill(0.1), d });
    expect(spread![0]!).toBeLessThan(2);
    expect(collapsed![0]!).toBeGreaterThan(10);
  });
});

describe('agreement', () => {
  it('is zero for equal pairs and a quarter of the mean squared distance otherwise', () => {
    const z = [1, 2, 1, 2, 0, 0, 4, 2];
    const [value] = evaluate([agreement(input('z', [4, 2]), 2)], { z });
    expect(value![0]).toBeCloseTo((0 + (16 + 4) / 2 / 4) / 2, 12);
  });

  it('of several crops is the variance around their own mean, in value and gradient', () => {
    const [pictures, crops, width] = [3, 4, 5];
    const z = normals(6, pictures * crops * width);
    const variance = (at: Float64Array): number => {
      let total = 0;
      for (let picture = 0; picture < pictures; picture++)
        for (let k = 0; k < width; k++) {
          const own = Array.from({ length: crops }, (_, crop) => at[(picture * crops + crop) * width + k]!);
          const centre = own.reduce((a, b) => a + b) / crops;
          total += own.reduce((sum, one) => sum + (one - centre) ** 2, 0) / at.length;
        }
      return total;
    };
    const all = input('z', [pictures * crops, width]);
    const [value, gradient] = withGradient(agreement(all, crops), all)({ z });
    // Factors of the graph are float32.
    expect(value / variance(z)).toBeCloseTo(1, 6);
    expect(difference(gradient, slopesOf(variance, z))).toBeLessThan(1e-6);
  });

  it('adds up with its weight', () => {
    const z = input('z', [4, 2]);
    const values = { z: normals(3, 8), d: normals(4, 6) };
    const d = input('d', [2, 3]);
    const how = { agreementBy: 'distance', temperature: 0.2, contrastImages: 0 } as const;
    const [both, one, other] = evaluate(
      [coupledLoss(z, 2, 4, { sigreg: 0.5, agreement: 2, ...how }, d), sigreg(z, d), agreement(z, 2)],
      values,
    );
    expect(both![0]).toBeCloseTo(0.5 * one![0]! + 2 * other![0]!, 12);
    expect(evaluate([coupledLoss(z, 2, 1, { sigreg: 0, agreement: 0, ...how }, d)], values)[0]![0]).toBe(0);
    const [chosen, contrasted] = evaluate(
      [
        coupledLoss(z, 2, 4, { sigreg: 0, agreement: 3, agreementBy: 'contrast', temperature: 0.3, contrastImages: 0 }, d),
        contrast(z, 2, 0.3),
      ],
      values,
    );
    expect(chosen![0]).toBeCloseTo(3 * contrasted![0]!, 12);
    // SIGReg is of all of them, the contrast of groups.
    const eight = input('z', [8, 2]);
    const weights = { sigreg: 0.5, agreement: 3, agreementBy: 'contrast', temperature: 0.3, contrastImages: 2 } as const;
    const [sum, spread, apart] = evaluate([coupledLoss(eight, 2, 4, weights, d), sigreg(eight, d), contrast(eight, 2, 0.3, 4)], {
      ...values,
      z: normals(5, 16),
    });
    expect(sum![0]).toBeCloseTo(0.5 * spread![0]! + 3 * apart![0]!, 12);
  });
});

describe('crops that losses look at together', () => {
  const weights = { sigreg: 0, agreement: 1, agreementBy: 'contrast', temperature: 0.2, contrastImages: 0 } as const;
  it.each([
    ['those of the batch with SIGReg', { sigreg: 1, contrastImages: 4 }, 64],
    ['those of the batch by contrast', {}, 64],
    ['those of so many images', { contrastImages: 4 }, 8],
    ['those of the batch where it has fewer images', { contrastImages: 100 }, 64],
    ['those of an image by distance', { agreementBy: 'distance' }, 2],
    ['one by itself without any', { agreement: 0 }, 1],
  ] as const)('are %s', (_, change, expected) => expect(coupledCrops(64, 2, { ...weights, ...change })).toBe(expected));
});

/** Straight from the definition: the mean over pairs of −log(e^(s/τ) / (e^(s/τ) + Σ of other pictures' crops)). */
function contrastOf(z: Float64Array, width: number, crops: number, temperature: number): number {
  const count = z.length / width;
  const rows = Array.from({ length: count }, (_, i) => [...z.subarray(i * width, (i + 1) * width)]);
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const score = (i: number, j: number): number =>
    dot(rows[i]!, rows[j]!) / Math.sqrt(dot(rows[i]!, rows[i]!) * dot(rows[j]!, rows[j]!)) / temperature;
  const pictureOf = (i: number): number => Math.floor(i / crops);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const others = rows.reduce((sum, _, j) => sum + (pictureOf(j) === pictureOf(i) ? 0 : Math.exp(score(i, j))), 0);
    for (let j = 0; j < count; j++)
      if (j !== i && pictureOf(j) === pictureOf(i)) total -= Math.log(Math.exp(score(i, j)) / (Math.exp(score(i, j)) + others));
  }
  return total / (count * (crops - 1));
}

describe('contrast', () => {
  it('is InfoNCE over all pairs of crops of a picture', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0.05, max: 2, noNaN: true }),
        (seed, crops, pictures, temperature) => {
          const width = 5;
          const z = normals(seed, pictures * crops * width);
          const [value] = evaluate([contrast(input('z', [pictures * crops, width]), crops, temperature)], { z });
          const expected = contrastOf(z, width, crops, temperature);
          // Factors of the graph are float32.
          expect(Math.abs(value![0]! - expected)).toBeLessThan(1e-5 * (1 + expected));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('among so many crops is the mean of what each group of them has by itself', () => {
    const [crops, group, groups, width] = [3, 6, 4, 5];
    const z = normals(9, groups * group * width);
    const [value] = evaluate([contrast(input('z', [groups * group, width]), crops, 0.2, group)], { z });
    const each = Array.from({ length: groups }, (_, i) =>
      contrastOf(z.slice(i * group * width, (i + 1) * group * width), width, crops, 0.2),
    );
    expect(value![0]! / (each.reduce((a, b) => a + b) / groups)).toBeCloseTo(1, 6);
    expect(value![0]! / contrastOf(z, width, crops, 0.2)).toBeLessThan(0.9);
  });

  it('knows nothing where all crops are alike, and is small where each is alike to its own', () => {
    const [pictures, width] = [8, 8];
    const z = input('z', [2 * pictures, width]);
    const alike = new Float64Array(2 * pictures * width).fill(0.3);
    const own = Float64Array.from({ length: 2 * pictures * width }, (_, i) => Number(Math.floor(i / (2 * width)) === i % width));
    const build = contrast(z, 2, 0.1);
    expect(evaluate([build], { z: alike })[0]![0]).toBeCloseTo(Math.log(2 * pictures - 1), 6);
    expect(evaluate([build], { z: own })[0]![0]).toBeLessThan(1e-3);
  });

  it('has the gradient of its definition, also in groups and at the lowest temperature', () => {
    const [crops, group, width] = [2, 6, 4];
    const z = normals(8, 2 * group * width);
    const all = input('z', [2 * group, width]);
    for (const [temperature, count] of [
      [0.05, 2 * group],
      [0.05, group],
      [1, 2 * group],
    ] as const) {
      const groups = (2 * group) / count;
      const defined = (at: Float64Array): number =>
        Array.from({ length: groups }, (_, i) =>
          contrastOf(at.slice(i * count * width, (i + 1) * count * width), width, crops, temperature),
        ).reduce((a, b) => a + b / groups, 0);
      const [, gradient] = withGradient(contrast(all, crops, temperature, count), all)({ z });
      expect(difference(gradient, slopesOf(defined, z))).toBeLessThan(1e-5);
    }
  });

  it('falls along its gradient, and stays finite for vectors of zeros and the lowest temperature', () => {
    const [count, width] = [6, 4];
    const z = input('z', [count, width]);
    const at = withGradient(contrast(z, 2, 0.05), z);
    const start = normals(8, count * width);
    const [before, direction] = at({ z: start });
    expect(at({ z: start.map((value, i) => value - 0.01 * direction[i]!) })[0]).toBeLessThan(before);
    const [value, gradient] = at({ z: new Float64Array(count * width) });
    expect([value, ...gradient].every(Number.isFinite)).toBe(true);
  });
});

// Losses over the whole batch, on the pooled context embeddings: SIGReg against collapse, agreement of the crops of a picture.
import { add, cos, divide, mean, multiply, sin, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { matmul } from '../tensor/products.ts';
import { constant, reshape, scalar, sum, sumAll } from '../tensor/structure.ts';

/** Knots of the integral over [0, 5]; by symmetry the other half is the same. */
const knots = 17;
const end = 5;

/**
 * Sliced Epps–Pulley statistic (Balestriero & LeCun 2025, SIGReg): N · ∫ |φ̂(t) − e^(−t²/2)|² e^(−t²/2) dt of the projections of
 * z [N, D] on the columns of `directions` [D, K], averaged over K; φ̂ is the empirical characteristic function. Columns are
 * normalised here. It is smallest for an isotropic standard normal.
 */
export function sigreg(z: Tensor, directions: Tensor): Tensor {
  const [count] = z.shape as [number, number];
  const slices = directions.shape[1]!;
  const unit = divide(directions, sqrt(sum(square(directions), [0])));
  const projections = reshape(matmul(z, unit), [count, slices, 1]);
  const spacing = end / (knots - 1);
  const times = Float32Array.from({ length: knots }, (_, i) => i * spacing);
  const normal = times.map((t) => Math.exp((-t * t) / 2));
  const weights = normal.map((value, i) => 2 * value * spacing * (i === 0 || i === knots - 1 ? 0.5 : 1));
  const angles = multiply(projections, constant(times, [1, 1, knots]));
  const real = subtract(mean(cos(angles), [0]), constant(normal, [1, 1, knots]));
  const imaginary = mean(sin(angles), [0]);
  const distance = multiply(add(square(real), square(imaginary)), constant(weights, [1, 1, knots]));
  return multiply(sumAll(distance), count / slices);
}

/** Mean squared distance of each crop's embedding to the mean of its picture's crops; z [crops·B, D] holds those of a picture one after the other. */
export function agreement(z: Tensor, crops: number): Tensor {
  const [count, width] = z.shape as [number, number];
  const groups = reshape(z, [count / crops, crops, width]);
  return reshape(mean(square(subtract(groups, mean(groups, [1]))), [0, 1, 2]), []);
}

export interface CoupledWeights {
  readonly sigreg: number;
  readonly agreement: number;
}

/** The weighted sum of the losses in use, a scalar. */
export function coupledLoss(pooled: Tensor, crops: number, weights: CoupledWeights, directions: Tensor): Tensor {
  const terms: Tensor[] = [];
  if (weights.sigreg > 0) terms.push(multiply(sigreg(pooled, directions), weights.sigreg));
  if (weights.agreement > 0) terms.push(multiply(agreement(pooled, crops), weights.agreement));
  return terms.length === 0 ? scalar(0) : terms.reduce((a, b) => add(a, b));
}

// Losses over the whole batch, on the pooled context embeddings: SIGReg against collapse, agreement of the crops of a picture.
import { add, cos, divide, mean, multiply, sin, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { matmul } from '../tensor/products.ts';
import { reshape, scalar, sum, sumAll } from '../tensor/structure.ts';

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
  const projections = matmul(z, unit);
  const spacing = end / (knots - 1);
  // Knot by knot, so that what one kernel writes is in the cache when the next reads it: 15 % faster than all knots at once. At t = 0
  // both functions are 1.
  const distances = Array.from({ length: knots - 1 }, (_, i) => {
    const t = (i + 1) * spacing;
    const normal = Math.exp((-t * t) / 2);
    const angles = multiply(projections, t);
    const real = subtract(mean(cos(angles), [0]), normal);
    const imaginary = mean(sin(angles), [0]);
    return multiply(add(square(real), square(imaginary)), 2 * normal * spacing * (i === knots - 2 ? 0.5 : 1));
  });
  return multiply(sumAll(distances.reduce((a, b) => add(a, b))), count / slices);
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

// Losses over several crops, on their pooled context embeddings: SIGReg of a batch against collapse, agreement of the crops of a picture
// by distance or by contrast with the crops of others.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { add, cos, divide, equal, exp, log, mean, multiply, select, sin, sqrt, square, subtract } from '../tensor/elementwise.ts';
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

/** Added to squared lengths, so that a vector of zeros has a direction to go. */
const leastSquare = 1e-12;

/**
 * InfoNCE (van den Oord et al. 2018; NT-Xent of Chen et al. 2020 for two crops): each crop must find the others of its picture among the
 * `count` crops that stand together, all of z when absent. Mean over pairs of −log(e^(cos/τ) / (e^(cos/τ) + Σ of the crops of other
 * pictures)); z [crops·B, D] as in {@link agreement}. `temperature` τ ≥ 0.05: cosines are at most 1, so that e^((cos−1)/τ) neither
 * overflows nor vanishes in float32.
 */
export function contrast(z: Tensor, crops: number, temperature: number, count = z.shape[0]!): Tensor {
  const [all, width] = z.shape as [number, number];
  const directions = divide(z, sqrt(add(sum(square(z), [1]), leastSquare)));
  const unit = count === all ? directions : reshape(directions, [all / count, count, width]);
  const scores = subtract(matmul(unit, unit, false, true, 1 / temperature), 1 / temperature);
  const along = (axis: 0 | 1, of: (row: number) => number): Tensor =>
    constant(
      Float32Array.from({ length: count }, (_, row) => of(row)),
      axis === 0 ? [count, 1] : [1, count],
    );
  const picture = (row: number): number => Math.floor(row / crops);
  const samePicture = equal(along(0, picture), along(1, picture));
  const itself = equal(
    along(0, (row) => row),
    along(1, (row) => row),
  );
  const likeness = exp(scores);
  const others = sum(select(samePicture, 0, likeness), [likeness.shape.length - 1]);
  const surprise = subtract(log(add(likeness, others)), scores);
  return multiply(sumAll(select(itself, 0, select(samePicture, surprise, 0))), 1 / (all * (crops - 1)));
}

/** What is minimised over several images, and how. */
export type CoupledWeights = Pick<TrainConfig, 'sigreg' | 'agreement' | 'agreementBy' | 'temperature' | 'contrastImages'>;

/** Crops of a batch of `batch` that are told apart by contrast. */
export const contrastCrops = (batch: number, crops: number, { contrastImages }: Pick<CoupledWeights, 'contrastImages'>): number =>
  Math.min(batch, crops * contrastImages || batch);

/** Crops of a batch of `batch` that the losses in use look at together. */
export function coupledCrops(batch: number, crops: number, weights: CoupledWeights): number {
  if (weights.sigreg > 0) return batch;
  if (weights.agreement === 0) return 1;
  return weights.agreementBy === 'contrast' ? contrastCrops(batch, crops, weights) : crops;
}

/** The weighted sum of the losses in use, a scalar; `apart` crops that stand together are told apart by contrast. */
export function coupledLoss(pooled: Tensor, crops: number, apart: number, weights: CoupledWeights, directions: Tensor): Tensor {
  const terms: Tensor[] = [];
  if (weights.sigreg > 0) terms.push(multiply(sigreg(pooled, directions), weights.sigreg));
  if (weights.agreement > 0) {
    const agree = weights.agreementBy === 'contrast' ? contrast(pooled, crops, weights.temperature, apart) : agreement(pooled, crops);
    terms.push(multiply(agree, weights.agreement));
  }
  return terms.length === 0 ? scalar(0) : terms.reduce((a, b) => add(a, b));
}

// Health of embeddings without labels: how many directions they use, how their spectrum decays, how alike they all are.
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';
import { gramMatrix, meanOfRows, rowCount, scatterMatrix } from './matrix-products.ts';
import { normaliseRows } from './spaces.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Above this many dimensions and vectors, a seeded sample of this many vectors stands for all. */
const spectrumSide = 1024;

export interface SpectrumOptions {
  /** Take the mean out first (RankMe's paper does not). */
  readonly centred?: boolean;
  readonly seed?: number;
}

/** Eigenvalues of XᵀX ÷ N of `vectors` [N, dimension], descending, min(N, dimension) of them (1,024 at most beyond that size). */
export function eigenSpectrum(vectors: Float32Array, dimension: number, options: SpectrumOptions = {}): Float64Array {
  const all = rowCount(vectors, dimension);
  if (all === 0) throw new AppError('bad-input', 'There are no vectors to measure.', 'Compute the vectors of some images first.');
  const sampled = dimension > spectrumSide && all > spectrumSide ? sampleRows(vectors, dimension, options.seed ?? 0) : vectors;
  const rows = sampled.length / dimension;
  const mean = options.centred ? meanOfRows(sampled, dimension) : undefined;
  const { values } =
    rows < dimension
      ? symmetricEigen(gramMatrix(sampled, dimension, mean), rows)
      : symmetricEigen(scatterMatrix(sampled, dimension, mean), dimension);
  return values.map((value) => Math.max(0, value) / rows);
}

function sampleRows(vectors: Float32Array, dimension: number, seed: number): Float32Array {
  const order = new Random(seed, 'evaluation', 2)
    .permutation(vectors.length / dimension)
    .subarray(0, spectrumSide)
    .sort();
  const sample = new Float32Array(order.length * dimension);
  for (const [i, row] of order.entries()) sample.set(vectors.subarray(row * dimension, (row + 1) * dimension), i * dimension);
  return sample;
}

/** RankMe (Garrido et al. 2023): exp(−Σ p log p), p = σ ÷ Σσ over the singular values; from 1 to the number of them. */
export function rankMe(spectrum: Float64Array): number {
  return exponentialEntropy(spectrum.map(Math.sqrt));
}

/** exp of the entropy of `weights` ÷ their sum; 0 when all are zero. */
export function exponentialEntropy(weights: Float64Array): number {
  const total = weights.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return 0;
  let entropy = 0;
  for (const weight of weights) if (weight > 0) entropy -= (weight / total) * Math.log(weight / total);
  return Math.exp(entropy);
}

/**
 * α of eigenvalueⱼ ∝ j^−α (α-ReQ, Agrawal et al. 2022): minus the slope of the least-squares line through (log j, log λⱼ) for
 * j from 1 (or `from`) to the last eigenvalue above 1e-7 of the first, each j weighted 1 ÷ j so that every octave counts alike.
 * `undefined` with fewer than four such eigenvalues.
 */
export function spectrumAlpha(spectrum: Float64Array, from = 1): number | undefined {
  const floor = (spectrum[0] ?? 0) * 1e-7;
  let [weight, sumX, sumY, sumXX, sumXY, points] = [0, 0, 0, 0, 0, 0];
  for (let j = from; j <= spectrum.length && spectrum[j - 1]! > floor; j++) {
    const x = Math.log(j);
    const y = Math.log(spectrum[j - 1]!);
    const w = 1 / j;
    weight += w;
    sumX += w * x;
    sumY += w * y;
    sumXX += w * x * x;
    sumXY += w * x * y;
    points++;
  }
  if (points < 4) return undefined;
  return -(weight * sumXY - sumX * sumY) / (weight * sumXX - sumX * sumX);
}

/**
 * Mean cosine over all pairs of different vectors; 1 is collapse. With m the mean of the N normalised vectors it is
 * (N·‖m‖² − s) ÷ (N − 1), s = the share of vectors that are not zero. Throws `bad-input` for fewer than two.
 */
export function meanPairwiseCosine(vectors: Float32Array, dimension: number): number {
  const count = rowCount(vectors, dimension);
  if (count < 2) throw new AppError('bad-input', 'Pairs need at least two vectors.', 'Compute the vectors of more images.');
  const unit = normaliseRows(vectors, dimension);
  const mean = meanOfRows(unit, dimension);
  let own = 0;
  for (let i = 0; i < unit.length; i++) own += unit[i]! ** 2;
  const squares = mean.reduce((sum, value) => sum + value * value, 0);
  return (count * squares - own / count) / (count - 1);
}

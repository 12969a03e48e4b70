// How strongly rows hang together, from their nearest neighbours: the fuzzy set of UMAP (McInnes, Healy & Melville 2018, §3.1). Each row's
// distances are measured by its own scale, so that the thin parts of a library count as much as the dense ones.
import { noRow } from './near-rows.ts';
import type { NearRows } from './near-rows.ts';

/** Pairs of rows with a strength in (0, 1], by their first row; each pair is there once, the first row being the lower one. */
export interface LikenessGraph {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly strengths: Float32Array;
}

const halvings = 64;
const enough = 1e-5;
/** Scales are at least this share of the mean distance, of the row's own or of all (as in umap-learn). */
const leastScale = 1e-3;

/** Strengths of the neighbours of each row [n, k]: exp(−(d − ρ)/σ), ρ the distance to the nearest that is not the same, Σ = log₂ k. */
export function ownStrengths({ k, rows, scores }: NearRows): Float32Array {
  const count = rows.length / k;
  const distances = Float64Array.from(scores, (score, i) => (rows[i] === noRow ? 0 : Math.max(0, 1 - score)));
  const mean = distances.reduce((sum, one) => sum + one, 0) / Math.max(1, distances.length);
  const strengths = new Float32Array(rows.length);
  for (let row = 0; row < count; row++) {
    const near = distances.subarray(row * k, (row + 1) * k);
    let known = 0;
    while (known < k && rows[row * k + known] !== noRow) known++;
    const own = near.subarray(0, known);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const scale = scaleOf(own, nearest, Math.log2(Math.max(2, k)), mean);
    own.forEach((distance, i) => {
      strengths[row * k + i] = distance <= nearest || scale === 0 ? 1 : Math.exp(-(distance - nearest) / scale);
    });
  }
  return strengths;
}

/** σ with Σ exp(−max(0, d − ρ)/σ) = target, by bisection. */
function scaleOf(distances: Float64Array, nearest: number, target: number, meanOfAll: number): number {
  let [low, high, scale] = [0, Number.POSITIVE_INFINITY, 1];
  for (let i = 0; i < halvings; i++) {
    let sum = 0;
    for (const distance of distances) sum += distance > nearest ? Math.exp(-(distance - nearest) / scale) : 1;
    if (Math.abs(sum - target) < enough) break;
    if (sum > target) [high, scale] = [scale, (low + scale) / 2];
    else [low, scale] = [scale, high === Number.POSITIVE_INFINITY ? 2 * scale : (scale + high) / 2];
  }
  const mean = distances.reduce((sum, one) => sum + one, 0) / Math.max(1, distances.length);
  return Math.max(scale, leastScale * (nearest > 0 ? mean : meanOfAll));
}

/** Where `row` stands among the neighbours of `other`; −1 where it does not. */
function placeOf({ k, rows }: NearRows, row: number, other: number): number {
  for (let i = other * k; i < (other + 1) * k; i++) if (rows[i] === row) return i;
  return -1;
}

/** Either of two rows may hold to the other: a + b − a·b, the union of fuzzy sets. */
export function likenessGraph(near: NearRows): LikenessGraph {
  const { k, rows } = near;
  const own = ownStrengths(near);
  const count = rows.length / k;
  const from = new Uint32Array(rows.length);
  const to = new Uint32Array(rows.length);
  const strengths = new Float32Array(rows.length);
  let edges = 0;
  for (let row = 0; row < count; row++) {
    for (let i = row * k; i < (row + 1) * k; i++) {
      const other = rows[i]!;
      if (other === noRow || !(own[i]! > 0)) continue;
      const back = placeOf(near, row, other);
      const returned = back < 0 ? 0 : own[back]!;
      // Told by the lower one of the two where each holds to the other.
      if (returned > 0 && other < row) continue;
      from[edges] = Math.min(row, other);
      to[edges] = Math.max(row, other);
      strengths[edges++] = own[i]! + returned - own[i]! * returned;
    }
  }
  return { from: from.slice(0, edges), to: to.slice(0, edges), strengths: strengths.slice(0, edges) };
}

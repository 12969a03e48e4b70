// Nearest pictures by what they show.
import type { EmbeddingSource, NeighbourRow, QueryImage } from '../../shared/contract/contract-explore.ts';
import type { Space } from '../../shared/contract/contract-values.ts';
import { gridImage, imageCount, lookOf, statusOf, writeVector } from './synthetic-images.ts';

const dimension = 9;
let table: Float32Array | undefined;

/** All pictures' vectors, [images, 9]. */
function vectors(): Float32Array {
  if (table) return table;
  table = new Float32Array(imageCount * dimension);
  // A hundred thousand at once, before the page shows its first result: nothing is made on the way.
  for (let image = 1; image <= imageCount; image++) writeVector(table.subarray((image - 1) * dimension, image * dimension), lookOf(image));
  return table;
}

/** What a run makes of a vector: a worse one mixes shapes up, a space spreads the cosines. */
function emphasis(source: Pick<EmbeddingSource, 'run'>, space: Space): Float64Array {
  const shape = source.run.includes('small') ? 0.4 : 1;
  const spread = space === 'raw' ? 1 : space === 'centred' ? 1.3 : 1.8;
  const own = source.run.length % 2 === 0 ? 1 : source.run.charCodeAt(source.run.length - 1) % 2 === 0 ? 0.6 : 1.4;
  return Float64Array.from({ length: dimension }, (_, i) => (i < 5 ? shape : i < 7 ? 1 : spread * own));
}

function uploadVector(upload: number): Float64Array {
  const vector = new Float64Array(dimension);
  writeVector(vector, lookOf(upload * 7919));
  return vector;
}

export interface FakeQuery {
  readonly source: EmbeddingSource;
  readonly space: Space;
  readonly plus: readonly QueryImage[];
  readonly minus: readonly QueryImage[];
  readonly k: number;
  readonly minScore: number;
  readonly hideAbove: number | undefined;
}

/** The `k` pictures most like the query, without those of the query. */
export function nearest({ source, space, plus, minus, k, minScore, hideAbove }: FakeQuery): { neighbours: NeighbourRow[]; hidden: number } {
  const all = vectors();
  const weights = emphasis(source, space);
  const query = new Float64Array(dimension);
  const vectorOfQuery = (one: QueryImage): ArrayLike<number> =>
    'image' in one ? all.subarray((one.image - 1) * dimension, one.image * dimension) : uploadVector(one.upload);
  for (const one of plus) for (let i = 0; i < dimension; i++) query[i]! += vectorOfQuery(one)[i]! * weights[i]!;
  for (const one of minus) for (let i = 0; i < dimension; i++) query[i]! -= vectorOfQuery(one)[i]! * weights[i]!;
  const length = Math.hypot(...query) || 1;
  const asked = new Set([...plus, ...minus].map((one) => ('image' in one ? one.image : 0)));
  const found: { image: number; score: number }[] = [];
  let worst = minScore;
  for (let image = 1; image <= imageCount; image++) {
    if (asked.has(image)) continue;
    let [dot, square] = [0, 0];
    for (let i = 0; i < dimension; i++) {
      const value = all[(image - 1) * dimension + i]! * weights[i]!;
      dot += query[i]! * value;
      square += value * value;
    }
    const score = dot / length / Math.sqrt(square);
    if (score < worst || statusOf(image) !== 'ok') continue;
    found.push({ image, score });
    if (found.length >= 4 * k + 400) {
      found.sort((a, b) => b.score - a.score);
      found.length = 2 * k + 100;
      worst = Math.max(minScore, found.at(-1)!.score);
    }
  }
  found.sort((a, b) => b.score - a.score);
  const kept = hideAbove === undefined ? found : found.filter(({ image }) => image % 500 !== 0 && image % 40 !== 1);
  return {
    hidden: hideAbove === undefined ? 0 : Math.min(found.length - kept.length, Math.ceil(k / 8)),
    neighbours: kept.slice(0, k).map(({ image, score }, i) => {
      const { path, label, width, height } = gridImage(image);
      return { rank: i + 1, score: Math.min(1, score), image, path, label, width, height };
    }),
  };
}

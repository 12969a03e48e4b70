// What embeddings are worth without labels: two crops of an image that share no pixel should find each other among all images.
import { AppError } from '../../shared/errors.ts';
import { forEachProductBlock, rowCount } from './matrix-products.ts';

export interface RetrievalScore {
  /** Share of crops whose partner is the nearest of all. */
  readonly recallAt1: number;
  /** Mean average precision; with one right answer per query it is the mean of 1 ÷ rank. */
  readonly meanAveragePrecision: number;
}

export interface CropRetrieval extends RetrievalScore {
  readonly images: number;
  /** From the first crops to the second, and back; the figures above are the mean of both. */
  readonly forward: RetrievalScore;
  readonly backward: RetrievalScore;
  /** What chance scores: 1 ÷ images. */
  readonly chanceRecall: number;
  /** Per image the share of its two crops that find their partner first; `recallAt1` is their mean. */
  readonly found: Float64Array;
}

/** What the figure cannot tell; to be shown beside it. */
export const cropRetrievalBias =
  'Two crops of a photograph share light, colours, texture, camera and noise, so colour statistics alone find many partners: ' +
  'read this figure beside raw pixels and the untrained network.';

/**
 * `first` and `second` [N, dimension] hold the normalised embeddings of two non-overlapping crops of image i in row i. Each crop
 * looks for its partner among the N crops of the other side. Among equal similarities every order is taken as equally likely, so
 * a collapsed encoder scores chance. Biased towards low-level statistics: see {@link cropRetrievalBias}.
 * Throws `bad-input` unless both hold the same number of vectors, at least two.
 */
export function cropRetrieval(first: Float32Array, second: Float32Array, dimension: number): CropRetrieval {
  const images = rowCount(first, dimension);
  if (rowCount(second, dimension) !== images || images < 2) {
    throw new AppError(
      'bad-input',
      `Crop retrieval got ${images} first and ${second.length / dimension} second crops.`,
      'It needs two crops of each of at least two images.',
    );
  }
  const columns = new RankCounter(images);
  const rows = new RankCounter(images);
  const partner = new Float64Array(images);
  forEachProductBlock(first, second, dimension, (start, count, products) => {
    for (let row = 0; row < count; row++) partner[start + row] = products[row * images + start + row]!;
  });
  forEachProductBlock(first, second, dimension, (start, count, products) => {
    for (let row = 0; row < count; row++) {
      const i = start + row;
      for (let j = 0; j < images; j++) {
        if (i === j) continue;
        const score = products[row * images + j]!;
        rows.compare(i, score, partner[i]!);
        columns.compare(j, score, partner[j]!);
      }
    }
  });
  const forward = rows.score();
  const backward = columns.score();
  return {
    images,
    forward,
    backward,
    recallAt1: (forward.recallAt1 + backward.recallAt1) / 2,
    meanAveragePrecision: (forward.meanAveragePrecision + backward.meanAveragePrecision) / 2,
    chanceRecall: 1 / images,
    found: Float64Array.from({ length: images }, (_, i) => (rows.foundFirst(i) + columns.foundFirst(i)) / 2),
  };
}

/** Counts, per query, the wrong answers above the right one and level with it. */
class RankCounter {
  readonly #above: Uint32Array;
  readonly #level: Uint32Array;

  constructor(queries: number) {
    this.#above = new Uint32Array(queries);
    this.#level = new Uint32Array(queries);
  }

  compare(query: number, score: number, right: number): void {
    if (score > right) this.#above[query]!++;
    else if (score === right) this.#level[query]!++;
  }

  /** The chance that the right answer is the first when those level with it come in random order. */
  foundFirst(query: number): number {
    return this.#above[query] === 0 ? 1 / (this.#level[query]! + 1) : 0;
  }

  /** Expected recall@1 and 1 ÷ rank when the answers level with the right one come in random order. */
  score(): RetrievalScore {
    let recall = 0;
    let precision = 0;
    for (const [query, above] of this.#above.entries()) {
      const level = this.#level[query]!;
      recall += this.foundFirst(query);
      let sum = 0;
      for (let place = above + 1; place <= above + level + 1; place++) sum += 1 / place;
      precision += sum / (level + 1);
    }
    return { recallAt1: recall / this.#above.length, meanAveragePrecision: precision / this.#above.length };
  }
}

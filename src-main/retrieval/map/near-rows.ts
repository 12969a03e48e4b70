// The nearest neighbours of every row at once. Rows are sorted into clusters, and each looks through those nearest to its own: in a small
// library through all of them, so that its answers are exact, in a large one through a part.
import { pageBytes } from '../../../shared/web-assembly.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { createSharedMemory, instantiateKernel } from '../search-kernel.ts';
import type { SearchKernel } from '../search-kernel.ts';
import { clustersOf } from './clusters.ts';

export interface NearRows {
  /** Neighbours of a row, at most. */
  readonly k: number;
  /** [n, k] the most alike first, without the row itself; `noRow` where there are fewer. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** [n, k] dot products: cosines of vectors of length 1. */
  readonly scores: Float32Array<ArrayBuffer>;
}

export const noRow = 0xffff_ffff;

/** Up to as many rows each is compared with all others: 10 s of a core for 128 numbers. */
const exactRows = 20_000;
/** Beyond, with a share of them: of 1,000,000 rows with 50,000. */
const lookedShare = 1 / 20;
/** Vectors that are compared while they lie in a core's second cache, bytes. */
const tileBytes = 128 * 1024;
const passQueries = 4;
/** Share of the work that goes by before neighbours are looked for, about. */
const clustersShare = 0.2;

export interface NearRowsOptions {
  readonly k: number;
  /** Rows that each is compared with, about. */
  readonly looked?: number;
  readonly seed?: number;
}

/** Rows that each is compared with among `rows`. */
const lookedOf = (rows: number): number => (rows <= exactRows ? rows : Math.max(exactRows, Math.ceil(rows * lookedShare)));

/** `vectors` [n, dimension] are of length 1, or 0. Tells now and then what share of the work is done. Throws `out-of-memory`. */
export function* nearRows(
  vectors: Float32Array,
  dimension: number,
  { k, looked = lookedOf(vectors.length / dimension), seed = 0 }: NearRowsOptions,
  onShare: (share: number) => void = () => undefined,
): Pieces<NearRows> {
  const count = vectors.length / dimension;
  const found: NearRows = { k, rows: new Uint32Array(count * k).fill(noRow), scores: new Float32Array(count * k).fill(-Infinity) };
  if (count < 2) return found;
  const wanted = Math.max(looked, k + 1);
  const clusters = yield* clustersOf(vectors, dimension, wanted >= count ? 1 : Math.ceil(Math.sqrt(count)), seed, (share) =>
    onShare(share * clustersShare),
  );
  const before = clusters.count > 1 ? clustersShare : 0;
  const table = new SortedRows(vectors, dimension, clusters.order);
  for (let cluster = 0; cluster < clusters.count; cluster++) {
    const near = clusters.nearest(cluster);
    let seen = 0;
    for (const other of near) {
      yield* table.compare(clusters.range(cluster), clusters.range(other), found);
      seen += clusters.size(other);
      if (seen >= wanted) break;
    }
    onShare(before + ((cluster + 1) / clusters.count) * (1 - before));
  }
  return found;
}

type Range = readonly [from: number, to: number];

/** Vectors in the order of their clusters, in a memory of the kernel. */
class SortedRows {
  readonly #order: Uint32Array;
  readonly #kernel: SearchKernel;
  readonly #rowBytes: number;
  readonly #tileRows: number;
  readonly #vectorsAt: number;
  readonly #scores: Float32Array;

  constructor(vectors: Float32Array, dimension: number, order: Uint32Array) {
    const stride = 4 * Math.ceil(dimension / 4);
    this.#order = order;
    this.#rowBytes = 4 * stride;
    this.#tileRows = Math.max(16, Math.floor(tileBytes / this.#rowBytes));
    this.#vectorsAt = 64 * Math.ceil((passQueries * this.#tileRows * 4) / 64);
    const memory = createSharedMemory(Math.ceil((this.#vectorsAt + order.length * this.#rowBytes) / pageBytes));
    const values = new Float32Array(memory.buffer, this.#vectorsAt, order.length * stride);
    order.forEach((row, at) => values.set(vectors.subarray(row * dimension, (row + 1) * dimension), at * stride));
    this.#scores = new Float32Array(memory.buffer, 0, passQueries * this.#tileRows);
    this.#kernel = instantiateKernel(memory);
  }

  /** Looks among the rows of one range for neighbours of those of another. */
  *compare([from, to]: Range, [first, last]: Range, found: NearRows): Pieces<void> {
    for (let tile = first; tile < last; tile += this.#tileRows) {
      const rows = Math.min(this.#tileRows, last - tile);
      for (let query = from; query < to; query += passQueries) {
        const queries = Math.min(passQueries, to - query);
        this.#product(query, queries, tile, rows);
        for (let q = 0; q < queries; q++) this.#keep(query + q, tile, rows, q * rows, found);
        if (((query - from) / passQueries) % 64 === 0) yield;
      }
    }
  }

  #product(query: number, queries: number, tile: number, rows: number): void {
    const at = (row: number): number => this.#vectorsAt + row * this.#rowBytes;
    if (queries === passQueries) return this.#kernel.dot4(at(query), at(tile), rows, this.#rowBytes, 0, rows * 4);
    for (let q = 0; q < queries; q++) this.#kernel.dot1(at(query + q), at(tile), rows, this.#rowBytes, q * rows * 4, 0);
  }

  /** Scores of a query with the rows of a tile, into its list: sorted, the highest first. */
  #keep(query: number, tile: number, rows: number, scoresAt: number, { k, rows: kept, scores }: NearRows): void {
    const own = this.#order[query]!;
    const base = own * k;
    const lastPlace = base + k - 1;
    let least = scores[lastPlace]!;
    for (let i = 0; i < rows; i++) {
      const score = this.#scores[scoresAt + i]!;
      if (!(score > least) || tile + i === query) continue;
      let place = lastPlace;
      for (; place > base && score > scores[place - 1]!; place--) {
        scores[place] = scores[place - 1]!;
        kept[place] = kept[place - 1]!;
      }
      scores[place] = score;
      kept[place] = this.#order[tile + i]!;
      least = scores[lastPlace]!;
    }
  }
}

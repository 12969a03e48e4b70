// Precomputed neighbours for programs that show them: exact, by cosine in the exported space, among the exported images alone.
import { normaliseRows } from '../../evaluation/spaces.ts';
import type { SpaceTransform } from '../../evaluation/spaces.ts';
import type { ExportedImage } from '../../formats/vector-sink.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { openLibrarySearch } from '../../retrieval/library-search.ts';
import type { SearchIndex } from '../../retrieval/search-index.ts';
import { bitmapOf } from '../../retrieval/top-rows.ts';
import type { RowBitmap } from '../../retrieval/top-rows.ts';

type Neighbours = NonNullable<ExportedImage['neighbours']>;

export class NeighbourFinder {
  readonly #index: SearchIndex;
  readonly #allowed: RowBitmap;
  /** Row of the store → row of the export. */
  readonly #idOf: Uint32Array;

  private constructor(index: SearchIndex, allowed: RowBitmap, idOf: Uint32Array) {
    this.#index = index;
    this.#allowed = allowed;
    this.#idOf = idOf;
  }

  /** `rows` of the store in the order in which they are exported. */
  static async open(store: EmbeddingStore, space: SpaceTransform, rows: Uint32Array): Promise<NeighbourFinder> {
    const idOf = new Uint32Array(store.rows);
    rows.forEach((row, id) => (idOf[row] = id));
    return new NeighbourFinder(await openLibrarySearch(store, space), bitmapOf(rows, store.rows), idOf);
  }

  /** The `k` nearest of each vector [n, dimension] in the space, whose images are `firstId`, `firstId` + 1, …, without themselves. */
  async find(vectors: Float32Array, firstId: number, k: number): Promise<readonly Neighbours[]> {
    const queries = normaliseRows(vectors, this.#index.dimension);
    // One more than asked for: the image itself is among them.
    const found = await this.#index.search({ queries, k: k + 1, allowed: this.#allowed });
    return found.map(({ rows, scores }, i) => {
      const others = Array.from(rows, (row, place) => ({ id: this.#idOf[row]!, distance: 1 - scores[place]! }))
        .filter(({ id }) => id !== firstId + i)
        .slice(0, k);
      return { ids: others.map(({ id }) => id), distances: others.map(({ distance }) => distance) };
    });
  }

  async dispose(): Promise<void> {
    await this.#index.dispose();
  }
}

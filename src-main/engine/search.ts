// Nearest neighbours of an image of the library or of any file.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { preprocessingOf } from '../../shared/preprocessing.ts';
import type { EvaluationImage } from '../evaluation/protocol.ts';
import type { SpaceKind, SpaceTransform } from '../evaluation/spaces.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import { combineQueries } from '../retrieval/combine-queries.ts';
import type { EmbeddingStore } from '../retrieval/embedding-store.ts';
import { librarySpace, openLibrarySearch, placeInSpace } from '../retrieval/library-search.ts';
import type { SearchIndex } from '../retrieval/search-index.ts';
import { bitmapOf } from '../retrieval/top-rows.ts';
import type { RowBitmap } from '../retrieval/top-rows.ts';
import { readCheckpointHeader } from '../training/checkpoint.ts';
import { openEmbeddings } from './embeddings.ts';
import { cachedShortSide, threadsOf } from './studio.ts';
import type { Studio } from './studio.ts';

export interface Neighbour {
  readonly rank: number;
  /** Cosine, −1 to 1. */
  readonly score: number;
  readonly path: string;
  readonly hash: string;
  readonly label: string | undefined;
}

export interface SearchSetup {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly space: SpaceKind;
  /** For images from outside that must be embedded first; 0 or nothing: one per core. */
  readonly threads?: number;
}

/** An open search over a folder's vectors. */
export class FolderSearch {
  readonly #studio: Studio;
  readonly #setup: SearchSetup;
  readonly #store: EmbeddingStore;
  readonly #space: SpaceTransform;
  readonly #index: SearchIndex;
  readonly #imageOf: ReadonlyMap<number, EvaluationImage>;
  readonly #allowed: RowBitmap;

  private constructor(
    studio: Studio,
    setup: SearchSetup,
    store: EmbeddingStore,
    space: SpaceTransform,
    index: SearchIndex,
    imageOf: ReadonlyMap<number, EvaluationImage>,
  ) {
    this.#studio = studio;
    this.#setup = setup;
    this.#store = store;
    this.#space = space;
    this.#index = index;
    this.#imageOf = imageOf;
    this.#allowed = bitmapOf(imageOf.keys(), store.rows);
  }

  /** Loads the vectors of a folder. Throws `not-found` when it has not been embedded with this checkpoint. */
  static async open(studio: Studio, setup: SearchSetup): Promise<FolderSearch> {
    const store = await openEmbeddings(studio, setup.checkpoint, setup.layer);
    try {
      const imageOf = new Map<number, EvaluationImage>();
      for (const image of studio.images(setup.root)) {
        const row = store.rowOf(image.hash);
        if (row !== undefined) imageOf.set(row, image);
      }
      if (imageOf.size === 0)
        throw new AppError(
          'not-found',
          `None of the images of ${setup.root} is embedded with this checkpoint.`,
          'Embed them first: ijepa-studio embed',
        );
      const space = await librarySpace(store, setup.space, Uint32Array.from(imageOf.keys()));
      return new FolderSearch(studio, setup, store, space, await openLibrarySearch(store, space), imageOf);
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** Images that can be found. */
  get size(): number {
    return this.#imageOf.size;
  }

  /** Vectors of query images: a content of the library is looked up, any other file is decoded and embedded. */
  async #vectors(files: readonly string[]): Promise<{ vectors: Float32Array[]; rows: number[] }> {
    const { config } = readCheckpointHeader(this.#setup.checkpoint);
    const vectors: Float32Array[] = [];
    const rows: number[] = [];
    for (const file of files) {
      if (!existsSync(file)) throw new AppError('not-found', `There is no file ${file}.`, 'Check the path of the query image.');
      const result = await this.#studio.decoders.decode({
        path: resolve(file),
        settings: preprocessingOf(config),
        shortSide: cachedShortSide(config.imageSize),
      });
      if (!result.ok) throw new AppError('bad-file', `${file}: ${result.failure.message}`, 'Choose another image.');
      const row = this.#store.rowOf(result.image.contentHash);
      if (row !== undefined) {
        vectors.push(await this.#store.read(Uint32Array.of(row)));
        rows.push(row);
        continue;
      }
      const { width, height, pixels } = result.image;
      const { vectors: made } = await this.#studio.trainer.run({
        kind: 'embed-pixels',
        checkpoint: this.#setup.checkpoint,
        images: [{ width, height, pixels }],
        layer: this.#setup.layer,
        threads: threadsOf(this.#setup.threads ?? 0),
        device: 'cpu',
      });
      vectors.push(made);
    }
    return { vectors, rows };
  }

  /** The `k` images most like all of `plus` and least like `minus` (files), without the query images themselves. */
  async byFiles(plus: readonly string[], minus: readonly string[], k: number, minScore?: number): Promise<readonly Neighbour[]> {
    const [liked, disliked] = [await this.#vectors(plus), await this.#vectors(minus)];
    const place = (vector: Float32Array): Float32Array => placeInSpace(this.#space, vector);
    const query = combineQueries(liked.vectors.map(place), disliked.vectors.map(place));
    return this.#find(query, [...liked.rows, ...disliked.rows], k, minScore);
  }

  /** Neighbours of a content of the folder, without itself. */
  async byHash(hash: string, k: number): Promise<readonly Neighbour[]> {
    const row = this.#store.rowOf(hash);
    if (row === undefined) throw new AppError('not-found', 'This image is not embedded.', 'Embed the folder again: ijepa-studio embed');
    return this.#find(await this.#index.vector(row), [row], k);
  }

  async #find(query: Float32Array, exclude: readonly number[], k: number, minScore?: number): Promise<readonly Neighbour[]> {
    const [found] = await this.#index.search({
      queries: query,
      k,
      allowed: this.#allowed,
      exclude,
      ...(minScore !== undefined && { minScore }),
    });
    return Array.from(found!.rows, (row, i) => {
      const { path, hash, label } = this.#imageOf.get(row)!;
      return { rank: i + 1, score: found!.scores[i]!, path, hash, label };
    });
  }

  async dispose(): Promise<void> {
    await this.#index.dispose();
    await this.#store.dispose();
  }
}

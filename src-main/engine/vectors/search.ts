// Nearest neighbours of an image of the library or of any file.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SpaceKind, SpaceTransform } from '../../evaluation/spaces.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { DecodedImage } from '../../images/decoder.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { displayName } from '../../library/file-names.ts';
import { combineQueries } from '../../retrieval/combine-queries.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { librarySpace, openLibrarySearch, placeInSpace, placeManyInSpace } from '../../retrieval/library-search.ts';
import { withoutLookAlikes } from '../../retrieval/look-alikes.ts';
import type { SearchIndex } from '../../retrieval/search-index.ts';
import { bitmapOf } from '../../retrieval/top-rows.ts';
import type { RowBitmap } from '../../retrieval/top-rows.ts';
import type { Neighbours } from '../../retrieval/vector-memory.ts';
import type { Trainer } from '../../trainer/trainer.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { SplitImage } from '../folders/folder-images.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';
import { rowsOfImages } from './embedded-images.ts';
import type { RowsOfImages } from './embedded-images.ts';
import { computeVectors, openEmbeddings } from './embeddings.ts';

export interface Neighbour {
  readonly rank: number;
  /** Cosine, −1 to 1. */
  readonly score: number;
  /** Absolute; text form of file-names.ts. */
  readonly path: string;
  readonly hash: string;
  readonly label: string | undefined;
}

/** Neighbours as people and other programs are told of them: what is no text in the names of their files is spelled out. */
export const toldNeighbours = (neighbours: readonly Neighbour[]): readonly Neighbour[] =>
  neighbours.map((one) => ({ ...one, path: displayName(one.path), label: one.label && displayName(one.label) }));

export interface SearchSetup {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly space: SpaceKind;
  /** For images from outside that must be embedded first; 0 or nothing: one per core. */
  readonly threads?: number;
}

/** An image to search with: a content that has a vector, or the vector of any other picture as the encoder gives it. */
export type Query = { readonly hash: string } | { readonly vector: Float32Array };

export interface SearchRequest {
  readonly plus: readonly Query[];
  readonly minus?: readonly Query[];
  readonly k: number;
  readonly minScore?: number;
  /** Leaves out what has a higher cosine, in the space of the search, to a shown image above it or to one of `plus`; 1: nothing. */
  readonly hideAbove?: number;
  /** Gives it up: leaving out look-alikes takes a while. */
  readonly signal?: AbortSignal;
}

export interface Found {
  readonly neighbours: readonly Neighbour[];
  /** Left out as almost the same as one above. */
  readonly hidden: number;
}

/** When look-alikes are left out: images looked at beyond those asked for, at a time, and in all. */
const spareRows = 64;
const pageRows = 1000;
const mostLooked = 8192;

/** An open search over a folder's vectors. */
export class FolderSearch {
  readonly #studio: Studio;
  readonly #setup: SearchSetup;
  readonly #store: EmbeddingStore;
  readonly #space: SpaceTransform;
  readonly #index: SearchIndex;
  readonly #imageOf: ReadonlyMap<number, SplitImage>;
  readonly #allowed: RowBitmap;

  private constructor(
    studio: Studio,
    setup: SearchSetup,
    store: EmbeddingStore,
    space: SpaceTransform,
    index: SearchIndex,
    { rows, imageOf }: RowsOfImages<SplitImage>,
  ) {
    this.#studio = studio;
    this.#setup = setup;
    this.#store = store;
    this.#space = space;
    this.#index = index;
    this.#imageOf = imageOf;
    this.#allowed = bitmapOf(rows, store.rows);
  }

  /** Loads the vectors of a folder. Throws `not-found` when it has not been embedded with this checkpoint. */
  static async open(studio: Studio, setup: SearchSetup): Promise<FolderSearch> {
    const store = await openEmbeddings(studio, setup.checkpoint, setup.layer);
    try {
      const { all } = await studio.readImages(setup.root);
      const found = await inPieces(rowsOfImages(all, store));
      if (found.rows.length === 0)
        throw new AppError('not-found', `None of the images of ${setup.root} has a vector of this checkpoint yet.`, computeVectors);
      const space = await librarySpace(store, setup.space, found.rows);
      return new FolderSearch(studio, setup, store, space, await openLibrarySearch(store, space), found);
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  /** Images that can be found. */
  get size(): number {
    return this.#imageOf.size;
  }

  /** Numbers of a vector as it is stored. */
  get dimension(): number {
    return this.#store.dimension;
  }

  /** Whether a content has a vector, wherever its image lies. */
  holds(hash: string): boolean {
    return this.#store.rowOf(hash) !== undefined;
  }

  /** The `k` images most like all of `plus` and least like `minus`, without the query images themselves. Throws `not-found`, `bad-input`, `cancelled`. */
  async find({ plus, minus = [], k, minScore, hideAbove = 1, signal }: SearchRequest): Promise<Found> {
    const rows = [...plus, ...minus].flatMap((query) => ('hash' in query ? [this.#rowOf(query.hash)] : []));
    const place = async (query: Query): Promise<Float32Array> =>
      placeInSpace(this.#space, 'hash' in query ? await this.#store.read([this.#rowOf(query.hash)]) : query.vector);
    const [liked, disliked] = [await Promise.all(plus.map(place)), await Promise.all(minus.map(place))];
    if (this.#space.kind !== 'raw' && [...liked, ...disliked].some((vector) => vector.every((value) => value === 0)))
      throw nothingDiffers(this.size);
    const query = combineQueries(liked, disliked);
    const search = async (count: number, exclude: readonly number[]): Promise<Neighbours> =>
      (
        await this.#index.search({
          queries: query,
          k: count,
          allowed: this.#allowed,
          exclude,
          ...(minScore !== undefined && { minScore }),
        })
      )[0]!;
    if (hideAbove >= 1) return { neighbours: this.#named(await search(k, rows)), hidden: 0 };
    // Page after page of the ranking, until there are k that are not alike.
    const width = this.#space.outputDimension;
    const chosen: { row: number; score: number }[] = [];
    const looked: number[] = [];
    const above = [...liked];
    let hidden = 0;
    for (let spare = spareRows; chosen.length < k && looked.length < mostLooked; spare *= 4) {
      const page = Math.min(pageRows, k - chosen.length + spare);
      const found = await search(page, [...rows, ...looked]);
      const vectors = await this.#placed(found.rows, signal);
      const stays = await inPieces(withoutLookAlikes(vectors, width, hideAbove, concatenated(above)), signal);
      for (let i = 0; i < found.rows.length && chosen.length < k; i++) {
        looked.push(found.rows[i]!);
        if (!stays[i]) hidden++;
        else {
          chosen.push({ row: found.rows[i]!, score: found.scores[i]! });
          above.push(vectors.subarray(i * width, (i + 1) * width));
        }
      }
      if (found.rows.length < page) break;
    }
    const found = { rows: chosen.map(({ row }) => row), scores: chosen.map(({ score }) => score) };
    return { neighbours: this.#named(found), hidden };
  }

  #rowOf(hash: string): number {
    const row = this.#store.rowOf(hash);
    if (row === undefined) throw new AppError('not-found', 'This image has no vector yet.', computeVectors);
    return row;
  }

  /** Vectors of rows in the space, in their order; read in the order in which they lie. */
  async #placed(rows: Uint32Array, signal: AbortSignal | undefined): Promise<Float32Array> {
    const order = Uint32Array.from(rows.keys()).sort((a, b) => rows[a]! - rows[b]!);
    const stored = await this.#store.read(order.map((place) => rows[place]!));
    const read = await inPieces(placeManyInSpace(this.#space, stored), signal);
    const { outputDimension: width } = this.#space;
    const placed = new Float32Array(read.length);
    order.forEach((place, i) => placed.set(read.subarray(i * width, (i + 1) * width), place * width));
    return placed;
  }

  #named({ rows, scores }: { readonly rows: Iterable<number>; readonly scores: ArrayLike<number> }): Neighbour[] {
    return Array.from(rows, (row, i) => {
      const { path, hash, label } = this.#imageOf.get(row)!;
      return { rank: i + 1, score: scores[i]!, path, hash, label };
    });
  }

  /** Query images from files: a content of the library is looked up, any other is decoded and embedded. */
  async #queries(files: readonly string[]): Promise<Query[]> {
    const { config } = readCheckpointHeader(this.#setup.checkpoint);
    const queries: Query[] = [];
    for (const file of files) {
      if (!existsSync(file)) throw new AppError('not-found', `There is no file ${file}.`, 'Check the path of the query image.');
      const result = await this.#studio.decoders.decode({
        path: resolve(file),
        settings: preprocessingOf(config),
        shortSide: cachedShortSide(config.imageSize),
      });
      if (!result.ok) throw new AppError('bad-file', `${file}: ${result.failure.message}`, 'Choose another image.');
      const { image } = result;
      const { checkpoint, layer, threads = 0 } = this.#setup;
      queries.push(
        this.holds(image.contentHash)
          ? { hash: image.contentHash }
          : { vector: await embedPicture(this.#studio.trainer, { checkpoint, layer, threads: threadsOf(threads) }, image) },
      );
    }
    return queries;
  }

  /** As `find`, by files. */
  async byFiles(plus: readonly string[], minus: readonly string[], k: number, minScore?: number): Promise<readonly Neighbour[]> {
    const request = { plus: await this.#queries(plus), minus: await this.#queries(minus), k };
    return (await this.find({ ...request, ...(minScore !== undefined && { minScore }) })).neighbours;
  }

  /** Neighbours of a content of the folder, without itself. */
  async byHash(hash: string, k: number): Promise<readonly Neighbour[]> {
    return (await this.find({ plus: [{ hash }], k })).neighbours;
  }

  async dispose(): Promise<void> {
    await this.#index.dispose();
    await this.#store.dispose();
  }
}

/** The vector of a picture that belongs to no library, as the encoder gives it. */
export async function embedPicture(
  trainer: Trainer,
  setup: Pick<SearchSetup, 'checkpoint' | 'layer'> & { readonly threads: number },
  { width, height, pixels }: Pick<DecodedImage, 'width' | 'height' | 'pixels'>,
): Promise<Float32Array> {
  const { vectors } = await trainer.run({ kind: 'embed-pixels', ...setup, images: [{ width, height, pixels }], device: 'cpu' });
  return vectors;
}

/** For a picture that has no direction in a space whose origin is the mean of the folder: with one image alone, none ever has one. */
function nothingDiffers(images: number): AppError {
  const [message, more] =
    images === 1
      ? ['Only one image of this folder has a vector', 'Compute the vectors of more images, or search']
      : ['All images of this folder have the same vector', 'Search'];
  return new AppError(
    'bad-input',
    `${message}, and this space compares images by what differs between them.`,
    `${more} with the vectors as they are: “Unchanged” (in a terminal: --space raw).`,
  );
}

function concatenated(vectors: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(vectors.reduce((length, one) => length + one.length, 0));
  vectors.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  return all;
}

// From a store on disk to a search: the space is fitted on the library once and kept beside the vectors; every vector, stored or
// asked with, goes through it and is brought to length 1.
import { setImmediate } from 'node:timers/promises';
import { Random } from '../../shared/random.ts';
import { applySpace, normaliseRows, type SpaceKind, type SpaceOptions, type SpaceTransform } from '../evaluation/spaces.ts';
import type { EmbeddingStore } from './embedding-store.ts';
import { fitSpaceAside } from './fit-space.ts';
import { SearchIndex, type SearchIndexOptions } from './search-index.ts';

/** A fit on more vectors than this takes longer and changes nothing that a search shows. */
const fitRows = 20_000;
/** Multiplications (about) between two moments in which the engine can answer: some hundredths of a second. */
const workPerBlock = 1 << 24;
/** Refitted when the library has grown or shrunk by more than half of what the space was fitted on. */
const refitRatio = 1.5;

/**
 * The stored space of `kind`, or one fitted on up to 20,000 of `rows` (default: all rows of the store), drawn by `seed`, and saved
 * when the store is open for writing. Rejects with `bad-input` for an empty store.
 */
export async function librarySpace(
  store: EmbeddingStore,
  kind: SpaceKind,
  rows: Uint32Array = Uint32Array.from({ length: store.rows }, (_, row) => row),
  options: SpaceOptions = {},
): Promise<SpaceTransform> {
  const stored = await store.loadSpace(kind);
  const wanted = Math.min(rows.length, fitRows);
  if (stored && stored.fittedOn <= wanted * refitRatio && wanted <= stored.fittedOn * refitRatio) return stored;
  const order = new Random(options.seed ?? 0, 'evaluation', 3).permutation(rows.length).subarray(0, wanted).sort();
  const sample = await store.read(order.map((place) => rows[place]!));
  const space = await fitSpaceAside(kind, sample, store.dimension, options);
  if (store.writable) await store.saveSpace(space);
  return space;
}

/** A query or block of vectors [·, dimension] as the search wants it: in the space, of length 1. */
export function placeInSpace(space: SpaceTransform, vectors: Float32Array): Float32Array<ArrayBuffer> {
  return normaliseRows(applySpace(space, vectors), space.outputDimension);
}

/** A search over all rows of the store, with the store's row numbers, in `space`. The caller disposes of it. */
export async function openLibrarySearch(
  store: EmbeddingStore,
  space: SpaceTransform,
  options: Omit<SearchIndexOptions, 'dimension'> = {},
): Promise<SearchIndex> {
  const index = await SearchIndex.create({ ...options, dimension: space.outputDimension });
  try {
    await index.load(placedBlocks(store, space));
    return index;
  } catch (error) {
    await index.dispose();
    throw error;
  }
}

async function* placedBlocks(store: EmbeddingStore, space: SpaceTransform): AsyncGenerator<Float32Array> {
  const perRow = store.dimension * (space.kind === 'whitened' ? space.outputDimension : 4);
  for await (const { vectors } of store.blocks(Math.max(1, Math.min(4096, Math.floor(workPerBlock / perRow))))) {
    yield placeInSpace(space, vectors);
    await setImmediate();
  }
}

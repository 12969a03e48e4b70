// From a store on disk to a search: the space is fitted on the library once and kept beside the vectors; every vector, stored or
// asked with, goes through it and is brought to length 1.
import { setImmediate } from 'node:timers/promises';
import { scattered } from '../../shared/scattered.ts';
import { applySpace, normaliseRows, type SpaceKind, type SpaceOptions, type SpaceTransform } from '../evaluation/spaces.ts';
import type { Pieces } from '../files/in-pieces.ts';
import type { EmbeddingStore } from './embedding-store.ts';
import { fitSpaceAside } from './fit-space.ts';
import { keepSpace, keptSpace } from './kept-spaces.ts';
import { SearchIndex, type SearchIndexOptions } from './search-index.ts';

/** A fit on more vectors than this takes longer and changes nothing that a search shows. */
const fitRows = 20_000;
/** Multiplications (about) between two moments in which the engine can answer: some hundredths of a second. */
const workPerBlock = 1 << 24;
/**
 * The space of `kind` for a search among `rows` (default: all rows of the store): one kept beside the vectors that was fitted on mostly
 * the same rows, or a new one, fitted on about 20,000 of them at most and kept for the next time. Rejects with `bad-input` for no rows.
 */
export async function librarySpace(
  store: EmbeddingStore,
  kind: SpaceKind,
  rows: Uint32Array = Uint32Array.from({ length: store.rows }, (_, row) => row),
  options: SpaceOptions = {},
): Promise<SpaceTransform> {
  const sample = fittingRows(rows);
  const kept = keptSpace(store.folder, kind, store.dimension, sample);
  if (kept) return kept;
  const space = await fitSpaceAside(kind, await store.read(sample), store.dimension, options);
  keepSpace(store.folder, space, sample);
  return space;
}

/** Rows to fit on, ascending: all of them, or those with the smallest hashes, which are mostly the same when a library has grown a little. */
function fittingRows(rows: Uint32Array): Uint32Array {
  const limit = (2 ** 32 * fitRows) / rows.length;
  return (rows.length <= fitRows ? rows : rows.filter((row) => scattered(row) < limit)).toSorted();
}

/** A query or block of vectors [·, dimension] as the search wants it: in the space, of length 1. */
export function placeInSpace(space: SpaceTransform, vectors: Float32Array): Float32Array<ArrayBuffer> {
  return normaliseRows(applySpace(space, vectors), space.outputDimension);
}

const rowsPerBlock = ({ kind, dimension, outputDimension }: SpaceTransform): number =>
  Math.max(1, Math.min(4096, Math.floor(workPerBlock / (dimension * (kind === 'whitened' ? outputDimension : 4)))));

/** As `placeInSpace`, block by block. */
export function* placeManyInSpace(space: SpaceTransform, vectors: Float32Array): Pieces<Float32Array> {
  const { dimension, outputDimension } = space;
  const placed = new Float32Array((vectors.length / dimension) * outputDimension);
  const rows = rowsPerBlock(space);
  for (let row = 0; row * dimension < vectors.length; row += rows) {
    placed.set(placeInSpace(space, vectors.subarray(row * dimension, (row + rows) * dimension)), row * outputDimension);
    yield;
  }
  return placed;
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
  for await (const { vectors } of store.blocks(rowsPerBlock(space))) {
    yield placeInSpace(space, vectors);
    await setImmediate();
  }
}

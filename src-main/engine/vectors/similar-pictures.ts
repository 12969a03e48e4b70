// All images of a folder compared with each other by their vectors, and the pairs that are alike by their pixels: once, and kept beside
// the vectors.
import { extname } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { leastSimilarity } from '../../../shared/contract/duplicate-terms.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SpaceKind, SpaceTransform } from '../../evaluation/spaces.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { onThread } from '../../files/thread-work.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { CompareResult, CompareTask } from '../../images/compare-worker.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { commonPairs, keepPairsAside, keptPairs, keyOfSpace, notCompared } from '../../retrieval/kept-pairs.ts';
import type { KeptPairs } from '../../retrieval/kept-pairs.ts';
import { librarySpace, placeInSpace } from '../../retrieval/library-search.ts';
import type { SimilarPairs } from '../../retrieval/pair-collector.ts';
import type { PairsTask } from '../../retrieval/similar-pairs-worker.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { Studio } from '../studio.ts';
import { rowsOfImages } from './embedded-images.ts';
import { computeVectors, openEmbeddings } from './embeddings.ts';

export interface VectorsToCompare {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly space: SpaceKind;
}

/** The pairs of a folder's contents that are alike. */
export interface SimilarPictures {
  readonly pairs: SimilarPairs;
  /** Of each pair, as `KeptPairs`. */
  readonly same: Uint8Array;
  /** Pairs whose pixels were not looked at: pictures that are not in the decode cache, or it was cancelled. */
  readonly unseen: number;
  /** Content of each row in the pairs. */
  readonly hashOf: ReadonlyMap<number, string>;
}

/** Pairs at most, some 34 MB with what is known of them. */
const limits = { floor: leastSimilarity, most: 2_000_000 } as const;
/** Vectors brought into the space before others get their turn: some hundredths of a second. */
const rowsPerBlock = 512;
/** Pairs gone through before others may get their turn: about a millisecond. */
const pairsPerPiece = 10_000;

export type CompareStage = 'vectors' | 'pictures';

export interface CompareOptions {
  readonly signal?: AbortSignal;
  /** The stage, and the share of it that is done. */
  readonly progress?: (stage: CompareStage, share: number) => void;
}

interface Opened {
  readonly store: EmbeddingStore;
  /** Ascending. */
  readonly rows: Uint32Array;
  readonly hashOf: (row: number) => string;
}

async function withVectors<T>(
  studio: Studio,
  { checkpoint, root, layer }: VectorsToCompare,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const store = await openEmbeddings(studio, checkpoint, layer);
  try {
    const { all } = await studio.readImages(root);
    const { rows, imageOf } = await inPieces(rowsOfImages(all, store));
    if (rows.length === 0)
      throw new AppError('not-found', `None of the images of ${root} has a vector of this checkpoint yet.`, computeVectors);
    return await work({ store, rows: rows.toSorted(), hashOf: (row) => imageOf.get(row)!.hash });
  } finally {
    await store.dispose();
  }
}

function* named({ pairs, same }: Pick<KeptPairs, 'pairs' | 'same'>, hashOf: Opened['hashOf']): Pieces<SimilarPictures> {
  const { first, second } = pairs;
  const hashes = new Map<number, string>();
  let unseen = 0;
  for (let i = 0; i < same.length; i++) {
    if (i % pairsPerPiece === 0) yield;
    if (same[i] === notCompared) unseen++;
    for (const row of [first[i]!, second[i]!]) if (!hashes.has(row)) hashes.set(row, hashOf(row));
  }
  return { pairs, same, unseen, hashOf: hashes };
}

/** What was found by an earlier `comparePictures` of these images; undefined where some have come since. Rejects with `not-found` without vectors. */
export async function comparedPictures(studio: Studio, setup: VectorsToCompare): Promise<SimilarPictures | undefined> {
  return withVectors(studio, setup, async ({ store, rows, hashOf }) => {
    const kept = keptPairs(store.folder, setup.space, rows);
    return kept && inPieces(named(kept, hashOf));
  });
}

/**
 * Compares all images that have a vector with each other, those that were compared before only with the others, and keeps what is found.
 * Rejects with `not-found`, `cancelled`, `out-of-memory`.
 */
export async function comparePictures(
  studio: Studio,
  setup: VectorsToCompare,
  { signal, progress = () => {} }: CompareOptions = {},
): Promise<SimilarPictures> {
  return withVectors(studio, setup, async ({ store, rows, hashOf }) => {
    const before = keptPairs(store.folder, setup.space, rows);
    if (before && !before.same.includes(notCompared)) return inPieces(named(before, hashOf), signal);
    const space = await librarySpace(store, setup.space, rows);
    const common = before ?? commonPairs(store.folder, setup.space, keyOfSpace(space), rows);
    // Where there were too many pairs before there need not be now.
    const known = before || (common && common.pairs.floor <= limits.floor) ? common : undefined;
    const pairs = before?.pairs ?? (await pairsOf(store, space, rows, known, signal, (share) => progress('vectors', share)));
    const kept = { kind: setup.space, space: before?.space ?? keyOfSpace(space), rows, pairs, same: knownOf(pairs, known) };
    // At once: what the vectors have told stays known where looking at the pictures is cancelled.
    if (!before) await keepPairsAside(store.folder, kept);
    if (!kept.same.includes(notCompared)) return inPieces(named(kept, hashOf));
    const seen = { ...kept, same: await sameOf(studio, setup, kept, hashOf, signal, (share) => progress('pictures', share)) };
    await keepPairsAside(store.folder, seen);
    return inPieces(named(seen, hashOf));
  });
}

async function pairsOf(
  store: EmbeddingStore,
  space: SpaceTransform,
  rows: Uint32Array,
  known: KeptPairs | undefined,
  signal: AbortSignal | undefined,
  progress: (share: number) => void,
): Promise<SimilarPairs> {
  const old = new Set(known?.rows);
  const order = Uint32Array.from([...(known?.rows ?? []), ...rows.filter((row) => !old.has(row))]);
  const { outputDimension: dimension } = space;
  const vectors = new Float32Array(order.length * dimension);
  for (let from = 0; from < order.length; from += rowsPerBlock) {
    const block = placeInSpace(space, await store.read(order.subarray(from, from + rowsPerBlock)));
    vectors.set(block, from * dimension);
    await breathe();
    if (signal?.aborted === true) throw new AppError('cancelled', 'It was cancelled.', 'Start it again when you want it.');
  }
  const placeOf = new Uint32Array(store.rows);
  order.forEach((row, place) => (placeOf[row] = place));
  const task: PairsTask = {
    vectors,
    dimension,
    rows: order,
    limits,
    known: known && {
      rows: known.rows.length,
      pairs: {
        ...known.pairs,
        first: known.pairs.first.map((row) => placeOf[row]!),
        second: known.pairs.second.map((row) => placeOf[row]!),
      },
    },
  };
  const entry = new URL(`../../retrieval/similar-pairs-worker${extname(import.meta.url)}`, import.meta.url);
  return onThread<SimilarPairs>(entry, task, { name: 'similar pairs', signal, progress, transfer: [vectors.buffer] });
}

/** What is known of the pairs by their pixels. */
function knownOf({ first, second }: SimilarPairs, known: KeptPairs | undefined): Uint8Array {
  const same = new Uint8Array(first.length);
  // Those that are known are among the others in the same order, up to the last that lie above the floor.
  let next = 0;
  for (let i = 0; known && i < first.length; i++)
    if (known.pairs.first[next] === first[i] && known.pairs.second[next] === second[i]) same[i] = known.same[next++]!;
  return same;
}

/** The same, with the other pairs looked at. */
async function sameOf(
  studio: Studio,
  { checkpoint }: VectorsToCompare,
  { pairs: { first, second }, same: known }: Pick<KeptPairs, 'pairs' | 'same'>,
  hashOf: Opened['hashOf'],
  signal: AbortSignal | undefined,
  progress: (share: number) => void,
): Promise<Uint8Array> {
  const same = known.slice();
  const open = first.map((_, i) => i).filter((i) => same[i] === notCompared);
  const placeOf = new Map<number, number>();
  const hashes: string[] = [];
  const place = (row: number): number => {
    const there = placeOf.get(row);
    if (there !== undefined) return there;
    placeOf.set(row, hashes.length);
    return hashes.push(hashOf(row)) - 1;
  };
  const { config } = readCheckpointHeader(checkpoint);
  const task: CompareTask = {
    folder: studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)),
    first: open.map((i) => place(first[i]!)),
    second: open.map((i) => place(second[i]!)),
    hashes,
  };
  const entry = new URL(`../../images/compare-worker${extname(import.meta.url)}`, import.meta.url);
  const found = await onThread<CompareResult>(entry, task, { name: 'compare pictures', signal, progress });
  open.forEach((i, k) => (same[i] = found[k]!));
  return same;
}

// The map of a folder's images by the vectors of a checkpoint: drawn, kept beside the vectors, and found again.
import { AppError } from '../../../shared/errors.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { librarySpace } from '../../retrieval/library-search.ts';
import { drawMap } from '../../retrieval/map/draw-map.ts';
import type { DrawMapOptions } from '../../retrieval/map/draw-map.ts';
import { keepMap, keptMap, placesOf } from '../../retrieval/map/kept-maps.ts';
import type { LibraryMap } from '../../retrieval/map/kept-maps.ts';
import type { SplitImage } from '../folders/folder-images.ts';
import type { Studio } from '../studio.ts';
import { pieceImages, rowsOfImages } from './embedded-images.ts';
import { computeVectors, openEmbeddings } from './embeddings.ts';

export interface MapSetup {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly space: SpaceKind;
}

export interface FolderMap {
  readonly images: readonly SplitImage[];
  /** [images, 2] in a square from −1 to 1. */
  readonly places: Float32Array;
  /** Images with vectors that are not on it. */
  readonly missing: number;
}

/** Lets `work` use the vectors of a folder's images, by ascending row. Throws `not-found` where there are none. */
async function withVectors<T>(
  studio: Studio,
  { checkpoint, root, layer }: MapSetup,
  work: (store: EmbeddingStore, rows: Uint32Array<ArrayBuffer>, imageOf: ReadonlyMap<number, SplitImage>) => Promise<T>,
): Promise<T> {
  const store = await openEmbeddings(studio, checkpoint, layer);
  try {
    const { rows, imageOf } = await inPieces(rowsOfImages((await studio.readImages(root)).all, store));
    if (rows.length === 0)
      throw new AppError('not-found', `None of the images of ${root} has a vector of this checkpoint yet.`, computeVectors);
    return await work(store, rows.sort(), imageOf);
  } finally {
    await store.dispose();
  }
}

/** The map as it was drawn last; undefined before that. Throws `not-found` where there are no vectors. */
export async function folderMap(studio: Studio, setup: MapSetup): Promise<FolderMap | undefined> {
  return withVectors(studio, setup, async (store, rows, imageOf) => {
    const map = await inPieces(keptMap(store.folder, setup.space, rows));
    return map && inPieces(imagesOn(map, rows.length, imageOf));
  });
}

/** Those of its images that are in the folder now. */
function* imagesOn({ rows, places }: LibraryMap, embedded: number, imageOf: ReadonlyMap<number, SplitImage>): Pieces<FolderMap> {
  const images: SplitImage[] = [];
  const kept = new Float32Array(places.length);
  for (const [i, row] of rows.entries()) {
    if (i % pieceImages === 0) yield;
    const image = imageOf.get(row);
    if (!image) continue;
    kept[2 * images.length] = places[2 * i]!;
    kept[2 * images.length + 1] = places[2 * i + 1]!;
    images.push(image);
  }
  return { images, places: kept.slice(0, 2 * images.length), missing: embedded - images.length };
}

/** Draws and keeps it, on a thread; images of an earlier map stay near their places. Returns how many are on it. Throws `not-found`, `cancelled`, `out-of-memory`, `disk-full`, `not-writable`. */
export async function drawFolderMap(studio: Studio, setup: MapSetup, options: DrawMapOptions): Promise<number> {
  return withVectors(studio, setup, async (store, rows) => {
    const space = await librarySpace(store, setup.space, rows);
    const whitened = setup.space === 'whitened' ? space : await librarySpace(store, 'whitened', rows);
    const before = await inPieces(keptMap(store.folder, setup.space, rows));
    const earlier = before && placesOf(before, rows);
    const places = await drawMap({ store: store.folder, rows, space, whitened, earlier }, options);
    keepMap(store.folder, setup.space, { rows, places });
    return rows.length;
  });
}

/**
 * A map that has all images: the kept one, unless it is to be drawn `again`, or one that is drawn now. Throws as `drawFolderMap`.
 */
export async function wholeMap(
  studio: Studio,
  setup: MapSetup,
  { again = false, ...options }: DrawMapOptions & { readonly again?: boolean } = {},
): Promise<{ readonly map: FolderMap; readonly isNew: boolean }> {
  const kept = again ? undefined : await folderMap(studio, setup);
  if (kept?.missing === 0) return { map: kept, isNew: false };
  await drawFolderMap(studio, setup, options);
  const map = await folderMap(studio, setup);
  if (!map) throw new AppError('internal', 'The map that was drawn is not there any more.', 'Draw it again.');
  return { map, isNew: true };
}

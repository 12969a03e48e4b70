// The vectors of a folder on their way into files: one pass over the store, a block at a time, into every format that was asked for.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../../shared/errors.ts';
import type { SpaceKind, SpaceTransform } from '../../evaluation/spaces.ts';
import { applySpace } from '../../evaluation/spaces.ts';
import { inPieces } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import type { Bundle } from '../../formats/bundle.ts';
import { csvSink, projectorSink } from '../../formats/delimited.ts';
import { npySink } from '../../formats/npy.ts';
import { parquetSink } from '../../formats/parquet.ts';
import type { ExportedImage, VectorSink } from '../../formats/vector-sink.ts';
import { DecodeCache } from '../../images/cache.ts';
import { spriteSheet, thumbnailSide } from '../../images/sprite.ts';
import { usableImages } from '../../library/catalogue.ts';
import type { TrainingImage } from '../../library/catalogue.ts';
import { displayName } from '../../library/file-names.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { librarySpace } from '../../retrieval/library-search.ts';
import { encodeSpace } from '../../retrieval/space-file.ts';
import type { Studio } from '../studio.ts';
import { pieceImages, rowsOfImages } from '../vectors/embedded-images.ts';
import { computeVectors } from '../vectors/embeddings.ts';
import { NeighbourFinder } from './export-neighbours.ts';
import { exportedPlaces } from './export-places.ts';
import type { ExportedPlaces, Projection } from './export-places.ts';

export const vectorFormats = ['npy', 'parquet', 'csv', 'projector'] as const;
export type VectorFormat = (typeof vectorFormats)[number];

export interface VectorExport {
  readonly root: string;
  readonly formats: readonly VectorFormat[];
  readonly space: SpaceKind;
  readonly vectorColumn: string;
  /** Neighbours of each image in the Parquet file; 0: none. */
  readonly neighbours: number;
  readonly signal?: AbortSignal;
  /** Where the thumbnails of the Projector come from. */
  readonly cacheFolder: string;
  /** Written into the Parquet files themselves. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ExportedVectors {
  readonly rows: number;
  readonly dimension: number;
  readonly space: SpaceTransform;
  /** As `hashOfRows`. */
  readonly images: string;
  /** Where a map was drawn. */
  readonly places?: ExportedPlaces | undefined;
}

/** What a manifest says of vectors that tells them from others. */
export interface VectorsIdentity {
  readonly space: SpaceKind;
  readonly spaceFittedOn: number;
  readonly D: number;
  readonly rowsHash: string;
  readonly projection?: Projection;
}

/** By what vectors are told from others, in a manifest and before there is one. */
export function identityOf({ space, dimension, images, places }: Omit<ExportedVectors, 'rows'>): VectorsIdentity {
  return {
    space: space.kind,
    spaceFittedOn: space.kind === 'raw' ? 0 : space.fittedOn,
    D: dimension,
    rowsHash: images,
    ...(places && { projection: places.projection }),
  };
}

/** Throws `cancelled` once it is asked to end. */
export function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new AppError('cancelled', 'The export was cancelled.', 'Nothing of it was left; start it again when you like.');
}

/** Values read at a time: as text they take some hundredths of a second, and the engine answers in between. */
const valuesPerBlock = 1 << 15;

/** The images of a folder that are in a store. */
export interface EmbeddedImages {
  /** Rows of the store, ascending. */
  readonly rows: Uint32Array<ArrayBuffer>;
  /** One for each row. */
  readonly images: readonly TrainingImage[];
}

function* inStore(usable: readonly TrainingImage[], store: EmbeddingStore): Pieces<EmbeddedImages> {
  const { rows, imageOf } = yield* rowsOfImages(usable, store);
  const ordered = rows.sort();
  const images: TrainingImage[] = [];
  for (const [i, row] of ordered.entries()) {
    if (i % pieceImages === 0) yield;
    images.push(imageOf.get(row)!);
  }
  return { rows: ordered, images };
}

/** The images of a folder that have a vector. Rejects with `not-found` when none has one, and with `cancelled`. */
export async function embeddedImages(studio: Studio, store: EmbeddingStore, root: string, signal?: AbortSignal): Promise<EmbeddedImages> {
  const usable = await inPieces(usableImages(studio.library, root), signal);
  const found = await inPieces(inStore(usable.images, store), signal);
  if (found.rows.length === 0)
    throw new AppError('not-found', `None of the images of ${root} has a vector of this checkpoint yet.`, computeVectors);
  return found;
}

export function exportedImage(id: number, { path, label, split }: TrainingImage, places?: ExportedPlaces): ExportedImage {
  const name = displayName(path);
  return { id, path: name, name: basename(name), label: label ?? undefined, split: split ?? undefined, place: places?.of(id) };
}

/** The thumbnails of the images, where the decode cache has them. */
async function drawSprite(
  bundle: Bundle,
  { cacheFolder, signal }: VectorExport,
  images: readonly TrainingImage[],
): Promise<number | undefined> {
  const side = thumbnailSide(images.length);
  if (side === undefined) return undefined;
  let cache: DecodeCache;
  try {
    cache = new DecodeCache(cacheFolder, { access: 'read' });
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined;
    throw error;
  }
  try {
    const hashes = images.map(({ hash }) => hash);
    await spriteSheet(cache, hashes, side, bundle.file('projector/sprite.png'), () => requireGoing(signal));
    return side;
  } finally {
    cache.dispose();
  }
}

interface Destination {
  readonly bundle: Bundle;
  readonly options: VectorExport;
  readonly images: readonly TrainingImage[];
  readonly dimension: number;
  /** Whether there is a map. */
  readonly places: boolean;
}

const openers: Readonly<Record<VectorFormat, (destination: Destination) => Promise<readonly VectorSink[]>>> = {
  npy: async ({ bundle, options: { metadata }, images, dimension, places }) => [
    npySink(bundle.file('vectors.npy'), images.length, dimension),
    parquetSink(bundle.file('paths.parquet'), { dimension, vectorColumn: undefined, neighbours: false, places, metadata }),
  ],
  parquet: async ({ bundle, options: { vectorColumn, neighbours, metadata }, dimension, places }) => [
    parquetSink(bundle.file('embeddings.parquet'), { dimension, vectorColumn, neighbours: neighbours > 0, places, metadata }),
  ],
  csv: async ({ bundle, dimension, places }) => [csvSink(bundle.file('embeddings.csv'), dimension, places)],
  projector: async ({ bundle, options, images, dimension }) => {
    const side = await drawSprite(bundle, options, images);
    const files = {
      tensors: bundle.file('projector/tensors.tsv'),
      metadata: bundle.file('projector/metadata.tsv'),
      config: bundle.file('projector/projector_config.json'),
    };
    const columns = (['label', 'split'] as const).filter((column) => images.some((image) => image[column] !== null));
    return [
      projectorSink(files, {
        rows: images.length,
        dimension,
        columns,
        ...(side !== undefined && { sprite: { name: 'sprite.png', side } }),
      }),
    ];
  },
};

async function openSinks(destination: Destination): Promise<VectorSink[]> {
  const sinks: VectorSink[] = [];
  try {
    for (const format of destination.options.formats) sinks.push(...(await openers[format](destination)));
    return sinks;
  } catch (error) {
    for (const sink of sinks) sink.discard();
    throw error;
  }
}

/** Hash over which images the rows are, in order, with where they lie, their labels and splits. */
export function* hashOfRows(images: readonly TrainingImage[]): Pieces<string> {
  const hash = createHash('sha256');
  for (const [i, { hash: content, path, label, split }] of images.entries()) {
    if (i % pieceImages === 0) yield;
    hash.update(JSON.stringify([content, path, label, split]));
  }
  return hash.digest('hex');
}

/** The vectors of a block, whose first row is `firstRow`, that belong to the folder, side by side; `done` rows of it came before. */
function chosenVectors(firstRow: number, vectors: Float32Array, dimension: number, rows: Uint32Array, done: number): Float32Array {
  const kept = new Float32Array(vectors.length);
  let count = 0;
  for (; done + count < rows.length; count++) {
    const place = (rows[done + count]! - firstRow) * dimension;
    if (place >= vectors.length) break;
    kept.set(vectors.subarray(place, place + dimension), count * dimension);
  }
  return kept.subarray(0, count * dimension);
}

/** Writes the vectors of a folder. Throws `not-found` when nothing of it is embedded, `disk-full`, `not-writable`. */
export async function exportVectors(
  studio: Studio,
  store: EmbeddingStore,
  bundle: Bundle,
  options: VectorExport,
  onProgress: (done: number, total: number) => void,
): Promise<ExportedVectors> {
  const { rows, images } = await embeddedImages(studio, store, options.root, options.signal);
  const space = await librarySpace(store, options.space, rows);
  const hash = await inPieces(hashOfRows(images), options.signal);
  const places = await inPieces(exportedPlaces(store.folder, options.space, rows), options.signal);
  const sinks = await openSinks({ bundle, options, images, dimension: space.outputDimension, places: places !== undefined });
  let finder: NeighbourFinder | undefined;
  try {
    if (options.neighbours > 0 && options.formats.includes('parquet')) finder = await NeighbourFinder.open(store, space, rows);
    let done = 0;
    for await (const { firstRow, vectors } of store.blocks(Math.max(1, Math.floor(valuesPerBlock / store.dimension)))) {
      requireGoing(options.signal);
      const chosen = chosenVectors(firstRow, vectors, store.dimension, rows, done);
      if (chosen.length === 0) continue;
      const placed = applySpace(space, chosen);
      const found = await finder?.find(placed, done, options.neighbours);
      const block = images
        .slice(done, done + chosen.length / store.dimension)
        .map((image, i) => ({ ...exportedImage(done + i, image, places), ...(found && { neighbours: found[i]! }) }));
      for (const sink of sinks) {
        sink.write(block, placed);
        await setImmediate();
      }
      done += block.length;
      onProgress(done, images.length);
    }
    for (const sink of sinks) sink.finish();
    if (space.kind !== 'raw') writeFileAside(bundle.file('space.safetensors'), encodeSpace(space));
    return { rows: done, dimension: space.outputDimension, space, images: hash, places };
  } finally {
    for (const sink of sinks) sink.discard();
    await finder?.dispose();
  }
}

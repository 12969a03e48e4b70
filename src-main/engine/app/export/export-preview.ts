// What an export will hold: its first rows, its size, and how to read it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import type { ExportFormat, ExportPreview } from '../../../../shared/contract/contract-explore.ts';
import { applySpace } from '../../../evaluation/spaces.ts';
import { inPieces } from '../../../files/in-pieces.ts';
import { projectionColumns } from '../../../formats/vector-sink.ts';
import { modelSize } from '../../../jepa/model.ts';
import { folderOf } from '../../../library/folders.ts';
import { librarySpace } from '../../../retrieval/library-search.ts';
import { mapsStamp } from '../../../retrieval/map/kept-maps.ts';
import { sizesOf, stepSize } from '../../../training/plan/step-size.ts';
import { readCheckpointHeader } from '../../../training/run-folder/checkpoint.ts';
import { exportedPlaces } from '../../export/export-places.ts';
import { embeddedImages, exportedImage, hashOfRows, identityOf } from '../../export/export-vectors.ts';
import type { VectorsIdentity } from '../../export/export-vectors.ts';
import { exportThere, holdVectors, requireRoot } from '../../export/export.ts';
import type { ExportOptions } from '../../export/export.ts';
import type { Studio } from '../../studio.ts';
import { findEmbeddings, openEmbeddings } from '../../vectors/embeddings.ts';
import { readingCode } from './export-code.ts';

const rowsShown = 5;
const numbersShown = 3;
/** Previews of the vectors that are remembered: a person changes formats more often than sources. */
const mostKept = 8;

export type PreviewOptions = Omit<ExportOptions, 'signal'>;

interface FirstRows {
  readonly images: number;
  readonly dimension: number;
  readonly identity: VectorsIdentity;
  /** Mean length of a path. */
  readonly pathBytes: number;
  /** Places of the first rows, as text, where there is a map; empty for those that are not on it. */
  readonly rows: readonly { readonly fields: readonly string[]; readonly places: readonly string[]; readonly vector: Float32Array }[];
}

const columnsBefore = ['id', 'file_name', 'filepath'] as const;
const columnsAfter = ['label', 'split'] as const;

const vectorText = (vector: Float32Array): string =>
  `[${Array.from(vector.subarray(0, numbersShown), (value) => value.toPrecision(4)).join(', ')}${vector.length > numbersShown ? ', …' : ''}]`;

/** Columns and rows as the first of the chosen formats has them: Parquet, else CSV, else what lies beside the `.npy`. */
function table(
  { formats, vectorColumn, neighbours }: PreviewOptions,
  { rows, dimension, identity }: FirstRows,
): Pick<ExportPreview, 'columns' | 'rows'> {
  const after = [...columnsAfter, ...(identity.projection ? projectionColumns : [])];
  if (formats.includes('parquet') || !formats.includes('csv')) {
    const more = formats.includes('parquet') && neighbours > 0 ? ['neighbors'] : [];
    return {
      columns: [...columnsBefore, vectorColumn, ...after, ...more],
      rows: rows.map(({ fields, places, vector }) => [
        ...fields.slice(0, 3),
        vectorText(vector),
        ...fields.slice(3),
        ...places,
        ...more.map(() => `{ids: ${neighbours}, distances: ${neighbours}}`),
      ]),
    };
  }
  const shown = Math.min(numbersShown, dimension);
  return {
    columns: [...columnsBefore, ...after, ...Array.from({ length: shown }, (_, i) => `e${i}`), '…'],
    rows: rows.map(({ fields, places, vector }) => [
      ...fields,
      ...places,
      ...Array.from(vector.subarray(0, shown), (value) => value.toPrecision(9)),
      '…',
    ]),
  };
}

function bytesOf({ formats, neighbours }: PreviewOptions, first: FirstRows | undefined, encoder: number, predictor: number): number {
  const { images = 0, dimension = 0, pathBytes = 0 } = first ?? {};
  const map = first?.identity.projection ? 1 : 0;
  const described = images * (2 * pathBytes + 20 + 8 * map);
  const sizes: Readonly<Record<ExportFormat, number>> = {
    npy: 128 + 4 * images * dimension + described,
    parquet: images * (4 * dimension + 8 * neighbours) + described,
    csv: images * (12.5 * dimension + 40 + 17 * map) + described,
    projector: images * (12.5 * dimension + pathBytes),
    safetensors: 4 * (2 * encoder + predictor),
    huggingface: 4 * encoder,
    onnx: 4 * encoder,
  };
  return Math.round(formats.reduce((bytes, format) => bytes + sizes[format], 0));
}

export class ExportPreviews {
  readonly #studio: Studio;
  readonly #kept = new Map<string, FirstRows>();

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** Throws `not-found` when vectors are asked for that are not embedded. */
  async of(options: PreviewOptions): Promise<ExportPreview> {
    const { config } = readCheckpointHeader(options.checkpoint);
    const sizes = sizesOf(stepSize(config), config);
    const first = await this.#first(options);
    const earlier = await exportThere(options, first?.identity);
    return {
      ...(first ? table(options, first) : { columns: [], rows: [] }),
      images: first?.images ?? 0,
      dimension: first?.dimension ?? 0,
      bytes: bytesOf(options, first, sizes.encoderParameters, sizes.predictorParameters),
      code: readingCode({ ...options, size: modelSize(config), preprocessing: preprocessingOf(config) }),
      ...(earlier && { earlier }),
    };
  }

  /** None where no vectors are asked for. */
  async #first({ checkpoint, root: folderOfImages, layer, space, formats }: PreviewOptions): Promise<FirstRows | undefined> {
    if (!holdVectors(formats)) return undefined;
    const root = requireRoot(folderOfImages);
    const folder = await findEmbeddings(this.#studio.home, checkpoint, layer);
    const stats = folder === undefined ? undefined : statSync(join(folder, 'committed.json'), { throwIfNoEntry: false });
    const { id, path, labels } = folderOf(this.#studio.library, root);
    const stamp = this.#studio.library.stamps.images(id);
    const key = JSON.stringify([
      folder,
      stats?.mtimeMs,
      stats?.size,
      id,
      path,
      labels,
      stamp,
      space,
      folder === undefined ? '' : mapsStamp(folder),
    ]);
    const known = this.#kept.get(key);
    if (known) return known;
    const store = await openEmbeddings(this.#studio, checkpoint, layer);
    try {
      const { rows: all, images } = await embeddedImages(this.#studio, store, root);
      const fitted = await librarySpace(store, space, all);
      const rows = all.subarray(0, rowsShown);
      const vectors = applySpace(fitted, await store.read(rows));
      const { outputDimension: dimension } = fitted;
      const places = await inPieces(exportedPlaces(store.folder, space, all));
      let pathBytes = 0;
      for (const { path } of images) pathBytes += path.length;
      const first = {
        images: all.length,
        dimension,
        identity: identityOf({ space: fitted, dimension, images: await inPieces(hashOfRows(images)), places }),
        pathBytes: pathBytes / all.length,
        rows: Array.from(rows, (_, i) => {
          const { id, name, path, label = '', split = '' } = exportedImage(i, images[i]!);
          const placed = places ? (places.of(i)?.map((value) => value.toPrecision(4)) ?? ['', '']) : [];
          return {
            fields: [String(id), name, path, label, split],
            places: placed,
            vector: vectors.slice(i * dimension, (i + 1) * dimension),
          };
        }),
      };
      for (const oldest of this.#kept.keys()) if (this.#kept.size >= mostKept) this.#kept.delete(oldest);
      this.#kept.set(key, first);
      return first;
    } finally {
      await store.dispose();
    }
  }
}

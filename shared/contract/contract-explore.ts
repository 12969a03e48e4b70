// Vectors, neighbours, exports.
import * as v from 'valibot';
import { configTable } from '../config/config-table.ts';
import { channel } from './channel.ts';
import type { JobStarted } from './contract-jobs.ts';
import { checkpoint, count, identity, layer, path, runName, score, space, text } from './contract-values.ts';
import type { Layer } from './contract-values.ts';
import { uploadLimit } from './limits.ts';

/** Vectors that can be searched: which run, step and layer they come from is always in sight. */
export interface EmbeddingSource {
  readonly run: string;
  readonly step: number;
  readonly layer: Layer;
  readonly dimension: number;
  /** Images of the folder that have a vector, and all that could have one. */
  readonly embedded: number;
  readonly images: number;
}

export interface NeighbourRow {
  readonly rank: number;
  /** Cosine in the space of the search. */
  readonly score: number;
  readonly image: number;
  readonly path: string;
  readonly label: string | null;
  readonly width: number;
  readonly height: number;
}

export interface SearchResult {
  readonly source: EmbeddingSource;
  readonly neighbours: readonly NeighbourRow[];
  /** Left out as copies of one above. */
  readonly hidden: number;
  readonly milliseconds: number;
}

/** What an encoder sees in a picture: its patches as colours, the same for all pictures of a folder and a checkpoint. */
export interface FeatureView {
  /** Pixels along a side of what the encoder got, [side, side, 3] bytes. */
  readonly side: number;
  readonly seen: Uint8Array;
  /** Patches along a side, [grid, grid, 3] bytes: the first three principal components as red, green and blue. */
  readonly grid: number;
  readonly colours: Uint8Array;
  /** Patches along a side that the encoder was trained on. */
  readonly trained: number;
  /** Images of the folder that the colours were fitted on. */
  readonly fittedOn: number;
}

/** A picture of the library, or one from outside that was handed over before. */
export const queryImage = v.union([v.strictObject({ image: identity }), v.strictObject({ upload: identity })]);
export type QueryImage = v.InferOutput<typeof queryImage>;

export const exportFormats = ['npy', 'parquet', 'csv', 'projector', 'safetensors', 'huggingface', 'onnx'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const vectors = { folder: identity, run: runName, checkpoint, layer } as const;
const exported = {
  ...vectors,
  /** Weights alone need none. */
  folder: v.optional(identity),
  space,
  formats: v.pipe(v.array(v.picklist(exportFormats)), v.minLength(1), v.maxLength(exportFormats.length)),
  vectorColumn: v.pipe(text(100), v.trim(), v.minLength(1)),
  /** Neighbours of each image in the Parquet file. */
  neighbours: count(999),
} as const;

/** What its manifest says of an export that lies where another is to go. */
export interface EarlierExport {
  /** ISO time; none of an export that was never finished, nor the run, step and folder. */
  readonly created?: string;
  readonly run?: string;
  readonly step?: number;
  /** Name of the folder whose vectors are in it; exports of earlier versions do not say. */
  readonly folder?: string;
  /** Whether it gives way for sure: one of the same weights and vectors is added to. */
  readonly replaced: boolean;
}

export interface ExportPreview {
  readonly columns: readonly string[];
  /** As text, the first rows. */
  readonly rows: readonly (readonly string[])[];
  readonly images: number;
  readonly dimension: number;
  /** Bytes, roughly. */
  readonly bytes: number;
  readonly earlier?: EarlierExport;
  /** How other programs read it. */
  readonly code: readonly { readonly reader: string; readonly text: string }[];
}

export const exploreChannels = {
  /** What a folder can be searched by, the newest first. */
  'explore.sources': channel<readonly EmbeddingSource[]>()(v.strictObject({ folder: identity })),
  /** Computes the vectors that are missing. */
  'explore.embed': channel<JobStarted>()(v.strictObject({ ...vectors, device: v.optional(v.picklist(configTable.device.choices)) })),
  'explore.search': channel<SearchResult>()(
    v.strictObject({
      folder: identity,
      run: runName,
      step: count(1e12),
      layer,
      space,
      plus: v.pipe(v.array(queryImage), v.minLength(1), v.maxLength(32)),
      minus: v.pipe(v.array(queryImage), v.maxLength(32)),
      k: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
      minScore: v.optional(score),
      /** Hides what is this like one above it (1: only the same content). */
      hideAbove: v.optional(score),
    }),
  ),
  /** Hands a picture over as a query; the last 32 are kept, in memory only. Throws `bad-file`. */
  'explore.upload': channel<{ readonly upload: number; readonly width: number; readonly height: number }>()(
    v.strictObject({
      name: text(1000),
      bytes: v.pipe(
        v.instance(Uint8Array),
        v.check((bytes) => bytes.byteLength <= uploadLimit, 'Pictures of at most 64 MiB can be looked up.'),
      ),
    }),
  ),
  /** Patches of a picture as colours. The first picture of a checkpoint takes seconds. Throws `not-found`, `bad-file`, `no-images`. */
  'explore.features': channel<FeatureView>()(
    v.strictObject({
      folder: identity,
      run: runName,
      step: count(1e12),
      image: queryImage,
      /** Times as many pixels and patches along a side as the encoder was trained on; absent: as suits it (`usualCloseness`). */
      finer: v.optional(v.picklist([1, 2, 4])),
    }),
  ),
  'export.preview': channel<ExportPreview>()(v.strictObject({ ...exported, target: path })),
  /** Where an export of a checkpoint, and of a folder for its vectors, goes when nothing is chosen. */
  'export.target': channel<{ readonly path: string }>()(v.strictObject({ folder: v.optional(identity), run: runName, checkpoint })),
  'export.start': channel<JobStarted>()(v.strictObject({ ...exported, target: path })),
} as const;

// Exports a folder's vectors and a run's weights for other programs, as one folder of files with a manifest.
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import type { EarlierExport } from '../../../shared/contract/contract-explore.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import { programVersion } from '../../../shared/version.ts';
import type { SpaceKind } from '../../evaluation/spaces.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { Bundle, earlierExport } from '../../formats/bundle.ts';
import type { BundledFile, Finished } from '../../formats/bundle.ts';
import { parquetColumns } from '../../formats/parquet.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { modelSize } from '../../jepa/model.ts';
import type { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import type { ModelDescription } from '../../weights/model-description.ts';
import { openingCall } from '../../weights/modeling-code.ts';
import type { Studio } from '../studio.ts';
import { openEmbeddings, weightsHash } from '../vectors/embeddings.ts';
import { requireOutside } from '../write-target.ts';
import { exportVectors, identityOf, vectorFormats } from './export-vectors.ts';
import type { ExportedVectors, VectorFormat, VectorsIdentity } from './export-vectors.ts';
import { exportWeights, weightFormats } from './export-weights.ts';
import type { WeightFormat } from './export-weights.ts';

export type ExportFormat = VectorFormat | WeightFormat;
export const exportFormats: readonly ExportFormat[] = [...vectorFormats, ...weightFormats];

/** Whether some of the formats are of images, not of weights alone. */
export const holdVectors = (formats: readonly ExportFormat[]): boolean => vectorFormats.some((format) => formats.includes(format));

/** Whether some of the formats have columns for the places of a map: that of the Projector draws its own. */
export const holdPlaces = (formats: readonly ExportFormat[]): boolean =>
  vectorFormats.some((format) => format !== 'projector' && formats.includes(format));

export interface ExportOptions {
  readonly checkpoint: string;
  /** Folder of the images; weights have none. */
  readonly root: string | undefined;
  readonly target: string;
  readonly formats: readonly ExportFormat[];
  readonly layer: EmbeddingLayer;
  readonly space: SpaceKind;
  readonly vectorColumn: string;
  readonly neighbours: number;
  /** Ends it; what was written is taken away. */
  readonly signal?: AbortSignal;
}

export interface ExportProgress {
  readonly done: number;
  readonly total: number;
}

/** An export that was in the folder; what it was is unknown where it was never finished. */
export interface ReplacedExport {
  /** ISO time. */
  readonly created: string | undefined;
  readonly run: string | undefined;
  readonly step: number | undefined;
  /** Its files that are gone and have no successor. */
  readonly removed: readonly string[];
}

/** The map whose places are exported, and how many images are not on it. */
export interface ExportedMap {
  readonly space: SpaceKind;
  readonly missing: number;
}

export interface Exported {
  readonly files: readonly BundledFile[];
  /** Absent when only weights were exported. */
  readonly vectors: { readonly rows: number; readonly dimension: number; readonly map?: ExportedMap } | undefined;
  readonly replaced?: ReplacedExport;
  /** The call of Python by which transformers opens the Hugging Face folder, where there is one. */
  readonly opening?: string;
}

/** The folder whose vectors are asked for. Throws `bad-input` where none was named. */
export function requireRoot(root: string | undefined): string {
  if (root === undefined)
    throw new AppError('bad-input', 'Vectors are of a folder of images, and none was named.', 'Name one, or export weights alone.');
  return root;
}

function requireColumn(name: string): void {
  if (name.trim() === '' || (parquetColumns as readonly string[]).includes(name))
    throw new AppError(
      'bad-input',
      `The column of vectors cannot be called '${name}'.`,
      `Choose a name other than ${parquetColumns.join(', ')}.`,
    );
}

/** What can be said of an export before any work for it. Rejects with `bad-input`. */
export async function requireExportable(
  studio: Studio,
  { vectorColumn, formats, root, target }: Pick<ExportOptions, 'vectorColumn' | 'formats' | 'root' | 'target'>,
): Promise<void> {
  requireColumn(vectorColumn);
  if (holdVectors(formats)) requireRoot(root);
  await requireOutside(target, studio.originals);
}

/** What the manifest says; other programs and people read it. */
function describe(
  model: ModelDescription,
  hash: string,
  layer: EmbeddingLayer,
  vectors: ExportedVectors | undefined,
  root: string | undefined,
): Record<string, unknown> {
  const { size, preprocessing, run, step } = model;
  return {
    program: `ijepa-studio ${programVersion}`,
    created: new Date().toISOString(),
    modelHash: hash,
    encoder: {
      which: 'target',
      ...size.encoder,
      patchSize: size.patchSize,
      grid: size.grid,
      positions: size.positions ?? 'sine-cosine',
      stem: size.stem ?? 'linear',
    },
    run,
    step,
    layer,
    pooling: 'mean over patch tokens',
    preprocessing,
    ...(vectors && {
      folder: basename(requireRoot(root)),
      normalisation: 'none: compare by cosine',
      rows: 'one per different content; copies of an image are one row',
      N: vectors.rows,
      ...identityOf(vectors),
    }),
  };
}

/** Whether files of an earlier export may stand beside those of this one: of the same weights and layer, and the same vectors with the same map if both have some. */
function areOfTheSame(earlier: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): boolean {
  const same = (key: string): boolean => isDeepStrictEqual(earlier[key], now[key]);
  if (!same('modelHash') || !same('layer')) return false;
  return (
    earlier['rowsHash'] === undefined ||
    now['rowsHash'] === undefined ||
    ['rowsHash', 'space', 'spaceFittedOn', 'D', 'projection'].every(same)
  );
}

const textOf = (description: Readonly<Record<string, unknown>>, key: string): string | undefined =>
  typeof description[key] === 'string' ? description[key] : undefined;
const stepIn = ({ step }: Readonly<Record<string, unknown>>): number | undefined => (typeof step === 'number' ? step : undefined);

function replacedExport({ description, removed }: NonNullable<Finished['replaced']>): ReplacedExport {
  return { created: textOf(description, 'created'), run: textOf(description, 'run'), step: stepIn(description), removed };
}

/**
 * The export that lies where this one is to go, so that a person knows before it is written; `vectors` are those that would be in it, where
 * some would. Throws `not-found`, `bad-checkpoint`.
 */
export async function exportThere(
  { target, checkpoint, layer }: Pick<ExportOptions, 'target' | 'checkpoint' | 'layer'>,
  vectors: VectorsIdentity | undefined,
): Promise<EarlierExport | undefined> {
  const description = earlierExport(target)?.description;
  if (!description) return undefined;
  const [created, run, folder] = ['created', 'run', 'folder'].map((key) => textOf(description, key));
  const step = stepIn(description);
  const replaced = !areOfTheSame(description, { modelHash: await weightsHash(checkpoint), layer, ...vectors });
  return {
    ...(created !== undefined && { created }),
    ...(run !== undefined && { run }),
    ...(step !== undefined && { step }),
    ...(folder !== undefined && { folder }),
    replaced,
  };
}

/** What became of the export that was in the folder, in a sentence. */
export function replacedText({ created, run, step, removed }: ReplacedExport): string {
  const when = created ?? 'an unknown time';
  const what =
    run === undefined ? 'An unfinished export' : `The export of ${when} (run ${run}, step ${(step ?? 0).toLocaleString('en-US')})`;
  const gone =
    removed.length > 0 ? `; of it ${removed.join(', ')} had no successor and ${removed.length === 1 ? 'was' : 'were'} deleted` : '';
  return `${what} was here with other vectors or weights, and was replaced${gone}.`;
}

/**
 * Writes what was asked for into `target`: beside the files of an earlier export where they are of the same weights and vectors, else in
 * their place. Weights need neither a folder of images nor a catalogue. Throws `bad-input` when the folder lies among originals or holds files of other origin, `not-found` when vectors are
 * asked for that are not embedded, `locked` while another export is written there, `bad-checkpoint`, `disk-full`, `not-writable`, and
 * `cancelled` after `signal`: nothing of this export is left then, and an earlier one is whole but for files that were written over with
 * something else.
 */
export async function exportBundle(
  studio: Studio,
  { checkpoint, root, target, formats, layer, space, vectorColumn, neighbours, signal }: ExportOptions,
  onProgress: (progress: ExportProgress) => void = () => {},
): Promise<Exported> {
  await requireExportable(studio, { vectorColumn, formats, root, target });
  const { config, run, step } = readCheckpointHeader(checkpoint);
  const model: ModelDescription = { size: modelSize(config), preprocessing: preprocessingOf(config), run, step, program: programVersion };
  const wanted = vectorFormats.filter((format) => formats.includes(format));
  const source = new SafetensorsFile(checkpoint);
  let store: EmbeddingStore | undefined;
  let bundle: Bundle | undefined;
  try {
    await inPieces(source.verifying(), signal);
    const hash = await weightsHash(checkpoint);
    if (wanted.length > 0) store = await openEmbeddings(studio, checkpoint, layer);
    bundle = Bundle.open(target);
    const vectors =
      store &&
      (await exportVectors(
        studio,
        store,
        bundle,
        {
          root: requireRoot(root),
          formats: wanted,
          space,
          vectorColumn,
          neighbours,
          ...(signal && { signal }),
          cacheFolder: studio.cacheFor(model.preprocessing, cachedShortSide(config.imageSize)),
          metadata: { program: `ijepa-studio ${programVersion}`, modelHash: hash, run, step: String(step), layer, space },
        },
        (done, total) => onProgress({ done, total }),
      ));
    await exportWeights(
      bundle,
      weightFormats.filter((format) => formats.includes(format)),
      { checkpoint, model, layer },
      signal,
    );
    const description = describe(model, hash, layer, vectors, root);
    const { files, replaced } = await bundle.finish(description, (earlier) => areOfTheSame(earlier, description));
    return {
      files,
      ...(replaced && { replaced: replacedExport(replaced) }),
      ...(formats.includes('huggingface') && { opening: openingCall(model.size, JSON.stringify(join(target, 'huggingface'))) }),
      vectors: vectors && {
        rows: vectors.rows,
        dimension: vectors.dimension,
        ...(vectors.places && holdPlaces(formats) && { map: { space: vectors.places.projection.space, missing: vectors.places.missing } }),
      },
    };
  } catch (error) {
    // What was to be said first is why it failed; a manifest that cannot be put back says by itself that it is not complete.
    await bundle?.abandon().catch(() => undefined);
    throw systemError(error) ?? error;
  } finally {
    bundle?.dispose();
    source.dispose();
    await store?.dispose();
  }
}

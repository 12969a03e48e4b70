// The figures of a fixed sample of images from whatever turns their pictures into vectors: an encoder, or raw pixels.
import { readAgain } from '../../../shared/decoded-images.ts';
import { AppError } from '../../../shared/errors.ts';
import { evaluateCrops, evaluateLabelled } from '../../evaluation/evaluate.ts';
import type { SourceFigures, VectorSource } from '../../evaluation/evaluate.ts';
import { tooFew, withoutRows } from '../../evaluation/protocol.ts';
import type { CropProtocol, LabelProtocol } from '../../evaluation/protocol.ts';
import type { PatchBlock, View } from '../../images/patches.ts';

/** What the neighbours of pictures are looked up in. */
export interface Look {
  /** Content of each row of the sample. */
  readonly hashes: readonly string[];
  /** Contents to look up now; the answer may change during a run. */
  pinned(): readonly string[];
  /** Patches of contents, whole; those that cannot be read are left out. */
  patches(hashes: readonly string[], batch: number): AsyncIterable<PatchBlock>;
}

/** The images that judge a run. Rows are positions in the sample's list of images. */
export interface Sample {
  readonly plan: LabelProtocol | CropProtocol;
  /** Normalised patches of the rows, in order, at most `batch` images at a time. */
  patches(rows: Uint32Array, view: View, batch: number): AsyncIterable<PatchBlock>;
  /** Small raw pictures of the rows, one patch each, 0–1: the baseline that knows nothing. */
  pixels(rows: Uint32Array, view: View): AsyncIterable<PatchBlock>;
  /** Pictures whose neighbours are shown; none without it. */
  readonly look?: Look;
}

/** Vectors of those of the rows asked for that could be read, [rows.length, dimension]. */
export interface RowVectors {
  readonly rows: Uint32Array;
  readonly values: Float32Array;
  readonly dimension: number;
}

/** Turns blocks of pictures into vectors; `encode` gives those of one block, [places.length, dimension]. */
export async function gatherVectors(
  rows: Uint32Array,
  blocks: AsyncIterable<PatchBlock>,
  encode: (block: PatchBlock) => Promise<Float32Array> | Float32Array,
): Promise<RowVectors> {
  const read: number[] = [];
  let values = new Float32Array(0);
  let dimension = 1;
  for await (const block of blocks) {
    const made = await encode(block);
    dimension = made.length / block.places.length;
    if (values.length === 0) values = new Float32Array(rows.length * dimension);
    values.set(made, read.length * dimension);
    for (const place of block.places) read.push(rows[place]!);
  }
  return { rows: Uint32Array.from(read), values: values.subarray(0, read.length * dimension), dimension };
}

/** The vectors of all rows but those that are lost. */
function without({ rows, values, dimension }: RowVectors, lost: ReadonlySet<number>): Float32Array {
  const kept = [...rows.keys()].filter((place) => !lost.has(rows[place]!));
  if (kept.length === rows.length) return values;
  return Float32Array.from({ length: kept.length * dimension }, (_, i) => {
    return values[kept[Math.floor(i / dimension)]! * dimension + (i % dimension)]!;
  });
}

/**
 * The figures of one source, in spaces that are fitted on the plan's bank alone (for crops: on both crops of other images). Rows whose picture cannot be read, whole or one of its crops, are added to `lost` and judge nothing.
 * Throws `no-images` when too few remain.
 */
export async function sampleFigures(
  plan: LabelProtocol | CropProtocol,
  source: VectorSource,
  vectors: (rows: Uint32Array, view: View) => Promise<RowVectors>,
  probe: boolean,
  lost: Set<number>,
): Promise<SourceFigures> {
  const look = async (rows: Uint32Array, view: View): Promise<RowVectors> => {
    const seen = await vectors(rows, view);
    const read = new Set(seen.rows);
    for (const row of rows) if (!read.has(row)) lost.add(row);
    return seen;
  };
  const views: readonly View[] = plan.kind === 'crops' ? ['first', 'second'] : ['whole'];
  const bank: RowVectors[] = [];
  const asking: RowVectors[] = [];
  for (const view of views) bank.push(await look(plan.bank, view));
  for (const view of views) asking.push(await look(plan.kind === 'crops' ? plan.images : plan.queries, view));
  const left = withoutRows(plan, lost);
  const reason = tooFew(left);
  if (reason !== undefined) throw new AppError('no-images', reason, `${readAgain} Or add images.`);
  const { dimension } = asking[0]!;
  const [first, second] = asking.map((one) => without(one, lost));
  const fitted = bank.map((one) => without(one, lost));
  if (left.kind === 'crops') {
    return evaluateCrops({ source, dimension, first: first!, second: second!, bank: concatenate(fitted[0]!, fitted[1]!) });
  }
  const { bankLabels, queryLabels, folds } = left;
  const labelled = { source, dimension, bank: fitted[0]!, bankLabels, queries: first!, queryLabels, ...(folds && { folds }) };
  return evaluateLabelled(labelled, { probe });
}

function concatenate(first: Float32Array, second: Float32Array): Float32Array {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

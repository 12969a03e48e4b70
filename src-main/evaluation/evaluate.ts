// Measures one source of vectors (this run, the weights it began with, its untrained network, raw pixels) in all three spaces, every one in the same way.
import { cropRetrieval } from './crop-retrieval.ts';
import { linearProbe, type ProbeResult, together } from './linear-probe.ts';
import { accuracyOf, classifyByNeighbours, type NeighbourResult } from './nearest-neighbours.ts';
import { eigenSpectrum, meanPairwiseCosine, rankMe, spectrumAlpha } from './rank.ts';
import { applySpace, fitSpace, normaliseRows, type SpaceKind, spaceKinds, type SpaceOptions, type SpaceTransform } from './spaces.ts';

/** Whose vectors they are. */
export type VectorSource = 'run' | 'origin' | 'untrained' | 'pixels';

export interface LabelledVectors {
  readonly source: VectorSource;
  readonly dimension: number;
  /** [N, dimension] and [M, dimension], as the encoder gave them. */
  readonly bank: Float32Array;
  readonly bankLabels: Uint32Array;
  readonly queries: Float32Array;
  readonly queryLabels: Uint32Array;
  /** Of each query: those of a fold are looked up in the bank and the queries of all other folds; without it in the bank alone. */
  readonly folds?: Uint8Array;
}

export interface CropVectors {
  readonly source: VectorSource;
  readonly dimension: number;
  /** Row i of both: two non-overlapping crops of image i, [N, dimension]. */
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Crops of both kinds of other images, [M, dimension]: what the spaces are fitted on. */
  readonly bank: Float32Array;
}

/** Figures of one source in one space; `undefined` where one was not measured. Accuracies and recalls are 0–1. */
export interface SpaceFigures {
  readonly neighbours: number | undefined;
  readonly probe: number | undefined;
  readonly cropRecall: number | undefined;
  readonly cropPrecision: number | undefined;
  readonly rankMe: number;
  readonly alpha: number | undefined;
  readonly meanCosine: number;
}

export interface SourceFigures {
  readonly source: VectorSource;
  readonly dimension: number;
  readonly spaces: Readonly<Record<SpaceKind, SpaceFigures>>;
  /** Per class, in the space with the best accuracy; empty without labels. */
  readonly perClass: NeighbourResult['perClass'];
  /** Per space what each image that asks was answered: 1 right, 0 wrong, between them where chance decides. */
  readonly answers: Readonly<Record<SpaceKind, Float64Array>>;
  /** The linear probe's fit per space, to show whether it converged. */
  readonly probes: Readonly<Partial<Record<SpaceKind, ProbeResult>>>;
  /** Of raw pixels with labels: queries whose nearest vector of the bank is as near as {@link nearDuplicateCosine} when whitened. */
  readonly nearDuplicates?: number;
}

/** From this cosine of whitened raw pixels on, two images count as almost the same picture. */
export const nearDuplicateCosine = 0.98;
/** With fewer components a cosine as high as that comes by chance. */
const leastComponents = 16;

export interface EvaluateOptions extends SpaceOptions {
  /** The probe takes most of the time: leave it out while training. */
  readonly probe?: boolean;
}

/** Beyond this dimension, and of raw pixels, the probe is made in the whitened space only, where it is quick. */
export const probeDimensionLimit = 1024;

/** What some queries are looked up in. */
interface Fold extends Pick<LabelledVectors, 'bank' | 'bankLabels' | 'queries' | 'queryLabels'> {
  /** The queries' places among all. */
  readonly places: readonly number[];
}

/** Rows of vectors one after the other. */
function rowsOf(values: Float32Array, places: readonly number[], dimension: number): Float32Array {
  const rows = new Float32Array(places.length * dimension);
  for (const [i, place] of places.entries()) rows.set(values.subarray(place * dimension, (place + 1) * dimension), i * dimension);
  return rows;
}

function foldsOf(vectors: LabelledVectors): Fold[] {
  const { dimension, bank, bankLabels, queries, queryLabels, folds } = vectors;
  const all = [...queryLabels.keys()];
  if (!folds) return [{ bank, bankLabels, queries, queryLabels, places: all }];
  return [...new Set(folds)]
    .toSorted((a, b) => a - b)
    .map((fold) => {
      const [places, others] = [all.filter((place) => folds[place] === fold), all.filter((place) => folds[place] !== fold)];
      const labels = (of: readonly number[]): Uint32Array => Uint32Array.from(of, (place) => queryLabels[place]!);
      const larger = new Float32Array(bank.length + others.length * dimension);
      larger.set(bank);
      larger.set(rowsOf(queries, others, dimension), bank.length);
      return {
        bank: larger,
        bankLabels: Uint32Array.from([...bankLabels, ...labels(others)]),
        queries: rowsOf(queries, places, dimension),
        queryLabels: labels(places),
        places,
      };
    });
}

/**
 * 20-NN, linear probe and health of labelled vectors; every space is fitted on the bank alone, of each fold anew (from the first one's
 * space, where that is dear).
 */
export function evaluateLabelled(vectors: LabelledVectors, options: EvaluateOptions = {}): SourceFigures {
  const { source, dimension, queryLabels } = vectors;
  const folds = foldsOf(vectors);
  const probes: Partial<Record<SpaceKind, ProbeResult>> = {};
  let best: Pick<NeighbourResult, 'accuracy' | 'perClass'> | undefined;
  let nearDuplicates: number | undefined;
  const answers = {} as Record<SpaceKind, Float64Array>;
  const spaces = inEverySpace((kind) => {
    const predicted = new Uint32Array(queryLabels.length);
    const fits: ProbeResult[] = [];
    let healthy: ReturnType<typeof health> | undefined;
    let near: SpaceTransform | undefined;
    for (const { bank, bankLabels, queries, queryLabels: truth, places } of folds) {
      const space = fitSpace(kind, bank, dimension, { ...options, ...(near && { near }) });
      near ??= space;
      const width = space.outputDimension;
      const placed = applySpace(space, bank);
      const unitBank = normaliseRows(placed, width);
      const unitQueries = normaliseRows(applySpace(space, queries), width);
      const neighbours = classifyByNeighbours(unitBank, bankLabels, unitQueries, truth, width);
      for (const [i, place] of places.entries()) predicted[place] = neighbours.predicted[i]!;
      if (source === 'pixels' && kind === 'whitened' && width >= leastComponents) {
        nearDuplicates = neighbours.nearest.reduce((count, cosine) => count + Number(cosine >= nearDuplicateCosine), nearDuplicates ?? 0);
      }
      if (options.probe !== false && (kind === 'whitened' || (source !== 'pixels' && width <= probeDimensionLimit))) {
        // The penalty that suits one fold suits the others.
        const chosen = fits[0] && { penalties: [fits[0].penalty] };
        fits.push(linearProbe(unitBank, bankLabels, unitQueries, truth, width, { seed: options.seed ?? 0, ...chosen }));
      }
      healthy ??= health(placed, width, options.seed);
    }
    const neighbours = accuracyOf(predicted, queryLabels);
    if (!best || neighbours.accuracy > best.accuracy) best = neighbours;
    answers[kind] = Float64Array.from(predicted, (label, i) => Number(label === queryLabels[i]));
    if (fits.length > 0) probes[kind] = together(fits);
    return {
      neighbours: neighbours.accuracy,
      probe: probes[kind]?.accuracy,
      cropRecall: undefined,
      cropPrecision: undefined,
      ...healthy!,
    };
  });
  return {
    source,
    dimension,
    spaces,
    perClass: best?.perClass ?? [],
    answers,
    probes,
    ...(nearDuplicates !== undefined && { nearDuplicates }),
  };
}

/** Crop retrieval and health of vectors without labels; every space is fitted on the bank alone, which no crop that asks is part of. */
export function evaluateCrops(vectors: CropVectors, options: EvaluateOptions = {}): SourceFigures {
  const { source, dimension, first, second, bank } = vectors;
  const answers = {} as Record<SpaceKind, Float64Array>;
  const spaces = inEverySpace((kind) => {
    const space = fitSpace(kind, bank, dimension, options);
    const width = space.outputDimension;
    const found = cropRetrieval(normaliseRows(applySpace(space, first), width), normaliseRows(applySpace(space, second), width), width);
    answers[kind] = found.found;
    return {
      neighbours: undefined,
      probe: undefined,
      cropRecall: found.recallAt1,
      cropPrecision: found.meanAveragePrecision,
      ...health(applySpace(space, bank), width, options.seed),
    };
  });
  return { source, dimension, spaces, perClass: [], answers, probes: {} };
}

function inEverySpace(measure: (kind: SpaceKind) => SpaceFigures): Record<SpaceKind, SpaceFigures> {
  const [raw, centred, whitened] = spaceKinds.map(measure);
  return { raw: raw!, centred: centred!, whitened: whitened! };
}

function health(placed: Float32Array, dimension: number, seed = 0): Pick<SpaceFigures, 'rankMe' | 'alpha' | 'meanCosine'> {
  const spectrum = eigenSpectrum(placed, dimension, { seed });
  return {
    rankMe: rankMe(spectrum),
    alpha: spectrumAlpha(spectrum),
    meanCosine: meanPairwiseCosine(placed, dimension),
  };
}

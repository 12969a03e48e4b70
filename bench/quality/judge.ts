// What a trained encoder is worth on a folder, beside the same network untrained and raw pixels, each treated alike.
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { evaluateRun } from '../../src-main/engine/evaluation/evaluation.ts';
import type { Studio } from '../../src-main/engine/studio.ts';
import { eigenSpectrum, rankMe } from '../../src-main/evaluation/rank.ts';
import { groupRetrieval } from '../../src-main/evaluation/retrieval-metrics.ts';
import { applySpace, fitSpace, normaliseRows, spaceKinds } from '../../src-main/evaluation/spaces.ts';
import type { SpaceKind } from '../../src-main/evaluation/spaces.ts';
import { cachedShortSide } from '../../src-main/images/cache-space.ts';
import { DecodeCache } from '../../src-main/images/cache.ts';
import { patchBlocks } from '../../src-main/images/patch-blocks.ts';
import { modelSize } from '../../src-main/jepa/model.ts';
import { EncoderRunner } from '../../src-main/training/passes/encoder-runner.ts';
import { loadTargetEncoder } from '../../src-main/training/run-folder/checkpoint.ts';
import { encoderWeights, initialState } from '../../src-main/training/run-folder/state.ts';
import type { Truth } from './folders.ts';
import { twinsOf } from './twins.ts';

/** Shares, 0–1. */
export type Scores = Readonly<Record<SpaceKind, number>>;
export interface Judgement {
  readonly run: Scores;
  readonly untrained: Scores;
  readonly pixels: Scores;
  /** Of the run's whitened vectors. */
  readonly probe?: number;
  readonly rankMe?: number;
  readonly positionalShare?: number;
}

export interface JudgeOptions {
  readonly root: string;
  readonly run: string;
  readonly checkpoint: string;
  readonly purpose: 'choosing' | 'reporting';
  readonly probe: boolean;
  readonly threads: number;
}

export const judge = async (studio: Studio, truth: Truth, options: JudgeOptions): Promise<Judgement> =>
  truth === 'labels' ? judgeLabels(studio, options) : judgeTwins(studio, options);

async function judgeLabels(studio: Studio, options: JudgeOptions): Promise<Judgement> {
  const report = await evaluateRun(studio, { ...options, bankPerClass: 1000, queriesPerClass: 200, pixelSide: 16 }, () => {});
  const scoresOf = (source: string): Scores => {
    const { spaces } = report.rows.find((row) => row.source === source)!;
    return Object.fromEntries(spaceKinds.map((kind) => [kind, spaces[kind].neighbours ?? spaces[kind].cropPrecision ?? 0])) as Record<
      SpaceKind,
      number
    >;
  };
  const { spaces } = report.rows.find(({ source }) => source === 'run')!;
  return {
    run: scoresOf('run'),
    untrained: scoresOf('untrained'),
    pixels: scoresOf('pixels'),
    ...(spaces.whitened.probe !== undefined && { probe: spaces.whitened.probe }),
    rankMe: spaces.raw.rankMe,
    ...(report.positionalShare !== undefined && { positionalShare: report.positionalShare }),
  };
}

/** Side of the raw pictures of the baseline. */
const pixelSide = 16;

/** Mean average precision of finding the same emoji of another vendor; half of the emoji choose, the other half report. */
async function judgeTwins(studio: Studio, { root, checkpoint, purpose, threads }: JudgeOptions): Promise<Judgement> {
  const { header, weights } = loadTargetEncoder(checkpoint);
  const { config } = header;
  const size = modelSize(config);
  const preprocessing = preprocessingOf(config);
  const { all } = await studio.readImages(root);
  const { hashes, groups, sources } = twinsOf(all, purpose);
  const cache = new DecodeCache(studio.cacheFor(preprocessing, cachedShortSide(config.imageSize)), { access: 'read' });
  const encoder = await EncoderRunner.create(size, 'last', { threads });
  const small = { ...preprocessing, imageSize: pixelSide, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const collect = async (
    pictures: Preprocessing,
    patch: number,
    batch: number,
    encode: (patches: Float32Array) => Promise<Float32Array>,
  ): Promise<Float32Array> => {
    const parts: Float32Array[] = [];
    for await (const { places, patches } of patchBlocks(cache, hashes, batch, {
      view: 'whole',
      preprocessing: pictures,
      patchSize: patch,
    })) {
      if (places.length < Math.min(batch, hashes.length - parts.length * batch))
        throw new Error('A picture is missing in the decode cache.');
      parts.push((await encode(patches)).slice());
    }
    const vectors = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((at, part) => (vectors.set(part, at), at + part.length), 0);
    return vectors;
  };
  const scoresOf = (vectors: Float32Array): Scores => scoresOfTwins(vectors, vectors.length / hashes.length, groups, sources);
  try {
    const embed = async (of: Readonly<Record<string, Float32Array>>): Promise<Float32Array> => {
      await encoder.hold(of);
      return collect(preprocessing, config.patchSize, encoder.batch, async (patches) => (await encoder.run(patches)).embedding);
    };
    const own = await embed(weights);
    return {
      run: scoresOf(own),
      untrained: scoresOf(await embed(encoderWeights(initialState(config), size, 'targetEncoder'))),
      pixels: scoresOf(await collect(small, pixelSide, 256, async (patches) => patches)),
      rankMe: rankMe(eigenSpectrum(own, own.length / hashes.length)),
    };
  } finally {
    await encoder.dispose();
    cache.dispose();
  }
}
type Preprocessing = ReturnType<typeof preprocessingOf>;

function scoresOfTwins(vectors: Float32Array, dimension: number, groups: Uint32Array, sources: Uint32Array): Scores {
  return Object.fromEntries(
    spaceKinds.map((kind) => {
      const space = fitSpace(kind, vectors, dimension);
      const placed = normaliseRows(applySpace(space, vectors), space.outputDimension);
      return [kind, groupRetrieval(placed, space.outputDimension, groups, sources).meanAveragePrecision];
    }),
  ) as Record<SpaceKind, number>;
}

// Judges a run while it goes, on a fixed sample: the loss does not tell whether features improve (IJEPA.md, "Diagnostics").
import type { OnlineEvaluation } from '../../shared/train-events.ts';
import { evaluateCrops, evaluateLabelled } from '../evaluation/evaluate.ts';
import type { SourceFigures, VectorSource } from '../evaluation/evaluate.ts';
import { positionalShare } from '../evaluation/positional.ts';
import type { CropProtocol, LabelProtocol } from '../evaluation/protocol.ts';
import { tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { EncoderRunner } from './encoder-runner.ts';
import { spaceScores } from './scores.ts';

/** Which part of an image is looked at: all of it, or one of two crops that do not overlap. */
export type View = 'whole' | 'first' | 'second';

/** The images that judge a run. Rows are positions in the sample's list of images. */
export interface Sample {
  readonly plan: LabelProtocol | CropProtocol;
  /** Normalised patches of the rows, in order, at most `batch` images at a time; yields a fresh or reused array [n, N, 3·P·P]. */
  patches(rows: Uint32Array, view: View, batch: number): AsyncIterable<Float32Array>;
  /** Small raw pictures of the rows, 0–1, [n, dimension]: the baseline that knows nothing. */
  pixels(rows: Uint32Array, view: View): Promise<{ readonly values: Float32Array; readonly dimension: number }>;
}

/** Vectors of rows, [rows, dimension]. */
type Vectors = (rows: Uint32Array, view: View) => Promise<{ readonly values: Float32Array; readonly dimension: number }>;

async function figures(sample: Sample, source: VectorSource, vectors: Vectors, probe: boolean): Promise<SourceFigures> {
  const { plan } = sample;
  if (plan.kind === 'crops') {
    const first = await vectors(plan.images, 'first');
    const second = await vectors(plan.images, 'second');
    return evaluateCrops({ source, dimension: first.dimension, first: first.values, second: second.values });
  }
  const bank = await vectors(plan.bank, 'whole');
  const queries = await vectors(plan.queries, 'whole');
  const { bankLabels, queryLabels } = plan;
  return evaluateLabelled(
    { source, dimension: bank.dimension, bank: bank.values, bankLabels, queries: queries.values, queryLabels },
    { probe },
  );
}

/** Images whose tokens are kept for the statistic per position. */
const tokenImages = 256;

export class Judge {
  readonly size: ModelSize;
  readonly #sample: Sample;
  readonly #encoder: EncoderRunner;

  private constructor(sample: Sample, size: ModelSize, encoder: EncoderRunner) {
    this.#sample = sample;
    this.size = size;
    this.#encoder = encoder;
  }

  static async create(sample: Sample, size: ModelSize, options: SessionOptions): Promise<Judge> {
    return new Judge(sample, size, await EncoderRunner.create(size, 'last', options, true));
  }

  /** Judges the encoder with these weights (`targetEncoder.*`); `step` is written into the result. */
  async evaluate(weights: Readonly<Record<string, Float32Array>>, step: number): Promise<OnlineEvaluation> {
    const measured = await this.measure(weights, 'run', false);
    const { rankMe, meanCosine } = measured.figures.spaces.raw;
    return {
      step,
      ...spaceScores(measured.figures),
      rankMe: rankMe ?? 0,
      meanCosine: meanCosine ?? 0,
      positionalShare: measured.positionalShare,
    };
  }

  /** All figures of an encoder; `probe` adds the linear probe. */
  async measure(
    weights: Readonly<Record<string, Float32Array>>,
    source: VectorSource,
    probe: boolean,
  ): Promise<{ figures: SourceFigures; positionalShare: number }> {
    const kept: Float32Array[] = [];
    let keptImages = 0;
    const vectors: Vectors = async (rows, view) => {
      const width = this.#encoder.width;
      const values = new Float32Array(rows.length * width);
      let at = 0;
      for await (const patches of this.#sample.patches(rows, view, this.#encoder.batch)) {
        const { embedding, tokens } = await this.#encoder.run(weights, patches);
        values.set(embedding, at * width);
        at += embedding.length / width;
        if (keptImages < tokenImages) {
          kept.push(tokens!.slice());
          keptImages += embedding.length / width;
        }
      }
      return { values, dimension: width };
    };
    const measured = await figures(this.#sample, source, vectors, probe);
    const tokens = new Float32Array(kept.reduce((length, part) => length + part.length, 0));
    kept.reduce((at, part) => (tokens.set(part, at), at + part.length), 0);
    return { figures: measured, positionalShare: positionalShare(tokens, tokenCount(this.size), this.size.encoder.width) };
  }

  /** The same figures from raw pixels. */
  async pixels(probe: boolean): Promise<SourceFigures> {
    return figures(this.#sample, 'pixels', async (rows, view) => this.#sample.pixels(rows, view), probe);
  }

  async dispose(): Promise<void> {
    await this.#encoder.dispose();
  }
}

// Judges a run while it goes, on a fixed sample: the loss does not tell whether features improve (IJEPA.md, "Diagnostics").
import type { NeighboursOfImage, OnlineEvaluation } from '../../shared/train-events.ts';
import type { SourceFigures, VectorSource } from '../evaluation/evaluate.ts';
import { positionalShare } from '../evaluation/positional.ts';
import { withoutRows } from '../evaluation/protocol.ts';
import type { CropProtocol, LabelProtocol } from '../evaluation/protocol.ts';
import { tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { EncoderRunner } from './encoder-runner.ts';
import { mostLooked, neighboursAmong } from './pinned.ts';
import { gatherVectors, sampleFigures } from './sample-figures.ts';
import type { RowVectors, Sample, View } from './sample-figures.ts';
import { spaceScores } from './scores.ts';

/** Images whose tokens are kept for the statistic per position. */
const tokenImages = 256;

export class Judge {
  readonly size: ModelSize;
  readonly #sample: Sample;
  readonly #encoder: EncoderRunner;
  /** Rows whose picture could not be read once: they judge nothing any more, so that all sources are judged by the same images. */
  readonly #lost = new Set<number>();

  private constructor(sample: Sample, size: ModelSize, encoder: EncoderRunner) {
    this.#sample = sample;
    this.size = size;
    this.#encoder = encoder;
  }

  static async create(sample: Sample, size: ModelSize, options: SessionOptions): Promise<Judge> {
    return new Judge(sample, size, await EncoderRunner.create(size, 'last', options, true));
  }

  /** What is left of the sample's plan. */
  get plan(): LabelProtocol | CropProtocol {
    return withoutRows(this.#sample.plan, this.#lost);
  }

  /** Images of the sample that could not be read. */
  get unreadable(): number {
    return this.#lost.size;
  }

  /** Judges the encoder with these weights (`targetEncoder.*`); `step` is written into the result. Throws `no-images` when too few can be read. */
  async evaluate(weights: Readonly<Record<string, Float32Array>>, step: number): Promise<OnlineEvaluation> {
    const measured = await this.measure(weights, 'run', false);
    const { rankMe, meanCosine } = measured.figures.spaces.raw;
    return {
      step,
      ...spaceScores(measured.figures),
      rankMe: rankMe ?? 0,
      meanCosine: meanCosine ?? 0,
      positionalShare: measured.positionalShare,
      ...(this.unreadable > 0 && { unreadable: this.unreadable }),
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
    const vectors = async (rows: Uint32Array, view: View): Promise<RowVectors> =>
      gatherVectors(rows, this.#sample.patches(rows, view, this.#encoder.batch), async ({ patches, places }) => {
        const { embedding, tokens } = await this.#encoder.run(weights, patches);
        if (keptImages < tokenImages) {
          kept.push(tokens!.slice());
          keptImages += places.length;
        }
        return embedding;
      });
    const measured = await sampleFigures(this.plan, source, vectors, probe, this.#lost);
    const tokens = new Float32Array(kept.reduce((length, part) => length + part.length, 0));
    kept.reduce((at, part) => (tokens.set(part, at), at + part.length), 0);
    return { figures: measured, positionalShare: positionalShare(tokens, tokenCount(this.size), this.size.encoder.width) };
  }

  /** The same figures from raw pixels. */
  async pixels(probe: boolean): Promise<SourceFigures> {
    const vectors = async (rows: Uint32Array, view: View): Promise<RowVectors> =>
      gatherVectors(rows, this.#sample.pixels(rows, view), ({ patches }) => patches);
    return sampleFigures(this.plan, 'pixels', vectors, probe, this.#lost);
  }

  /**
   * Neighbours of the sample's pinned images among at most 1,000 images of the plan, spread over it, by the encoder with these weights.
   * Empty where nothing is pinned or can be read.
   */
  async neighbours(weights: Readonly<Record<string, Float32Array>>): Promise<readonly NeighboursOfImage[]> {
    const { look } = this.#sample;
    const pinned = look?.pinned() ?? [];
    if (!look || pinned.length === 0) return [];
    const rows = rowsOf(this.plan);
    const every = Math.max(1, rows.length / mostLooked);
    const looked = Array.from({ length: Math.min(rows.length, mostLooked) }, (_, i) => look.hashes[rows[Math.floor(i * every)]!]!);
    const hashes = [...new Set([...looked, ...pinned])];
    const places = Uint32Array.from(hashes.keys());
    const read = await gatherVectors(places, look.patches(hashes, this.#encoder.batch), async ({ patches }) => {
      return (await this.#encoder.run(weights, patches)).embedding;
    });
    return neighboursAmong(
      Array.from(read.rows, (place) => hashes[place]!),
      read.values,
      read.dimension,
      pinned,
    );
  }

  async dispose(): Promise<void> {
    await this.#encoder.dispose();
  }
}

/** The rows that a plan has, ascending. */
function rowsOf(plan: LabelProtocol | CropProtocol): Uint32Array {
  const asking = plan.kind === 'labels' ? plan.queries : plan.images;
  return Uint32Array.from([...plan.bank, ...asking]).sort();
}

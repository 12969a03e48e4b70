// Judges a run while it goes, on a fixed sample: the loss does not tell whether features improve (IJEPA.md, "Diagnostics").
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { NeighboursOfImage, OnlineEvaluation } from '../../../shared/train-events.ts';
import type { SourceFigures, VectorSource } from '../../evaluation/evaluate.ts';
import { asTargets, positionalShare } from '../../evaluation/positional.ts';
import { withoutRows } from '../../evaluation/protocol.ts';
import type { CropProtocol, LabelProtocol } from '../../evaluation/protocol.ts';
import type { PatchBlock, View } from '../../images/patches.ts';
import { tokenCount } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { allOrNone } from '../passes/all-or-none.ts';
import { EncoderRunner } from '../passes/encoder-runner.ts';
import type { ForwardOptions, Weights } from '../passes/forward-pass.ts';
import { tokenImages } from '../plan/judging-memory.ts';
import type { GoOn } from '../run-control.ts';
import { maskedImages, MaskedViews } from './masked-figures.ts';
import type { ImageTargets, MaskedFigures } from './masked-figures.ts';
import { mostLooked, neighboursAmong } from './pinned.ts';
import { gatherVectors, sampleFigures } from './sample-figures.ts';
import type { RowVectors, Sample } from './sample-figures.ts';
import { spaceScores } from './scores.ts';

export interface JudgeOptions extends ForwardOptions {
  /** Images that pass at once; as many as are good for the device when absent. */
  readonly batch?: number;
  /** Asked before each block of pictures: where it rejects, so does what is being judged. */
  readonly goOn?: GoOn;
}

export class Judge {
  readonly size: ModelSize;
  readonly #sample: Sample;
  readonly #encoder: EncoderRunner;
  readonly #masked: MaskedViews | undefined;
  /** Until then the predictor has learned nothing. */
  readonly #predictsAfter: number;
  /** Rows whose picture could not be read once: they judge nothing any more, so that all sources are judged by the same images. */
  readonly #lost = new Set<number>();
  readonly #goOn: GoOn | undefined;

  private constructor(
    sample: Sample,
    size: ModelSize,
    encoder: EncoderRunner,
    masked: MaskedViews | undefined,
    predictsAfter: number,
    goOn: GoOn | undefined,
  ) {
    this.#sample = sample;
    this.size = size;
    this.#encoder = encoder;
    this.#masked = masked;
    this.#predictsAfter = predictsAfter;
    this.#goOn = goOn;
  }

  /**
   * With the settings of the run that is judged, an evaluation has the figures of masked views too; those of the predictor once it has
   * learned, after the step `predictsAfter`.
   */
  static async create(
    sample: Sample,
    size: ModelSize,
    { batch, goOn, ...options }: JudgeOptions,
    config?: TrainConfig,
    predictsAfter = 0,
  ): Promise<Judge> {
    return allOrNone(async (made) => {
      const encoder = made(await EncoderRunner.create(size, 'last', options, true, batch));
      return new Judge(sample, size, encoder, config && (await MaskedViews.create(config, options)), predictsAfter, goOn);
    });
  }

  /** The blocks, each after a look at whether it is still wanted, and one after the last. */
  async *#wanted(blocks: AsyncIterable<PatchBlock>): AsyncGenerator<PatchBlock> {
    for await (const block of blocks) {
      await this.#goOn?.();
      yield block;
    }
    await this.#goOn?.();
  }

  /** What is left of the sample's plan. */
  get plan(): LabelProtocol | CropProtocol {
    return withoutRows(this.#sample.plan, this.#lost);
  }

  /** How many images the device has had memory for at once. */
  get atOnce(): number {
    return this.#encoder.atOnce;
  }

  /** Images of the sample that could not be read. */
  get unreadable(): number {
    return this.#lost.size;
  }

  /**
   * Judges the encoder with these weights (`targetEncoder.*`; for the figures of masked views `contextEncoder.*` and `predictor.*` too);
   * `step` is written into the result. Throws `no-images` when too few can be read.
   */
  async evaluate(weights: Weights, step: number): Promise<OnlineEvaluation> {
    const { figures, positionalShare: share, targets } = await this.measure(weights, 'run', false);
    const { raw, centred } = figures.spaces;
    const { plan } = this;
    return {
      step,
      ...spaceScores(figures),
      rankMe: raw.rankMe,
      meanCosine: raw.meanCosine,
      positionalShare: share,
      queries: plan.kind === 'labels' ? plan.queries.length : plan.images.length,
      asked: plan.asked,
      ...(plan.kind === 'labels' && { lookedUpIn: plan.lookedUpIn, ...(plan.labelsFrom && { labelsFrom: plan.labelsFrom }) }),
      ...(centred.alpha !== undefined && { alpha: centred.alpha }),
      ...(await this.#maskedFigures(weights, targets, step)),
      ...(this.unreadable > 0 && { unreadable: this.unreadable }),
    };
  }

  async #maskedFigures(weights: Weights, kept: ImageTargets, step: number): Promise<MaskedFigures> {
    if (!this.#masked) return {};
    const places = spread(kept.rows.length, maskedImages(rowsOf(this.plan).length));
    const perImage = kept.targets.length / kept.rows.length;
    const rows = Uint32Array.from(places, (place) => kept.rows[place]!);
    const targets = new Float32Array(rows.length * perImage);
    for (const [i, place] of places.entries()) targets.set(kept.targets.subarray(place * perImage, (place + 1) * perImage), i * perImage);
    const blocks = this.#wanted(this.#sample.patches(rows, this.#tokenView, this.#masked.batch));
    const { predictionMargin, ...figures } = await this.#masked.figures(weights, { rows, targets }, blocks);
    return step > 0 && step <= this.#predictsAfter ? figures : { ...figures, ...(predictionMargin !== undefined && { predictionMargin }) };
  }

  /** The view whose tokens are kept. */
  get #tokenView(): View {
    return this.#sample.plan.kind === 'crops' ? 'first' : 'whole';
  }

  /** All figures of an encoder; `probe` adds the linear probe. `targets` are those of some images of the bank. */
  async measure(
    weights: Weights,
    source: VectorSource,
    probe: boolean,
  ): Promise<{ figures: SourceFigures; positionalShare: number; targets: ImageTargets }> {
    const { bank } = this.plan;
    await this.#encoder.hold(weights);
    const chosen = new Set(spread(bank.length, tokenImages).map((place) => bank[place]!));
    const kept: Float32Array[] = [];
    const keptRows: number[] = [];
    const perImage = tokenCount(this.size) * this.size.encoder.width;
    const vectors = async (rows: Uint32Array, view: View): Promise<RowVectors> =>
      gatherVectors(rows, this.#wanted(this.#sample.patches(rows, view, this.#encoder.batch)), async ({ patches, places }) => {
        const { embedding, tokens } = await this.#encoder.run(patches);
        for (const [i, place] of places.entries()) {
          if (view !== this.#tokenView || !chosen.has(rows[place]!)) continue;
          kept.push(tokens!.slice(i * perImage, (i + 1) * perImage));
          keptRows.push(rows[place]!);
        }
        return embedding;
      });
    const measured = await sampleFigures(this.plan, source, vectors, probe, this.#lost).finally(() => this.#encoder.release());
    const all = new Float32Array(kept.length * perImage);
    for (const [i, part] of kept.entries()) all.set(part, i * perImage);
    const { width } = this.size.encoder;
    const targets = asTargets(all, width);
    return {
      figures: measured,
      positionalShare: positionalShare(targets, tokenCount(this.size), width),
      targets: { rows: Uint32Array.from(keptRows), targets },
    };
  }

  /** The same figures from raw pixels. */
  async pixels(probe: boolean): Promise<SourceFigures> {
    const vectors = async (rows: Uint32Array, view: View): Promise<RowVectors> =>
      gatherVectors(rows, this.#wanted(this.#sample.pixels(rows, view)), ({ patches }) => patches);
    return sampleFigures(this.plan, 'pixels', vectors, probe, this.#lost);
  }

  /**
   * Neighbours of the sample's pinned images among at most 1,000 images of the plan, spread over it, by the encoder with these weights.
   * Empty where nothing is pinned or can be read.
   */
  async neighbours(weights: Weights): Promise<readonly NeighboursOfImage[]> {
    const { look } = this.#sample;
    const pinned = look?.pinned() ?? [];
    if (!look || pinned.length === 0) return [];
    const rows = rowsOf(this.plan);
    const every = Math.max(1, rows.length / mostLooked);
    const looked = Array.from({ length: Math.min(rows.length, mostLooked) }, (_, i) => look.hashes[rows[Math.floor(i * every)]!]!);
    const hashes = [...new Set([...looked, ...pinned])];
    const places = Uint32Array.from(hashes.keys());
    await this.#encoder.hold(weights);
    const read = await gatherVectors(places, this.#wanted(look.patches(hashes, this.#encoder.batch)), async ({ patches }) => {
      return (await this.#encoder.run(patches)).embedding;
    }).finally(() => this.#encoder.release());
    return neighboursAmong(
      Array.from(read.rows, (place) => hashes[place]!),
      read.values,
      read.dimension,
      pinned,
    );
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#encoder.dispose(), this.#masked?.dispose()]);
  }
}

/** The rows that a plan has, ascending. */
function rowsOf(plan: LabelProtocol | CropProtocol): Uint32Array {
  const asking = plan.kind === 'labels' ? plan.queries : plan.images;
  return Uint32Array.from([...plan.bank, ...asking]).sort();
}

/** At most `most` of the places 0 … count − 1, spread over them. */
function spread(count: number, most: number): number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
}

// LiDAR and the predictor's use of the image, from several masked views of a few images: what whole images alone cannot tell.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { lidar } from '../../evaluation/lidar.ts';
import { positionalCosines } from '../../evaluation/positional.ts';
import type { PatchBlock } from '../../images/patches.ts';
import { packMasks } from '../../jepa/mask-batch.ts';
import { maskedViews } from '../../jepa/masked-views.ts';
import type { ImageMasks } from '../../jepa/masks-paper.ts';
import { drawMasks } from '../../jepa/masks.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import type { StepSize } from '../../jepa/step.ts';
import { compileForward } from '../passes/forward-pass.ts';
import type { ForwardOptions, Weights } from '../passes/forward-pass.ts';
import { YieldingPass } from '../passes/yielding-pass.ts';
import { embeddingBatch } from '../plan/embedding-batch.ts';
import { stepSize } from '../plan/step-size.ts';

/** Views of each image, with masks as the run draws them. */
export const viewsPerImage = 4;
/** One image in so many of the sample is looked at, so that the figures cost a small share of an evaluation. */
const sampleShare = 16;
const [leastImages, mostImages] = [32, 128];

/** Images whose masked views are looked at, in a sample of so many. */
export const maskedImages = (sample: number): number => Math.min(mostImages, Math.max(leastImages, Math.round(sample / sampleShare)));

export type MaskedFigures = Pick<OnlineEvaluation, 'lidar' | 'predictionMargin'>;

/** Images of the sample with all that may be a target of them, [rows.length, N, width]: layer-normed tokens of the target encoder. */
export interface ImageTargets {
  readonly rows: Uint32Array;
  readonly targets: Float32Array;
}

/**
 * Masks of each view and image, with the first target block alone: those of batches as the run draws them, since the published masks are
 * cut to the shortest of their batch. The same at every evaluation.
 */
export function viewMasks(config: TrainConfig, contextTokens: number): readonly (readonly ImageMasks[])[] {
  const steps = Math.ceil(mostImages / config.batchSize);
  return Array.from({ length: viewsPerImage }, (_, view) =>
    Array.from({ length: steps }, (__, i) => drawMasks(config, config.seed, view * steps + i, config.batchSize, contextTokens))
      .flat()
      .slice(0, mostImages)
      .map(({ context, targets }) => ({ context, targets: targets.slice(0, 1) })),
  );
}

/** Of so many images at once. */
const sizeFor = (size: StepSize, images: number): StepSize => ({ ...size, microBatch: images, batch: images });

export class MaskedViews {
  readonly #config: TrainConfig;
  readonly #size: StepSize;
  readonly #masks: readonly (readonly ImageMasks[])[];
  readonly #pass: YieldingPass;

  private constructor(config: TrainConfig, size: StepSize, masks: readonly (readonly ImageMasks[])[], pass: YieldingPass) {
    this.#config = config;
    this.#size = size;
    this.#masks = masks;
    this.#pass = pass;
  }

  /** Compiles the pass. */
  static async create(config: TrainConfig, options: ForwardOptions): Promise<MaskedViews> {
    const trained = stepSize(config);
    const masks = viewMasks(config, trained.contextTokens);
    const batch = embeddingBatch(trained.model);
    const size: StepSize = {
      ...trained,
      microBatch: batch,
      batch,
      targetBlocks: 1,
      predictionStride: 1,
      // Contexts of the paper's masks vary in length.
      contextTokens: Math.max(...masks.flat().map(({ context }) => context.length)),
    };
    const pass = await YieldingPass.create(
      async (images) => compileForward(() => ({ ...maskedViews(sizeFor(size, images), config.prediction > 0) }), options),
      batch,
    );
    return new MaskedViews(config, size, masks, pass);
  }

  /** Images per block; where a device has no memory for them, they pass it a few at a time. */
  get batch(): number {
    return this.#size.microBatch;
  }

  /**
   * The figures of the networks with these weights (`contextEncoder.*`, `predictor.*`). `blocks` are the patches of `images.rows`, at most
   * 128 of them, `images.targets` what the target encoder makes of them. None where fewer than two images can be read.
   */
  async figures(weights: Weights, images: ImageTargets, blocks: AsyncIterable<PatchBlock>): Promise<MaskedFigures> {
    const { width } = this.#size.model.encoder;
    await this.#pass.hold(weights);
    const read: { readonly slots: readonly number[]; readonly outputs: readonly Record<string, Float32Array>[] }[] = [];
    try {
      for await (const { places, patches } of blocks) {
        const outputs: Record<string, Float32Array>[] = [];
        for (let view = 0; view < viewsPerImage; view++) outputs.push(await this.#run(patches, places, view));
        read.push({ slots: places, outputs });
      }
    } finally {
      this.#pass.release();
    }
    const slots = read.flatMap((one) => one.slots);
    if (slots.length < 2) return {};
    const pooled = new Float32Array(slots.length * viewsPerImage * width);
    let at = 0;
    for (const { slots: own, outputs } of read) {
      for (const i of own.keys()) {
        for (const output of outputs) {
          pooled.set(output['pooled']!.subarray(i * width, (i + 1) * width), at);
          at += width;
        }
      }
    }
    const predictionMargin = this.#config.prediction > 0 ? this.#margin(read, slots, images) : undefined;
    return { lidar: lidar(pooled, viewsPerImage, width), ...(predictionMargin !== undefined && { predictionMargin }) };
  }

  async #run(patches: Float32Array, slots: readonly number[], view: number): Promise<Record<string, Float32Array>> {
    const perImage = tokenCount(this.#size.model) * patchValues(this.#size.model);
    return this.#pass.run(slots.length, (from, to, images) => {
      const full = new Float32Array(images * perImage);
      full.set(patches.subarray(from * perImage, to * perImage));
      // What fills a last incomplete batch up is dropped again.
      const masks = Array.from({ length: images }, (_, i) => this.#masks[view]![from + i < to ? slots[from + i]! : 0]!);
      return { patches: full, ...packMasks(sizeFor(this.#size, images), masks, 0) };
    });
  }

  #margin(
    read: readonly { readonly slots: readonly number[]; readonly outputs: readonly Record<string, Float32Array>[] }[],
    slots: readonly number[],
    images: ImageTargets,
  ): number {
    const { model, targetTokens } = this.#size;
    const { width } = model.encoder;
    const perImage = tokenCount(model) * width;
    const made: Float32Array[] = [];
    const [of, places]: [number[], number[]] = [[], []];
    let image = 0;
    for (const { slots: own, outputs } of read) {
      for (const [i, slot] of own.entries()) {
        for (const [view, output] of outputs.entries()) {
          const [target] = this.#masks[view]![slot]!.targets;
          const from = i * targetTokens * width;
          made.push(output['predictions']!.subarray(from, from + target!.length * width));
          for (const place of target!) {
            of.push(image);
            places.push(place);
          }
        }
        image++;
      }
    }
    const targets = new Float32Array(slots.length * perImage);
    for (const [i, slot] of slots.entries()) targets.set(images.targets.subarray(slot * perImage, (slot + 1) * perImage), i * perImage);
    const predictions = new Float32Array(of.length * width);
    made.reduce((at, part) => (predictions.set(part, at), at + part.length), 0);
    return positionalCosines({
      predictions,
      images: of,
      places,
      targets,
      positions: tokenCount(model),
      dimension: width,
    }).difference;
  }

  async dispose(): Promise<void> {
    await this.#pass.dispose();
  }
}

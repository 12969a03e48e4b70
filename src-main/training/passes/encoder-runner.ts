// The encoder as a compiled forward pass: embeddings of batches of patches.
import { embed, embeddingWidth } from '../../jepa/embedding.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { encoderInputs } from '../../jepa/transformer.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { embeddingBatch } from '../plan/embedding-batch.ts';
import { compileForward } from './forward-pass.ts';
import type { ForwardOptions, Weights } from './forward-pass.ts';
import { YieldingPass } from './yielding-pass.ts';

export class EncoderRunner {
  /** Images per call; where a device has no memory for them, they pass it a few at a time. */
  readonly batch: number;
  readonly width: number;
  readonly #pass: YieldingPass;
  readonly #size: ModelSize;
  readonly #withTokens: boolean;

  private constructor(pass: YieldingPass, size: ModelSize, batch: number, width: number, withTokens: boolean) {
    this.#pass = pass;
    this.#size = size;
    this.#withTokens = withTokens;
    this.batch = batch;
    this.width = width;
  }

  /**
   * `withTokens` also returns the patch tokens, for statistics per position. `frozen` holds the weights of every later call, where they
   * are known not to change: they are compiled in unless they are large. Without it `hold` comes first.
   */
  static async create(
    size: ModelSize,
    layer: EmbeddingLayer,
    options: ForwardOptions,
    withTokens = false,
    batch = embeddingBatch(size, options.device),
    frozen?: Weights,
  ): Promise<EncoderRunner> {
    const build = (images: number) => (): Record<string, Tensor> =>
      outputsOf(embed(encoderInputs('targetEncoder', size), size, images, layer), withTokens);
    const pass = await YieldingPass.create(async (images) => compileForward(build(images), options, frozen), batch);
    return new EncoderRunner(pass, size, batch, embeddingWidth(size, layer), withTokens);
  }

  /** How many images the device has had memory for at once. */
  get atOnce(): number {
    return this.#pass.images;
  }

  /** The weights (`targetEncoder.*`) of the calls that follow, as they are now. */
  async hold(weights: Weights): Promise<void> {
    await this.#pass.hold(weights);
  }

  /** Lets go of them. */
  release(): void {
    this.#pass.release();
  }

  /**
   * Patches [n, N, 3·P·P] with n ≤ `batch` → embeddings [n, width] (and tokens [n, N, encoder width]). A last incomplete batch is filled
   * up with zeros, whose results are dropped.
   */
  async run(patches: Float32Array): Promise<{ embedding: Float32Array; tokens?: Float32Array }> {
    const perImage = tokenCount(this.#size) * patchValues(this.#size);
    const count = patches.length / perImage;
    if (!Number.isInteger(count) || count > this.batch) throw new RangeError(`${count} images for a batch of ${this.batch}`);
    const { embedding, tokens } = await this.#pass.run(count, (from, to, images) => {
      const given = patches.subarray(from * perImage, to * perImage);
      if (to - from === images) return { patches: given };
      const full = new Float32Array(images * perImage);
      full.set(given);
      return { patches: full };
    });
    return this.#withTokens ? { embedding: embedding!, tokens: tokens! } : { embedding: embedding! };
  }

  async dispose(): Promise<void> {
    await this.#pass.dispose();
  }
}

const outputsOf = ({ tokens, embedding }: ReturnType<typeof embed>, withTokens: boolean): Record<string, Tensor> =>
  withTokens ? { tokens, embedding } : { embedding };

// The encoder as a compiled forward pass: embeddings of batches of patches.
import { embed, embeddingWidth } from '../../jepa/embedding.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { encoderInputs } from '../../jepa/transformer.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { embeddingBatch } from '../plan/embedding-batch.ts';
import { compileForward } from './forward-pass.ts';
import type { ForwardOptions, ForwardPass, Weights } from './forward-pass.ts';

export class EncoderRunner {
  /** Images per call. */
  readonly batch: number;
  readonly width: number;
  readonly #pass: ForwardPass;
  readonly #size: ModelSize;
  readonly #withTokens: boolean;

  private constructor(pass: ForwardPass, size: ModelSize, batch: number, width: number, withTokens: boolean) {
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
    const build = (): Record<string, Tensor> => outputsOf(embed(encoderInputs('targetEncoder', size), size, batch, layer), withTokens);
    return new EncoderRunner(await compileForward(build, options, frozen), size, batch, embeddingWidth(size, layer), withTokens);
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
    let full = patches;
    if (count < this.batch) {
      full = new Float32Array(this.batch * perImage);
      full.set(patches);
    }
    const results = await this.#pass.run({ patches: full });
    const embedding = results['embedding']!.subarray(0, count * this.width);
    if (!this.#withTokens) return { embedding };
    return {
      embedding,
      tokens: results['tokens']!.subarray(0, count * tokenCount(this.#size) * this.#size.encoder.width),
    };
  }

  async dispose(): Promise<void> {
    await this.#pass.dispose();
  }
}

const outputsOf = ({ tokens, embedding }: ReturnType<typeof embed>, withTokens: boolean): Record<string, Tensor> =>
  withTokens ? { tokens, embedding } : { embedding };

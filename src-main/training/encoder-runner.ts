// The encoder as a compiled forward pass: embeddings of batches of patches.
import { embed, embeddingWidth } from '../jepa/embedding.ts';
import type { EmbeddingLayer } from '../jepa/embedding.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { encoderInputs } from '../jepa/transformer.ts';
import { OnnxSession } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { embeddingBatch } from './embedding-batch.ts';

/** Bytes of weights up to which a copy of them is worth its speed: onnxruntime repacks weights that it knows will stay. */
const mostFrozenBytes = 4e8;
type Weights = Readonly<Record<string, Float32Array>>;
const bytesOf = (weights: Weights): number => Object.values(weights).reduce((total, { byteLength }) => total + byteLength, 0);

export class EncoderRunner {
  /** Images per call. */
  readonly batch: number;
  readonly width: number;
  readonly #session: OnnxSession;
  readonly #size: ModelSize;
  readonly #withTokens: boolean;

  private constructor(session: OnnxSession, size: ModelSize, batch: number, width: number, withTokens: boolean) {
    this.#session = session;
    this.#size = size;
    this.#withTokens = withTokens;
    this.batch = batch;
    this.width = width;
  }

  /**
   * `withTokens` also returns the patch tokens, for statistics per position. `frozen` holds the weights of every later call, where they
   * are known not to change: they are compiled in unless they are large, and those given to `run` are not read.
   */
  static async create(
    size: ModelSize,
    layer: EmbeddingLayer,
    options: SessionOptions,
    withTokens = false,
    batch = embeddingBatch(size, options.device),
    frozen?: Weights,
  ): Promise<EncoderRunner> {
    const { tokens, embedding } = embed(encoderInputs('targetEncoder', size), size, batch, layer);
    const compiledIn = frozen && bytesOf(frozen) <= mostFrozenBytes ? { weights: frozen } : {};
    const session = await OnnxSession.compile(withTokens ? { tokens, embedding } : { embedding }, options, compiledIn);
    return new EncoderRunner(session, size, batch, embeddingWidth(size, layer), withTokens);
  }

  /**
   * `weights` holds `targetEncoder.*`; patches [n, N, 3·P·P] with n ≤ `batch` → embeddings [n, width] (and tokens [n, N, encoder
   * width]). A last incomplete batch is filled up with zeros, whose results are dropped.
   */
  async run(weights: Weights, patches: Float32Array): Promise<{ embedding: Float32Array; tokens?: Float32Array }> {
    const perImage = tokenCount(this.#size) * patchValues(this.#size);
    const count = patches.length / perImage;
    if (!Number.isInteger(count) || count > this.batch) throw new RangeError(`${count} images for a batch of ${this.batch}`);
    let full = patches;
    if (count < this.batch) {
      full = new Float32Array(this.batch * perImage);
      full.set(patches);
    }
    const results = await this.#session.run({ ...weights, patches: full });
    const embedding = results['embedding']!.subarray(0, count * this.width);
    if (!this.#withTokens) return { embedding };
    return {
      embedding,
      tokens: results['tokens']!.subarray(0, count * tokenCount(this.#size) * this.#size.encoder.width),
    };
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}

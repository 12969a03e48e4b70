// A forward pass over images that gives way where a device has too little memory for as many of them at once as it was compiled for.
import { AppError } from '../../../shared/errors.ts';
import type { Values } from '../../runtime/onnx-session.ts';
import type { ForwardPass, Weights } from './forward-pass.ts';
import { joined } from './step-parts.ts';

type Feeds = Readonly<Record<string, Values>>;
type Results = Record<string, Float32Array>;

const isFull = (error: unknown): boolean => error instanceof AppError && error.code === 'out-of-memory';

export class YieldingPass {
  readonly #compile: (images: number) => Promise<ForwardPass>;
  #images: number;
  #pass: ForwardPass | undefined;
  #held: Weights | undefined;

  private constructor(compile: (images: number) => Promise<ForwardPass>, images: number) {
    this.#compile = compile;
    this.#images = images;
  }

  /**
   * `compile` makes the pass for so many images at once, each of whose outputs has them as its first dimension. Where there is no memory for
   * them, now or later, half as many pass at once from then on. Throws `out-of-memory` where there is none for one.
   */
  static async create(compile: (images: number) => Promise<ForwardPass>, images: number): Promise<YieldingPass> {
    const pass = new YieldingPass(compile, images);
    await pass.#open();
    return pass;
  }

  async #open(): Promise<ForwardPass> {
    while (!this.#pass) {
      try {
        this.#pass = await this.#compile(this.#images);
        if (this.#held) await this.#pass.hold(this.#held);
      } catch (error) {
        await this.#giveWay(error);
      }
    }
    return this.#pass;
  }

  /** From here on half as many images pass at once. Throws `why` where that would not help: what a device says after it was full may be another error. */
  async #giveWay(error: unknown, why = error): Promise<void> {
    if (this.#images === 1 || !isFull(error)) throw why;
    this.#images = Math.floor(this.#images / 2);
    // Both at a time would want more memory than there was for one.
    await this.dispose().catch(() => {
      throw why;
    });
  }

  /** How many images pass at once. */
  get images(): number {
    return this.#images;
  }

  /** The weights of the calls that follow, as they are now. */
  async hold(weights: Weights): Promise<void> {
    this.#held = weights;
    const pass = await this.#open();
    try {
      await pass.hold(weights);
    } catch (error) {
      await this.#giveWay(error);
      await this.#open();
    }
  }

  /** Lets go of them. */
  release(): void {
    this.#held = undefined;
    this.#pass?.release();
  }

  /** Outputs of `count` images; `feedsOf` gives the feeds of a call for `images` of them, of which those from `from` to `to` are wanted. */
  async run(count: number, feedsOf: (from: number, to: number, images: number) => Feeds): Promise<Results> {
    const parts: Results[] = [];
    let from = 0;
    let full: unknown;
    do {
      try {
        const pass = await this.#open();
        const images = this.#images;
        const to = Math.min(count, from + images);
        const results = await pass.run(feedsOf(from, to, images));
        const wanted = (values: Float32Array): Float32Array => values.subarray(0, (values.length / images) * (to - from));
        parts.push(Object.fromEntries(Object.entries(results).map(([name, values]) => [name, wanted(values)])));
        from = to;
      } catch (error) {
        full ??= error;
        await this.#giveWay(error, full);
      }
    } while (from < count);
    return parts.length === 1 ? parts[0]! : allOf(parts);
  }

  async dispose(): Promise<void> {
    const pass = this.#pass;
    this.#pass = undefined;
    await pass?.dispose();
  }
}

/** What several calls have made, one after the other. */
const allOf = (parts: readonly Results[]): Results =>
  Object.fromEntries(Object.keys(parts[0] ?? {}).map((name) => [name, joined(parts.map((part) => part[name]!))]));

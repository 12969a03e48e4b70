// Counter-based random numbers (Philox 4×32-10, Salmon et al. 2011): a pure function of (key, counter), so that a crop, a mask
// or a shuffle depends on (seed, step, index) alone and a resumed run draws what an uninterrupted one would have drawn.

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;

function multiplyHigh(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a0 * b0;
  const middle1 = a1 * b0 + Math.floor(low / 0x10000);
  const middle2 = a0 * b1 + (middle1 & 0xffff);
  return (a1 * b1 + Math.floor(middle1 / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0;
}

/** Ten rounds of Philox 4×32. `counter` is four and `key` two unsigned 32-bit words; returns four such words. */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const lowA = Math.imul(multiplierA, c0) >>> 0;
    const highB = multiplyHigh(multiplierB, c2);
    const lowB = Math.imul(multiplierB, c2) >>> 0;
    [c0, c1, c2, c3] = [(highB ^ c1 ^ k0) >>> 0, lowB, (highA ^ c3 ^ k1) >>> 0, lowA];
    k0 = (k0 + weylA) >>> 0;
    k1 = (k1 + weylB) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** What a stream of numbers is for: streams of one seed never overlap. */
export const streams = {
  initial: 1,
  shuffle: 2,
  crop: 3,
  mask: 4,
  context: 5,
  evaluation: 6,
  projection: 7,
  test: 8,
  colour: 9,
  map: 10,
} as const;
export type Stream = keyof typeof streams;

/** A sequence of random numbers that is a pure function of (seed, stream, step, index). */
export class Random {
  readonly #key: readonly [number, number];
  readonly #step: number;
  readonly #index: number;
  #block = 0;
  #words: [number, number, number, number] = [0, 0, 0, 0];
  #used = 4;

  constructor(seed: number, stream: Stream, step = 0, index = 0) {
    this.#key = [seed >>> 0, (Math.floor(seed / 0x100000000) ^ (streams[stream] << 24)) >>> 0];
    this.#step = step;
    this.#index = index;
  }

  /** An unsigned 32-bit integer. */
  word(): number {
    if (this.#used === 4) {
      this.#words = philox([this.#block++, this.#index >>> 0, this.#step >>> 0, Math.floor(this.#step / 0x100000000)], this.#key);
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return ((this.word() >>> 5) * 0x4000000 + (this.word() >>> 6)) / 0x20000000000000;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in [0, count), without bias that a float could show. */
  integer(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Normal of the given deviation, redrawn while outside ±2 in absolute value (the bounds that the published initialiser uses). */
  truncatedNormal(deviation: number): number {
    for (;;) {
      const value = this.normal() * deviation;
      if (Math.abs(value) <= 2) return value;
    }
  }

  /** The integers 0 … count − 1 in random order (Fisher–Yates). */
  permutation(count: number): Uint32Array {
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    this.shuffle(order);
    return order;
  }

  /** Shuffles in place. */
  shuffle(values: Uint32Array | Int32Array | number[]): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = values[i]!;
      values[i] = values[j]!;
      values[j] = kept;
    }
  }
}

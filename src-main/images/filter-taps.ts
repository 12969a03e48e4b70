// The triangle filter of antialiased bilinear resampling along one axis, as weights per output position.

/** Which source positions each output position mixes, and with which weights. */
export interface Taps {
  /** First source position of each output position. */
  readonly first: Int32Array;
  /** How many source positions from there on. */
  readonly count: Int32Array;
  /** Weights of output position i from `i * stride` on; they sum to 1. */
  readonly weights: Float32Array;
  readonly stride: number;
}

/** Makes taps in memory of its own: they hold until it makes the next ones. Fresh arrays for each crop cost a third of its time. */
export class TapMaker {
  #first = new Int32Array(0);
  #count = new Int32Array(0);
  #weights = new Float32Array(0);

  /** Filter for `from` source positions, beginning at `start`, to `to` output positions; widened when shrinking (as PIL does). */
  make(from: number, start: number, to: number): Taps {
    const scale = from / to;
    const support = Math.max(1, scale);
    const stride = Math.ceil(2 * support) + 1;
    if (this.#first.length < to) [this.#first, this.#count] = [new Int32Array(to), new Int32Array(to)];
    if (this.#weights.length < to * stride) this.#weights = new Float32Array(to * stride);
    const [first, count, weights] = [this.#first, this.#count, this.#weights];
    for (let i = 0; i < to; i++) {
      const centre = (i + 0.5) * scale;
      const weightOf = (j: number): number => Math.max(0, 1 - Math.abs((j + 0.5 - centre) / support));
      let low = Math.max(0, Math.floor(centre - support + 0.5));
      let high = Math.min(from, Math.floor(centre + support + 0.5));
      while (low < high - 1 && weightOf(low) === 0) low++;
      while (low < high - 1 && weightOf(high - 1) === 0) high--;
      let total = 0;
      for (let j = low; j < high; j++) total += weightOf(j);
      for (let j = low; j < high; j++) weights[i * stride + j - low] = weightOf(j) / total;
      first[i] = start + low;
      count[i] = high - low;
    }
    return { first, count, weights, stride };
  }
}

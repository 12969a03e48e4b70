// Pairs of rows above a floor, at most so many: where there are more the floor rises, so that what is kept is always all that lies above it.

/** Pairs of rows by falling cosine (equal ones by their rows): each that lies above the floor, and no other. */
export interface SimilarPairs {
  readonly floor: number;
  /** The lower row of each pair, and the higher. */
  readonly first: Uint32Array<ArrayBuffer>;
  readonly second: Uint32Array<ArrayBuffer>;
  readonly cosines: Float64Array<ArrayBuffer>;
}

/** Steps in which the floor rises, on the way to 1. */
const bins = 1 << 16;
const firstRoom = 1 << 12;

export class PairCollector {
  readonly #most: number;
  #floor: number;
  #held = 0;
  #first = new Uint32Array(firstRoom);
  #second = new Uint32Array(firstRoom);
  #cosines = new Float64Array(firstRoom);

  /** Keeps `most` pairs above `floor` in the end, and twice as many on the way. */
  constructor(floor: number, most: number) {
    this.#floor = floor;
    this.#most = most;
  }

  /** What lies above it is kept; 1 where more pairs than can be kept are all alike: then nothing is. */
  get floor(): number {
    return this.#floor;
  }

  /** Takes a pair of different rows, unless it lies no higher than the floor. Of equal vectors the cosine may be a little more than 1. */
  add(one: number, other: number, cosine: number): void {
    if (!(cosine > this.#floor) || this.#floor >= 1) return;
    if (this.#held === this.#cosines.length) this.#makeRoom();
    if (!(cosine > this.#floor) || this.#floor >= 1) return;
    this.#first[this.#held] = Math.min(one, other);
    this.#second[this.#held] = Math.max(one, other);
    this.#cosines[this.#held++] = Math.min(1, cosine);
  }

  #makeRoom(): void {
    if (this.#held >= 2 * this.#most) this.raise(this.#floor);
    // Raised by much, there is room already.
    if (this.#held < this.#cosines.length) return;
    const room = Math.min(2 * this.#most, 2 * this.#cosines.length);
    const [first, second, cosines] = [new Uint32Array(room), new Uint32Array(room), new Float64Array(room)];
    first.set(this.#first);
    second.set(this.#second);
    cosines.set(this.#cosines);
    [this.#first, this.#second, this.#cosines] = [first, second, cosines];
  }

  /** Raises the floor to `least`, and further where more than `most` pairs would lie above it. */
  raise(least: number): void {
    let floor = Math.max(this.#floor, least);
    const counts = new Uint32Array(bins);
    const scale = bins / (1 - floor);
    let above = 0;
    for (let i = 0; i < this.#held; i++) {
      const cosine = this.#cosines[i]!;
      if (!(cosine > floor)) continue;
      above++;
      counts[Math.min(bins - 1, Math.floor((cosine - floor) * scale))]!++;
    }
    if (above > this.#most) {
      let bin = 0;
      for (; above > this.#most; bin++) above -= counts[bin]!;
      floor = bin === bins ? 1 : floor + bin / scale;
    }
    let kept = 0;
    for (let i = 0; i < this.#held && floor < 1; i++) {
      if (!(this.#cosines[i]! > floor)) continue;
      this.#first[kept] = this.#first[i]!;
      this.#second[kept] = this.#second[i]!;
      this.#cosines[kept++] = this.#cosines[i]!;
    }
    this.#held = kept;
    this.#floor = floor;
  }

  /** What was kept, in order. */
  sorted(): SimilarPairs {
    if (this.#held > this.#most) this.raise(this.#floor);
    const held = this.#held;
    return inOrder({
      floor: this.#floor,
      first: this.#first.slice(0, held),
      second: this.#second.slice(0, held),
      cosines: this.#cosines.slice(0, held),
    });
  }
}

/** Pairs in any order, as pairs in theirs. */
export function inOrder({ floor, first, second, cosines }: SimilarPairs): SimilarPairs {
  const order = Uint32Array.from(first.keys()).sort(
    (a, b) => cosines[b]! - cosines[a]! || first[a]! - first[b]! || second[a]! - second[b]!,
  );
  return {
    floor,
    first: order.map((i) => first[i]!),
    second: order.map((i) => second[i]!),
    cosines: Float64Array.from(order, (i) => cosines[i]!),
  };
}

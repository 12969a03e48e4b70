// Which rows can be among the k best, when their scores are known up to an error.

/** A bitmap of rows: bit r & 31 of word r >> 5. */
export type RowBitmap = Uint32Array;

/** The bitmap in which exactly `rows` are set; `count` is one more than the highest row it can hold. */
export function bitmapOf(rows: Iterable<number>, count: number): RowBitmap {
  const bitmap = new Uint32Array(Math.ceil(count / 32));
  for (const row of rows) bitmap[row >>> 5]! |= 1 << (row & 31);
  return bitmap;
}

export interface RowFilter {
  /** Rows that may be found; all when `undefined`. Rows beyond the bitmap are not in it. */
  readonly allowed: RowBitmap | undefined;
  readonly excluded: ReadonlySet<number>;
}

export function passes(filter: RowFilter, row: number): boolean {
  const { allowed, excluded } = filter;
  if (allowed !== undefined && (((allowed[row >>> 5] ?? 0) >>> (row & 31)) & 1) === 0) return false;
  return excluded.size === 0 || !excluded.has(row);
}

/** The k largest values seen, as a heap with the smallest on top. */
export class LargestValues {
  readonly #heap: Float64Array;
  #held = 0;

  constructor(k: number) {
    this.#heap = new Float64Array(k);
  }

  /** The k-th largest value so far; −∞ while fewer than k were seen. */
  get threshold(): number {
    return this.#held < this.#heap.length ? Number.NEGATIVE_INFINITY : this.#heap[0]!;
  }

  add(value: number): void {
    const heap = this.#heap;
    if (this.#held < heap.length) {
      let at = this.#held++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (heap[parent]! <= value) break;
        heap[at] = heap[parent]!;
        at = parent;
      }
      heap[at] = value;
      return;
    }
    if (!(value > heap[0]!)) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= value) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = value;
  }
}

/** Adds the scores of the rows [firstRow, firstRow + count), as far as they pass. */
export function addScores(best: LargestValues, scores: Float32Array, firstRow: number, count: number, filter: RowFilter): void {
  let threshold = best.threshold;
  const end = firstRow + count;
  for (let row = firstRow; row < end; row++) {
    const score = scores[row]!;
    if (!(score > threshold) || !passes(filter, row)) continue;
    best.add(score);
    threshold = best.threshold;
  }
}

/** Rows that pass and score at least `floor`, ascending. */
export function rowsFrom(scores: Float32Array, count: number, floor: number, filter: RowFilter): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row++) if (scores[row]! >= floor && passes(filter, row)) rows.push(row);
  return rows;
}

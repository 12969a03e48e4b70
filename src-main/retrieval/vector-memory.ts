// The vectors of a search, held once in a shared WebAssembly memory (Node has no mmap, and WebAssembly sees no foreign buffer), and
// what does not fit there in a file that is read block by block. Lives on the search thread; the loading thread writes the vectors
// straight into the same memory.
//
// Exactness: the kernel's float32 scores choose candidates, with the error bound of a float32 dot product (Higham, Accuracy and
// Stability, §3.1) on both sides of the k-th score; candidates are scored again in float64. So the answer is that of a float64 scan.
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { AppError } from '../../shared/errors.ts';
import { pageBytes, type SharedKernelMemory } from '../../shared/web-assembly.ts';
import { createSharedMemory, instantiateKernel, maxPages, type SearchKernel } from './search-kernel.ts';
import { addScores, LargestValues, type RowBitmap, type RowFilter, rowsFrom } from './top-rows.ts';

export interface SearchRequest {
  /** One or more queries, [Q, dimension]. */
  readonly queries: Float32Array;
  /** Most answers per query, 1–1,000. */
  readonly k: number;
  /** Answers score at least this. */
  readonly minScore?: number;
  /** Only these rows are found. */
  readonly allowed?: RowBitmap;
  /** These rows are not found (the query itself, hidden duplicates). */
  readonly exclude?: readonly number[];
}

/** Answers of one query, best first; equal scores by ascending row. */
export interface Neighbours {
  readonly rows: Uint32Array;
  /** Dot products: cosines where vectors and query have length 1. */
  readonly scores: Float64Array;
}

const blockRows = 4096;
const passQueries = 4;
const spillBytes = 4 * 1024 * 1024;

export class VectorMemory {
  readonly dimension: number;
  /** Floats per row in memory: the dimension rounded up to four, padded with zeros. */
  readonly stride: number;
  /** Byte at which row 0 begins. */
  readonly vectorsAt: number;
  /** Rows that fit into the memory at most. */
  readonly memoryRows: number;
  readonly #memory: SharedKernelMemory;
  readonly #kernel: SearchKernel;
  readonly #scoresAt: number;
  readonly #spillAt: number;
  readonly #spillPath: string | undefined;
  readonly #limitPages: number;
  #spillFile: number | undefined;
  #held = 0;
  #spilled = 0;
  #largestNorm = 0;
  #scores: Float32Array[] = [];

  /** `limitBytes` of memory at most (4 GiB at most); more vectors go to the file `spillPath`, or are refused without one. */
  constructor(dimension: number, limitBytes = maxPages * pageBytes, spillPath?: string) {
    if (!Number.isInteger(dimension) || dimension < 1 || dimension > 65_536) {
      throw new AppError('bad-input', `Vectors of ${dimension} dimensions cannot be searched.`, 'Use 1 to 65,536 dimensions.');
    }
    this.dimension = dimension;
    this.stride = 4 * Math.ceil(dimension / 4);
    this.#scoresAt = passQueries * this.#rowBytes;
    this.#spillAt = this.#scoresAt + passQueries * blockRows * 4;
    const spill = spillPath === undefined ? 0 : Math.max(this.#rowBytes, Math.floor(spillBytes / this.#rowBytes) * this.#rowBytes);
    this.vectorsAt = Math.ceil((this.#spillAt + spill) / 64) * 64;
    this.#limitPages = Math.min(maxPages, Math.max(Math.ceil(this.vectorsAt / pageBytes), Math.floor(limitBytes / pageBytes)));
    this.memoryRows = Math.floor((this.#limitPages * pageBytes - this.vectorsAt) / this.#rowBytes);
    this.#spillPath = spillPath;
    this.#memory = createSharedMemory(Math.ceil(this.vectorsAt / pageBytes));
    this.#kernel = instantiateKernel(this.#memory);
  }

  get rows(): number {
    return this.#held + this.#spilled;
  }

  get #rowBytes(): number {
    return this.stride * 4;
  }

  /** Makes room for `rows` more rows and returns the buffer to write them into, from row `held` on; `room` of them fit. */
  reserve(rows: number): { readonly buffer: SharedArrayBuffer; readonly held: number; readonly room: number } {
    const room = this.#spilled > 0 ? 0 : Math.min(rows, this.memoryRows - this.#held);
    const needed = Math.ceil((this.vectorsAt + (this.#held + room) * this.#rowBytes) / pageBytes);
    const present = this.#memory.buffer.byteLength / pageBytes;
    if (needed > present) {
      // By eighths, so that loading block by block does not grow a thousand times; untouched pages cost nothing.
      const target = Math.min(this.#limitPages, Math.max(needed, Math.ceil(present * 1.125)));
      try {
        this.#memory.grow(target - present);
      } catch (error) {
        throw new AppError(
          'out-of-memory',
          `No memory for ${this.#held + room} vectors of ${this.dimension} dimensions.`,
          'Close other programs, or search a smaller part of the library.',
          error,
        );
      }
    }
    return { buffer: this.#memory.buffer, held: this.#held, room };
  }

  /** Takes over `rows` rows that were written after the last one. Throws `non-finite` and takes none of them if one holds NaN. */
  accept(rows: number): void {
    const largest = this.#checkNorms(this.vectorsAt + this.#held * this.#rowBytes, rows);
    this.#largestNorm = Math.max(this.#largestNorm, largest);
    this.#held += rows;
  }

  /** Appends padded rows [·, stride] to the file. Throws like {@link accept}, and `out-of-memory` when there is no file to use. */
  spill(vectors: Float32Array): void {
    if (this.#spillPath === undefined) {
      throw new AppError(
        'out-of-memory',
        `${this.memoryRows} vectors of ${this.dimension} dimensions are the most that fit into the search's memory.`,
        'Give the search a folder for the rest, or search a smaller part of the library.',
      );
    }
    const count = vectors.length / this.stride;
    const step = Math.floor((this.vectorsAt - this.#spillAt) / this.#rowBytes);
    let largest = this.#largestNorm;
    for (let first = 0; first < count; first += step) {
      const rows = Math.min(step, count - first);
      this.#floats(this.#spillAt, rows * this.stride).set(vectors.subarray(first * this.stride, (first + rows) * this.stride));
      largest = Math.max(largest, this.#checkNorms(this.#spillAt, rows));
    }
    this.#spillFile ??= openSync(this.#spillPath, 'w+', 0o600);
    const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    for (let written = 0; written < bytes.length;) {
      const position = this.#spilled * this.#rowBytes + written;
      written += writeSync(this.#spillFile, bytes, written, bytes.length - written, position);
    }
    this.#largestNorm = largest;
    this.#spilled += count;
  }

  /** The stored vector of a row, [dimension]. Throws `not-found`. */
  vector(row: number): Float32Array<ArrayBuffer> {
    if (!Number.isInteger(row) || row < 0 || row >= this.rows) {
      throw new AppError('not-found', `The search holds no row ${row}.`, 'Compute its vector first.');
    }
    return Float32Array.from(this.#row(row).subarray(0, this.dimension));
  }

  /** Exact answers for each query. Throws `bad-input` or `non-finite` for a request that cannot be answered. */
  search(request: SearchRequest): Neighbours[] {
    const { queries, k, minScore = Number.NEGATIVE_INFINITY, allowed, exclude = [] } = request;
    checkRequest(queries, this.dimension, k, minScore);
    const filter: RowFilter = { allowed, excluded: new Set(exclude) };
    const count = queries.length / this.dimension;
    const answers: Neighbours[] = [];
    for (let first = 0; first < count; first += passQueries) {
      const here = Math.min(passQueries, count - first);
      const group = Array.from({ length: here }, (_, i) =>
        queries.subarray((first + i) * this.dimension, (first + i + 1) * this.dimension),
      );
      const best = group.map(() => new LargestValues(k));
      const scores = this.#scoresFor(here);
      this.#placeQueries(group);
      this.#forEachBlock((address, firstRow, rows) => {
        this.#multiply(here, address, rows);
        for (const [i, heap] of best.entries()) {
          scores[i]!.set(this.#floats(this.#scoresAt + i * blockRows * 4, rows), firstRow);
          addScores(heap, scores[i]!, firstRow, rows, filter);
        }
      });
      for (const [i, query] of group.entries()) {
        const error = this.#scoreError(query);
        const floor = Math.max(best[i]!.threshold - 2 * error, minScore - error);
        answers.push(this.#rescore(query, rowsFrom(scores[i]!, this.rows, floor, filter), k, minScore));
      }
    }
    return answers;
  }

  /** Milliseconds of one search (one query, `k` answers) and of summing the bytes of all vectors in memory, on this thread. */
  measure(query: Float32Array, k: number): { readonly search: number; readonly sum: number } {
    const start = performance.now();
    this.search({ queries: query, k });
    const middle = performance.now();
    const total = this.#kernel.sum(this.vectorsAt, this.#held * this.#rowBytes);
    const end = performance.now();
    return { search: middle - start, sum: Number.isNaN(total) ? Number.NaN : end - middle };
  }

  dispose(): void {
    if (this.#spillFile === undefined) return;
    closeSync(this.#spillFile);
    this.#spillFile = undefined;
    if (this.#spillPath !== undefined) rmSync(this.#spillPath, { force: true });
  }

  #floats(address: number, count: number): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#memory.buffer, address, count);
  }

  #row(row: number): Float32Array {
    if (row < this.#held) return this.#floats(this.vectorsAt + row * this.#rowBytes, this.stride);
    const vector = new Float32Array(this.stride);
    this.#readSpilled(row - this.#held, new Uint8Array(vector.buffer));
    return vector;
  }

  #readSpilled(row: number, into: Uint8Array): void {
    if (this.#spillFile === undefined) throw new AppError('internal', 'No file of vectors is open.', 'Start the search again.');
    for (let done = 0; done < into.length;) {
      const read = readSync(this.#spillFile, into, done, into.length - done, row * this.#rowBytes + done);
      if (read === 0) throw new AppError('bad-file', 'The file of vectors is shorter than it was.', 'Start the search again.');
      done += read;
    }
  }

  /** All rows in order, in blocks: visit(address of the first, its number, how many). */
  #forEachBlock(visit: (address: number, firstRow: number, rows: number) => void): void {
    for (let row = 0; row < this.#held; row += blockRows) {
      visit(this.vectorsAt + row * this.#rowBytes, row, Math.min(blockRows, this.#held - row));
    }
    const step = Math.min(blockRows, Math.floor((this.vectorsAt - this.#spillAt) / this.#rowBytes));
    for (let row = 0; row < this.#spilled; row += step) {
      const rows = Math.min(step, this.#spilled - row);
      this.#readSpilled(row, new Uint8Array(this.#memory.buffer, this.#spillAt, rows * this.#rowBytes));
      visit(this.#spillAt, this.#held + row, rows);
    }
  }

  #placeQueries(queries: readonly Float32Array[]): void {
    const target = this.#floats(0, passQueries * this.stride);
    target.fill(0);
    for (const [i, query] of queries.entries()) target.set(query, i * this.stride);
  }

  #multiply(queries: number, address: number, rows: number): void {
    if (queries === 1) this.#kernel.dot1(0, address, rows, this.#rowBytes, this.#scoresAt, blockRows * 4);
    else this.#kernel.dot4(0, address, rows, this.#rowBytes, this.#scoresAt, blockRows * 4);
  }

  #checkNorms(address: number, rows: number): number {
    let largest = 0;
    const squared = this.#floats(this.#scoresAt, 1);
    for (let row = 0; row < rows; row++) {
      const at = address + row * this.#rowBytes;
      this.#kernel.dot1(at, at, 1, this.#rowBytes, this.#scoresAt, 4);
      if (!Number.isFinite(squared[0])) throw notNumbers('A vector');
      largest = Math.max(largest, squared[0]!);
    }
    return Math.sqrt(largest) * 1.001;
  }

  /** Room for the float32 scores of all rows, per query; kept between searches. */
  #scoresFor(queries: number): Float32Array[] {
    while (this.#scores.length < queries) this.#scores.push(new Float32Array(0));
    for (let i = 0; i < queries; i++) {
      if (this.#scores[i]!.length < this.rows) this.#scores[i] = new Float32Array(Math.ceil(this.rows * 1.125));
    }
    return this.#scores;
  }

  /** Largest difference between the kernel's and the true score: γₙ·‖q‖·‖v‖ with n additions in a row at most, and underflow. */
  #scoreError(query: Float32Array): number {
    let squares = 0;
    for (let k = 0; k < query.length; k++) squares += query[k]! ** 2;
    const roundings = this.stride / 8 + 8;
    return roundings * 2 ** -24 * 1.01 * Math.sqrt(squares) * this.#largestNorm + this.stride * 2 ** -148;
  }

  #rescore(query: Float32Array, candidates: readonly number[], k: number, minScore: number): Neighbours {
    const scores = new Float64Array(candidates.length);
    const best = new LargestValues(k);
    for (const [place, row] of candidates.entries()) {
      const vector = this.#row(row);
      let score = 0;
      for (let i = 0; i < query.length; i++) score += query[i]! * vector[i]!;
      scores[place] = score;
      best.add(score);
    }
    // Of a tie at the k-th place the lower rows are kept; after a collapse that may be a tie of all vectors.
    const floor = Math.max(best.threshold, minScore);
    const above: number[] = [];
    const level: number[] = [];
    for (const place of candidates.keys()) {
      const score = scores[place]!;
      if (score < floor) continue;
      if (score > best.threshold) above.push(place);
      else if (level.length < k) level.push(place);
    }
    const kept = [...above, ...level.slice(0, k - above.length)];
    kept.sort((a, b) => scores[b]! - scores[a]! || a - b);
    return {
      rows: Uint32Array.from(kept, (place) => candidates[place]!),
      scores: Float64Array.from(kept, (place) => scores[place]!),
    };
  }
}

function checkRequest(queries: Float32Array, dimension: number, k: number, minScore: number): void {
  if (queries.length === 0 || queries.length % dimension !== 0) {
    throw new AppError(
      'bad-input',
      `A query of ${queries.length} numbers does not fit vectors of ${dimension} dimensions.`,
      'The vectors of query and library must come from the same model, in the same space.',
    );
  }
  if (!Number.isInteger(k) || k < 1 || k > 1000 || Number.isNaN(minScore)) {
    throw new AppError('bad-input', `${k} answers scoring at least ${minScore} cannot be searched.`, 'Ask for 1 to 1,000.');
  }
  if (!queries.every(Number.isFinite)) throw notNumbers('The query');
}

function notNumbers(what: string): AppError {
  return new AppError(
    'non-finite',
    `${what} contains values that are not numbers or too large to compare.`,
    'The weights that made it are damaged: choose an earlier checkpoint and compute its vectors.',
  );
}

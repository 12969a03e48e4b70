// Exact search over vectors that are already in the chosen space and of length 1. The work is done on a thread of its own.
import { randomUUID } from 'node:crypto';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../shared/errors.ts';
import { requireFinite } from '../evaluation/spaces.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import type { SearchCall, SearchCalls, SearchReply, SearchThreadData } from './search-worker.ts';
import type { Neighbours, SearchRequest } from './vector-memory.ts';

export interface SearchIndexOptions {
  readonly dimension: number;
  /** Memory for vectors, bytes; at most and by default 4 GiB. */
  readonly limitBytes?: number;
  /** Folder for a temporary file with the vectors that do not fit; without it, more vectors are refused with `out-of-memory`. */
  readonly spillFolder?: string;
}

interface Pending {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Rows are numbered in the order of loading. Answers equal those of a float64 scan of the same float32 vectors, whether they lie in
 * memory or in the file. Calls are answered one after another; every call rejects once the index is disposed or its thread died.
 */
export class SearchIndex {
  readonly dimension: number;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #stride: number;
  #vectorsAt = 0;
  #nextId = 0;
  #rows = 0;
  #failure: AppError | undefined;
  #loading: Promise<void> = Promise.resolve();

  private constructor(options: SearchIndexOptions) {
    const { dimension, limitBytes, spillFolder } = options;
    this.dimension = dimension;
    this.#stride = 4 * Math.ceil(dimension / 4);
    const spillPath = spillFolder === undefined ? undefined : join(spillFolder, `search-${randomUUID()}.tmp`);
    const workerData: SearchThreadData = { dimension, limitBytes, spillPath };
    this.#worker = new Worker(new URL(`./search-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData,
      name: 'search',
      execArgv: [...nodeArguments],
    });
    this.#worker.on('message', (reply: SearchReply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (this.#pending.size === 0) this.#worker.unref();
      if (reply.ok) pending?.resolve(reply.reply);
      else pending?.reject(fromWire(reply.error));
    });
    this.#worker.on('error', (error) => this.#fail(`The search thread failed: ${String(error)}`));
    this.#worker.on('exit', () => this.#fail('The search thread has ended.'));
  }

  /** An empty index. Rejects with `bad-input` or `out-of-memory`. */
  static async create(options: SearchIndexOptions): Promise<SearchIndex> {
    const index = new SearchIndex(options);
    try {
      index.#vectorsAt = (await index.#call('describe', null)).vectorsAt;
      return index;
    } catch (error) {
      await index.dispose();
      throw error;
    }
  }

  /** Rows that can be found. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Appends blocks of vectors [·, dimension]; may be called again for new images. A block is searchable once taken over. Rejects
   * with `bad-input` for a wrong length, `non-finite` for NaN (the block is not taken over) and `out-of-memory`.
   */
  load(blocks: Iterable<Float32Array> | AsyncIterable<Float32Array>): Promise<void> {
    const loading = this.#loading.then(async () => {
      for await (const block of blocks) await this.#append(block);
    });
    this.#loading = loading.catch(() => undefined);
    return loading;
  }

  /** The answers of each query. Rejects with `bad-input` or `non-finite` for a request that cannot be answered. */
  async search(request: SearchRequest): Promise<Neighbours[]> {
    return this.#call('search', request);
  }

  /** The stored vector of a row, to search with. Rejects with `not-found`. */
  async vector(row: number): Promise<Float32Array> {
    return this.#call('vector', row);
  }

  /** Milliseconds of one search and of summing the same bytes, one after the other on the search thread: for the bench. */
  async measure(query: Float32Array, k: number): Promise<{ readonly search: number; readonly sum: number }> {
    return this.#call('measure', { query, k });
  }

  /** Ends the thread and removes the temporary file. */
  async dispose(): Promise<void> {
    if (!this.#failure) {
      await this.#call('close', null).catch(() => undefined);
      this.#fail('The search was closed.');
    }
    await this.#worker.terminate();
  }

  async #append(block: Float32Array): Promise<void> {
    const { dimension } = this;
    if (block.length % dimension !== 0) {
      throw new AppError(
        'bad-input',
        `${block.length} numbers cannot be vectors of ${dimension} dimensions.`,
        'Load vectors of the space that the index was made for.',
      );
    }
    const count = block.length / dimension;
    if (count === 0) return;
    const { buffer, held, room } = await this.#call('reserve', count);
    // A block that lies on both sides is taken over as a whole or not at all.
    if (room > 0 && room < count) requireFinite(block);
    if (room > 0) {
      const target = new Float32Array(buffer, this.#vectorsAt + held * this.#stride * 4, room * this.#stride);
      this.#pad(block, 0, room, target);
      await this.#call('accept', room);
      this.#rows += room;
    }
    if (room < count) {
      const rest = new Float32Array((count - room) * this.#stride);
      this.#pad(block, room, count, rest);
      await this.#call('spill', rest, [rest.buffer]);
      this.#rows += count - room;
    }
  }

  #pad(block: Float32Array, from: number, to: number, target: Float32Array): void {
    const { dimension } = this;
    if (this.#stride === dimension) {
      target.set(block.subarray(from * dimension, to * dimension));
      return;
    }
    target.fill(0);
    for (let row = from; row < to; row++) {
      target.set(block.subarray(row * dimension, (row + 1) * dimension), (row - from) * this.#stride);
    }
  }

  #call<C extends SearchCall>(
    call: C,
    request: SearchCalls[C]['request'],
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<SearchCalls[C]['reply']> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: (reply) => resolve(reply as SearchCalls[C]['reply']), reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, call, request }, transfer);
    });
  }

  #fail(message: string): void {
    this.#failure ??= new AppError('internal', message, 'Search again; the vectors are loaded anew from the disk.');
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

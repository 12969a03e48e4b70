// Training batches, made ahead on a thread of their own so that a step never waits for data.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readAgain } from '../../shared/decoded-images.ts';
import { AppError, fromWire } from '../../shared/errors.ts';
import { cropValues, targetAt } from './batch-plan.ts';
import type { BatchAnswer, BatchMessage, BatchRequest, BatchSettings } from './batch-worker.ts';

export interface Batch {
  /** [crops · batchSize, N, 3·P·P], N by the step's target; overwritten once two more batches were asked for. */
  readonly patches: Float32Array;
  /** Images that another one stood in for, since the start. */
  readonly skipped: number;
  /** Milliseconds between asking and having. */
  readonly waitedMs: number;
}

/** One batch in use, one made ahead, and one that its reader may not have let go of yet. */
const slotCount = 3;

export class BatchSource {
  readonly #worker: Worker;
  readonly #slots: readonly Float32Array[];
  readonly #lengthOf: (step: number) => number;
  readonly #made = new Map<number, Promise<BatchAnswer>>();
  readonly #resolvers = new Map<number, { resolve: (answer: BatchAnswer) => void; reject: (error: Error) => void }>();
  #failure: Error | undefined;
  #skipped = 0;
  #waitedMs = 0;

  /** Throws `no-images` without images; a cache that cannot be opened is said by `next`. */
  constructor(settings: BatchSettings) {
    if (settings.hashes.length === 0)
      throw new AppError('no-images', 'There is no image to train on.', 'Choose a folder that holds images.');
    this.#lengthOf = (step) => settings.crops * settings.batchSize * cropValues(targetAt(settings.targets, step));
    const longest = this.#lengthOf(Infinity);
    this.#slots = Array.from({ length: slotCount }, () => new Float32Array(new SharedArrayBuffer(4 * longest)));
    this.#worker = new Worker(new URL(`./batch-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: { ...settings, slots: this.#slots },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker.on('message', (message: BatchMessage) => {
      if ('failed' in message) this.#fail(fromWire(message.failed));
      else this.#resolvers.get(message.step)?.resolve(message);
    });
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new AppError('cancelled', 'The batches were shut down.', 'Start again.')));
  }

  /** Nothing more will come: whoever waits and whoever asks from now on is told why. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#resolvers.values()) reject(this.#failure);
  }

  /** Milliseconds waited for data in all. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  #request(step: number): void {
    if (this.#made.has(step)) return;
    const made = new Promise<BatchAnswer>((resolve, reject) => this.#resolvers.set(step, { resolve, reject }));
    made.catch(() => {});
    this.#made.set(step, made);
    this.#worker.postMessage({ step, slot: step % slotCount } satisfies BatchRequest);
  }

  /**
   * The batch of a step; steps are asked for in ascending order. Throws `no-images` when not one image can be read, `not-found` when
   * there is no cache, `cancelled` after `dispose`.
   */
  async next(step: number): Promise<Batch> {
    if (this.#failure) throw this.#failure;
    const asked = performance.now();
    for (let ahead = 0; ahead < slotCount - 1; ahead++) this.#request(step + ahead);
    const answer = await this.#made.get(step)!;
    this.#made.delete(step);
    this.#resolvers.delete(step);
    if (answer.empty)
      throw new AppError('no-images', 'Not one decoded image of this run can be read.', `${readAgain} Then resume the run.`);
    this.#skipped += answer.skipped;
    const waitedMs = performance.now() - asked;
    this.#waitedMs += waitedMs;
    return { patches: this.#slots[answer.slot]!.subarray(0, this.#lengthOf(step)), skipped: this.#skipped, waitedMs };
  }

  async dispose(): Promise<void> {
    await this.#worker.terminate();
  }
}

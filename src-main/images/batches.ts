// Training batches, made ahead on threads of their own so that a step never waits for data.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readAgain } from '../../shared/decoded-images.ts';
import { AppError, fromWire } from '../../shared/errors.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { cropValues, slotCount, targetAt } from './batch-plan.ts';
import type { BatchAnswer, BatchMessage, BatchRequest, BatchSettings } from './batch-worker.ts';
import { mostCutting } from './cutting-threads.ts';
import { pictureCount } from './training-pictures.ts';
import { WaitWatch } from './wait-watch.ts';

export interface Batch {
  /** [crops · batchSize, N, 3·P·P], N by the step's target; overwritten once two more batches were asked for. */
  readonly patches: Float32Array;
  /** Images that another one stood in for, since the start. */
  readonly skipped: number;
  /** Milliseconds between asking and having. */
  readonly waitedMs: number;
}

/** The answers of the threads that share a batch. */
class Making {
  readonly whole: Promise<readonly BatchAnswer[]>;
  readonly fail: (error: Error) => void;
  readonly #answers: BatchAnswer[] = [];
  readonly #shares: number;
  readonly #done: (answers: readonly BatchAnswer[]) => void;

  constructor(shares: number) {
    this.#shares = shares;
    const { promise, resolve, reject } = Promise.withResolvers<readonly BatchAnswer[]>();
    promise.catch(() => {});
    [this.whole, this.#done, this.fail] = [promise, resolve, reject];
  }

  take(answer: BatchAnswer): void {
    this.#answers.push(answer);
    if (this.#answers.length === this.#shares) this.#done(this.#answers);
  }
}

export class BatchSource {
  readonly #settings: BatchSettings;
  /** Fewer once one could not be started. */
  #most: number;
  /** Started, and not ready yet. */
  #helper: Worker | undefined;
  readonly #workers: Worker[] = [];
  readonly #slots: readonly Float32Array[];
  readonly #lengthOf: (step: number) => number;
  readonly #made = new Map<number, Making>();
  readonly #watch = new WaitWatch();
  #failure: Error | undefined;
  #skipped = 0;
  #waitedMs = 0;

  /**
   * Begins with `first` threads; where steps wait for batches, others share them, up to `most` in all. The batches are the same.
   * Throws `no-images` without images; a cache that cannot be opened is said by `next`.
   */
  constructor(settings: BatchSettings, { first = 1, most }: { readonly first?: number; readonly most?: number } = {}) {
    if (pictureCount(settings.pictures) === 0)
      throw new AppError('no-images', 'There is no image to train on.', 'Choose a folder that holds images.');
    this.#settings = settings;
    this.#most = mostCutting(pictureCount(settings.pictures), most);
    this.#lengthOf = (step) => settings.crops * settings.batchSize * cropValues(targetAt(settings.targets, step));
    const longest = this.#lengthOf(Infinity);
    this.#slots = Array.from({ length: slotCount }, () => new Float32Array(new SharedArrayBuffer(4 * longest)));
    for (let i = 0; i < first; i++) this.#workers.push(this.#start());
  }

  #start(): Worker {
    const worker = new Worker(new URL(`./batch-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: { ...this.#settings, slots: this.#slots },
      execArgv: [...nodeArguments],
    });
    worker.on('message', (message: BatchMessage) => {
      if (message === 'ready') this.#join(worker);
      else if ('failed' in message) this.#lose(worker, fromWire(message.failed));
      else this.#made.get(message.step)?.take(message);
    });
    worker.on('error', (error: Error) => this.#lose(worker, error));
    worker.on('exit', () => this.#lose(worker, new AppError('cancelled', 'The batches were shut down.', 'Start again.')));
    return worker;
  }

  /** One that is to help takes its share from the next batch on. */
  #join(worker: Worker): void {
    if (this.#helper !== worker) return;
    this.#helper = undefined;
    this.#workers.push(worker);
  }

  /** One that cannot help ends nothing: those that there are go on, and no other one is tried. */
  #lose(worker: Worker, error: Error): void {
    if (this.#workers.includes(worker)) return this.#fail(error);
    this.#helper = undefined;
    this.#most = this.#workers.length;
    void worker.terminate();
  }

  /** Nothing more will come: whoever waits and whoever asks from now on is told why. */
  #fail(error: Error): void {
    this.#failure ??= error;
    for (const making of this.#made.values()) making.fail(this.#failure);
  }

  /** Milliseconds waited for data in all. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** Threads that share the batches by now. */
  get threads(): number {
    return this.#workers.length;
  }

  #request(step: number): void {
    if (this.#made.has(step)) return;
    const of = this.#workers.length;
    this.#made.set(step, new Making(of));
    for (const [share, worker] of this.#workers.entries())
      worker.postMessage({ step, slot: step % slotCount, share, of } satisfies BatchRequest);
  }

  /**
   * The batch of a step; steps are asked for in ascending order. Throws `no-images` when not one image can be read, `not-found` when
   * there is no cache, `cancelled` after `dispose`.
   */
  async next(step: number): Promise<Batch> {
    if (this.#failure) throw this.#failure;
    const asked = performance.now();
    for (let ahead = 0; ahead < slotCount - 1; ahead++) this.#request(step + ahead);
    const answers = await this.#made.get(step)!.whole;
    this.#made.delete(step);
    if (answers.some(({ empty }) => empty))
      throw new AppError('no-images', 'Not one decoded image of this run can be read.', `${readAgain} Then resume the run.`);
    for (const { skipped } of answers) this.#skipped += skipped;
    const now = performance.now();
    this.#waitedMs += now - asked;
    if (!this.#helper && this.#workers.length < this.#most && this.#watch.isShort(now, now - asked)) this.#helper = this.#start();
    return { patches: this.#slots[step % slotCount]!.subarray(0, this.#lengthOf(step)), skipped: this.#skipped, waitedMs: now - asked };
  }

  async dispose(): Promise<void> {
    const all = [...this.#workers, ...(this.#helper ? [this.#helper] : [])];
    await Promise.all(all.map(async (worker) => worker.terminate()));
  }
}

// Training batches, made ahead on a thread of their own so that a step never waits for data.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../shared/errors.ts';
import type { BatchAnswer, BatchRequest } from './batch-worker.ts';
import type { Target } from './crop.ts';

export interface BatchSettings {
  /** Folder of the decode cache. */
  readonly cache: string;
  /** Content hashes of the run's images, in catalogue order. */
  readonly hashes: readonly string[];
  readonly batchSize: number;
  /** Crops of each image; they stand one after the other. */
  readonly crops: 1 | 2;
  readonly seed: number;
  readonly cropScale: readonly [number, number];
  readonly cropAspect: readonly [number, number];
  readonly flip: boolean;
  readonly target: Target;
}

export interface Batch {
  /** [crops · batchSize, N, 3·P·P]; overwritten once two more batches were asked for. */
  readonly patches: Float32Array;
  /** Images that another one stood in for, since the start. */
  readonly skipped: number;
  /** Milliseconds between asking and having. */
  readonly waitedMs: number;
}

/** Batches under way: one in use, two ahead. */
const slotCount = 3;

export class BatchSource {
  readonly #worker: Worker;
  readonly #slots: readonly Float32Array[];
  readonly #made = new Map<number, Promise<BatchAnswer>>();
  readonly #resolvers = new Map<number, { resolve: (answer: BatchAnswer) => void; reject: (error: Error) => void }>();
  #skipped = 0;
  #waitedMs = 0;

  constructor(settings: BatchSettings) {
    if (settings.hashes.length === 0)
      throw new AppError('no-images', 'There is no image to train on.', 'Scan a folder that holds images first.');
    const length = settings.crops * settings.batchSize * settings.target.size ** 2 * 3;
    this.#slots = Array.from({ length: slotCount }, () => new Float32Array(new SharedArrayBuffer(4 * length)));
    this.#worker = new Worker(new URL(`./batch-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: { ...settings, slots: this.#slots },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker.on('message', (answer: BatchAnswer) => this.#resolvers.get(answer.step)?.resolve(answer));
    this.#worker.on('error', (error: Error) => {
      for (const { reject } of this.#resolvers.values()) reject(error);
    });
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

  /** The batch of a step; steps are asked for in ascending order. Throws `no-images` when not one image can be read. */
  async next(step: number): Promise<Batch> {
    const asked = performance.now();
    for (let ahead = 0; ahead < slotCount - 1; ahead++) this.#request(step + ahead);
    const answer = await this.#made.get(step)!;
    this.#made.delete(step);
    this.#resolvers.delete(step);
    if (answer.empty)
      throw new AppError(
        'no-images',
        'Not one image of this run can be read from the decode cache.',
        'Scan the folder again, then resume.',
      );
    this.#skipped += answer.skipped;
    const waitedMs = performance.now() - asked;
    this.#waitedMs += waitedMs;
    return { patches: this.#slots[answer.slot]!, skipped: this.#skipped, waitedMs };
  }

  async dispose(): Promise<void> {
    await this.#worker.terminate();
  }
}

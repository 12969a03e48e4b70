// Training processes beside the one that trains: embeddings and evaluations do not wait for the end of a run, and a dropped picture
// does not wait for either.
import { Trainer } from '../../trainer/trainer.ts';
import { threadsOf } from '../threads.ts';

/** Threads beside a run that trains: enough to get on, few enough not to slow it down. */
const threadsBeside = 2;
/** Milliseconds without work after which the process for single pictures gives its memory back. */
const idleMs = 5 * 60_000;

export class Aside {
  /** For jobs of the queue `aside`: one at a time. */
  readonly jobs = new Trainer();
  readonly #pictures = new Trainer();
  readonly #isTraining: () => boolean;
  #idle: NodeJS.Timeout | undefined;

  constructor(isTraining: () => boolean) {
    this.#isTraining = isTraining;
  }

  /** Threads that work beside the training may take now. */
  get threads(): number {
    const cores = threadsOf(0);
    return this.#isTraining() ? Math.max(1, Math.min(threadsBeside, cores - 1)) : cores;
  }

  /** Whether the process for single pictures runs. */
  get hasPictures(): boolean {
    return this.#pictures.pid !== undefined;
  }

  /** The trainer for single pictures, kept for the next one. */
  get pictures(): Trainer {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#pictures.dispose(), idleMs).unref();
    return this.#pictures;
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#idle);
    await Promise.all([this.jobs.dispose(), this.#pictures.dispose()]);
  }
}

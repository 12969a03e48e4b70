// The list of runs for those who look at it: again whenever something in it has changed, also by another program.
import type { RunSummary } from '../../../../shared/contract/contract-runs.ts';
import { AppError, toWire } from '../../../../shared/errors.ts';
import type { RunStore } from './run-store.ts';
import type { Trainings } from './run-trainings.ts';

/** Milliseconds between two lists, and between two looks at what others may have done to the files. */
const pauseMs = 250;
const lookMs = 5000;

/** A run of which nothing can be read now, with why. */
function unreadable(name: string, error: unknown): RunSummary {
  const { message, hint } = toWire(error);
  const nothing = { created: '', note: '', folder: '', folderId: undefined, bestStep: undefined, checkpoints: [], imported: false };
  return { ...nothing, name, state: 'failed', problem: `${message} ${hint}`, step: 0, steps: 0, images: 0, bytes: 0 };
}

export class RunList {
  readonly #store: Pick<RunStore, 'names' | 'summary'>;
  readonly #trainings: Pick<Trainings, 'active'>;
  readonly #watchers = new Set<(runs: readonly RunSummary[]) => void>();
  #sentAt = -Infinity;
  #sent = '';
  /** Whether a list is being made, and whether something has changed since it was begun. */
  #sending = false;
  #due = false;
  #timer: NodeJS.Timeout | undefined;
  #look: NodeJS.Timeout | undefined;

  constructor(store: Pick<RunStore, 'names' | 'summary'>, trainings: Pick<Trainings, 'active'>) {
    this.#store = store;
    this.#trainings = trainings;
  }

  /** All runs, the newest first. */
  async list(): Promise<readonly RunSummary[]> {
    const runs: RunSummary[] = [];
    for (const name of this.#store.names().toReversed()) {
      try {
        runs.push(await this.#store.summary(name, this.#trainings.active(name)));
      } catch (error) {
        // Deleted or renamed meanwhile; or its files cannot be read, which hides no other run.
        if (!(error instanceof AppError) || error.code !== 'not-found') runs.push(unreadable(name, error));
      }
    }
    return runs;
  }

  /** Something in the list has changed. */
  changed(): void {
    if (this.#watchers.size === 0) return;
    this.#due = true;
    if (this.#timer !== undefined || this.#sending) return;
    this.#timer = setTimeout(() => void this.#send(), Math.max(0, this.#sentAt + pauseMs - performance.now()));
  }

  async #send(): Promise<void> {
    [this.#timer, this.#sending, this.#due] = [undefined, true, false];
    try {
      const runs = await this.list();
      const text = JSON.stringify(runs);
      if (text !== this.#sent) for (const watcher of this.#watchers) watcher(runs);
      this.#sent = text;
    } catch {
      // The files cannot be read now; the next look may find them.
    }
    [this.#sending, this.#sentAt] = [false, performance.now()];
    if (this.#due) this.changed();
  }

  /** Calls with the list at every change from now on; returns how to stop. */
  watch(watcher: (runs: readonly RunSummary[]) => void): () => void {
    this.#watchers.add(watcher);
    this.#look ??= setInterval(() => this.changed(), lookMs).unref();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.dispose();
    };
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#look);
    [this.#timer, this.#look, this.#sent] = [undefined, undefined, ''];
  }
}

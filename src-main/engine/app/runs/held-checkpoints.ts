// Checkpoints that jobs wait with or work on: a run that trains meanwhile does not delete them. Noted beside the run, since its trainer
// is another process; notes of an engine that died are taken away by the next.
import { changeAppFile, readAppFile } from '../../../training/run-folder/app-file.ts';
import { readCheckpointHeader } from '../../../training/run-folder/checkpoint.ts';
import type { Jobs } from '../jobs.ts';
import type { RunStore } from './run-store.ts';

/** The checkpoint of a job that was accepted and may wait for its turn. */
export interface HeldCheckpoint {
  /** The file that is meant now: which one is the best or the latest may have changed while the job waited. Throws `not-found`. */
  readonly file: () => Promise<string>;
  /** Lets it go when the job has ended, however it did. */
  readonly until: (job: number) => void;
}

export class HeldCheckpoints {
  readonly #store: RunStore;
  readonly #jobs: Jobs;
  /** Steps by run, one for each job. */
  readonly #held = new Map<string, readonly number[]>();

  constructor(store: RunStore, jobs: Jobs) {
    this.#store = store;
    this.#jobs = jobs;
    for (const name of store.names()) this.#note(name, []);
  }

  /** Holds a checkpoint of a run: `best`, `latest` or a step. Throws `not-found`. */
  async hold(run: string, which: string): Promise<HeldCheckpoint> {
    let step = await this.#take(run, which);
    return {
      file: async () => {
        const before = step.held;
        step = await this.#take(run, which);
        this.#change(run, (steps) => steps.toSpliced(steps.indexOf(before), 1));
        return step.file;
      },
      until: (job) => {
        const end = (): void => this.#change(run, (steps) => steps.toSpliced(steps.indexOf(step.held), 1));
        this.#jobs.wait(job).then(end, end);
      },
    };
  }

  async #take(run: string, which: string): Promise<{ readonly file: string; readonly held: number }> {
    const file = await this.#store.checkpoint(run, which);
    const held = readCheckpointHeader(file).step;
    this.#change(run, (steps) => [...steps, held]);
    return { file, held };
  }

  #change(run: string, change: (steps: readonly number[]) => readonly number[]): void {
    const steps = change(this.#held.get(run) ?? []);
    if (steps.length > 0) this.#held.set(run, steps);
    else this.#held.delete(run);
    this.#note(run, [...new Set(steps)]);
  }

  /** A disk that is full costs the note, no job. */
  #note(run: string, steps: readonly number[]): void {
    try {
      const path = this.#store.path(run);
      if (steps.join() !== (readAppFile(path).held ?? []).join()) changeAppFile(path, { held: steps.length > 0 ? steps : undefined });
    } catch {
      // Without it the checkpoint stays as long as it would have.
    }
  }
}

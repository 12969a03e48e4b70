// Everything about runs that lives as long as the engine.
import { Aside } from '../aside.ts';
import type { EngineContext } from '../context.ts';
import { HeldCheckpoints } from './held-checkpoints.ts';
import { RunList } from './run-list.ts';
import { RunStore } from './run-store.ts';
import { Trainings } from './run-trainings.ts';

export class Runs {
  readonly store: RunStore;
  readonly trainings: Trainings;
  readonly list: RunList;
  readonly aside: Aside;
  readonly checkpoints: HeldCheckpoints;
  /** Called before a run's files are moved or deleted: whoever has them open closes them. */
  readonly #release: ((run: string) => Promise<void>)[] = [];

  constructor(context: EngineContext) {
    this.store = new RunStore(context.studio);
    this.checkpoints = new HeldCheckpoints(this.store, context.jobs);
    this.trainings = new Trainings(context, this.store, () => this.list.changed());
    this.list = new RunList(this.store, this.trainings);
    this.aside = new Aside(() => this.trainings.busy);
  }

  onRelease(release: (run: string) => Promise<void>): void {
    this.#release.push(release);
  }

  async released(run: string): Promise<void> {
    for (const release of this.#release) await release(run);
  }

  async dispose(): Promise<void> {
    this.list.dispose();
    await this.aside.dispose();
  }
}

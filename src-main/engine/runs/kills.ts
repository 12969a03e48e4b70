// A run whose trainer the system ends, most likely for want of memory: how often it goes on by itself.
import { listCheckpoints } from '../../training/run-folder/run-folder.ts';

/**
 * The kills of one run. It goes on after the first, since another program may have had the memory, and after another one where it has kept a
 * later checkpoint in between: days of training do not end at the second in all of them.
 */
export class Kills {
  readonly #run: string;
  #keptBefore: number | undefined;

  /** `run` is the folder of the run. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Notes one; whether the run goes on from its last checkpoint. */
  mayGoOn(): boolean {
    const kept = listCheckpoints(this.#run).at(-1)?.step ?? 0;
    const before = this.#keptBefore;
    this.#keptBefore = kept;
    return before === undefined || kept > before;
  }
}

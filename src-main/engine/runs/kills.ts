// A run whose trainer the system ends, most likely for want of memory: how often it goes on by itself, and with what.
import { processWasKilled } from '../../training/plan/fit-micro-batch.ts';
import type { RunNote } from '../../training/plan/fit-micro-batch.ts';
import { listCheckpoints, RunFolder } from '../../training/run-folder/run-folder.ts';

/**
 * The kills of one run. It goes on as it was after the first, since another program may have had the memory. After each later one it goes on with
 * a smaller micro-batch, and where none is left if it has kept a later checkpoint in between: days of training do not end at the second
 * in all of them.
 */
export class Kills {
  readonly #run: string;
  #keptBefore: number | undefined;

  /** `run` is the folder of the run. */
  constructor(run: string) {
    this.#run = run;
  }

  /** Takes one in; whether the run goes on from its last checkpoint. `onNote` is told of a smaller micro-batch, which the log has then. */
  mayGoOn(onNote: (note: RunNote) => void = () => {}): boolean {
    const kept = listCheckpoints(this.#run).at(-1)?.step ?? 0;
    const before = this.#keptBefore;
    this.#keptBefore = kept;
    if (before === undefined) return true;
    return this.#takesLess(kept, onNote) || kept > before;
  }

  #takesLess(step: number, onNote: (note: RunNote) => void): boolean {
    const folder = RunFolder.open(this.#run);
    try {
      const note = processWasKilled(this.#run, folder.record.config, step);
      if (!note) return false;
      folder.log(note);
      folder.say(`${note.message} ${note.hint}`);
      onNote(note);
      return true;
    } finally {
      folder.dispose();
    }
  }
}

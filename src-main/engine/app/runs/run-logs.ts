// The logs of the runs that somebody looks at: each is read once and followed, the least used ones are forgotten.
import { RunLog } from './run-log.ts';

const mostLogs = 40;
/** Memory for all of them; the one that is asked for is kept however large it is. */
const mostBytes = 300e6;

export class RunLogs {
  /** By folder of the run, the least recently used first. */
  readonly #logs = new Map<string, RunLog>();

  /** The log of a run as it is by now. Rejects with `not-writable` where it cannot be read. */
  async get(run: string): Promise<RunLog> {
    const log = this.#logs.get(run) ?? new RunLog(run);
    this.#logs.delete(run);
    this.#logs.set(run, log);
    await log.follow();
    let bytes = [...this.#logs.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const [path, one] of this.#logs) {
      if (one === log || (this.#logs.size <= mostLogs && bytes <= mostBytes)) break;
      this.#logs.delete(path);
      bytes -= one.bytes;
    }
    return log;
  }

  /** Forgets the log of a run that is renamed or deleted. */
  forget(run: string): void {
    this.#logs.delete(run);
  }
}

// What the engine does about processes that train: waits for one that a dead engine left.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../../shared/errors.ts';
import { RunFolder } from '../../../training/run-folder/run-folder.ts';

/** Milliseconds that the trainer of a dead engine may take for its step and its checkpoint, before it lets go of the run. */
const lastStepMs = 120_000;

/** Waits until no process has the run open. Rejects with `locked` when it does not end. */
export async function untilFree(path: string, signal: AbortSignal): Promise<void> {
  for (const until = performance.now() + lastStepMs; !signal.aborted; await sleep(250)) {
    try {
      return RunFolder.open(path).dispose();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'locked' || performance.now() > until) throw error;
    }
  }
}

// A process that trains and was left by an engine that has ended is waited for: it keeps what it has learned, and then lets go of its run.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../shared/errors.ts';
import { isHeldHere } from '../../files/folder-lock.ts';
import { orphanMs } from '../../trainer/orphan-guard.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';

/** What a face says meanwhile. */
export const waitsForFormer = 'Waits until the program that trained it before has kept its checkpoint.';

/** Until the process that was left is ended at the latest. */
const mostMs = orphanMs + 30_000;

/**
 * Waits until no process of this computer has the run open, or `signal` is aborted; `onWait` is called once when there is one. Rejects with
 * `locked` when it does not end, and at once where it is another computer's.
 */
export async function untilFree(path: string, signal: AbortSignal, onWait: () => void): Promise<void> {
  let waits = false;
  for (const until = performance.now() + mostMs; !signal.aborted; await sleep(250)) {
    try {
      return RunFolder.open(path).dispose();
    } catch (error) {
      const isLocked = error instanceof AppError && error.code === 'locked';
      if (!isLocked || performance.now() > until) throw error;
      // It may have let go of it just now.
      if (!isHeldHere(path)) return RunFolder.open(path).dispose();
      if (!waits) onWait();
      waits = true;
    }
  }
}

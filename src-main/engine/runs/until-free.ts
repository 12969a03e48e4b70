// A process that trains and was left by an engine that has ended is waited for: it keeps what it has learned, and then lets go of its run.
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../shared/errors.ts';
import { isHeldHere, isLeft } from '../../files/folder-lock.ts';
import { orphanMs } from '../../trainer/orphan-guard.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';

/** What a face says meanwhile. */
export const waitsForFormer = 'Waits until the program that trained it before has kept its checkpoint.';

/** Until the process that was left is ended at the latest. */
const mostMs = orphanMs + 30_000;
/** An engine that quits now leaves its trainer within this time, and one that only looks lets go of the run. */
const graceMs = 1_500;

/**
 * Waits until no process that was left here has the run open, or `signal` is aborted; `onWait` is called once when there is one. Rejects with
 * `locked` when it does not end, within two seconds where a program that is there has the run, and at once where another computer has it.
 */
export async function untilFree(path: string, signal: AbortSignal, onWait: () => void): Promise<void> {
  const began = performance.now();
  let [seenLeft, waits] = [began, false];
  for (; !signal.aborted; await sleep(250)) {
    try {
      return RunFolder.open(path).dispose();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'locked') throw error;
      // It may have let go of it just now.
      if (!isHeldHere(path)) return RunFolder.open(path).dispose();
      const now = performance.now();
      const wasLeft = isLeft(path);
      if (wasLeft) seenLeft = now;
      if (now - began > mostMs || now - seenLeft > graceMs) throw error;
      if (wasLeft && !waits) onWait();
      waits ||= wasLeft;
    }
  }
}

// How many threads compute, and what may come before them.
import { availableParallelism, constants, setPriority } from 'node:os';

/** Threads of a run: as set, or one per core. */
export const threadsOf = (threads: number): number => threads || availableParallelism();

/** Everything else on the computer comes first from now on. A system that does not allow it costs quickness, not the run. */
export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // The process may be gone, or the system has no such thing.
  }
}

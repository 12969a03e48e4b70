// How many threads compute, and what may come before them.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import { join } from 'node:path';

/**
 * Cores of which some have two threads, as Linux tells; `undefined` where nothing does. Two threads of a core share what multiplies, so
 * that a product is no quicker with both.
 */
export function physicalCores(cpus = '/sys/devices/system/cpu'): number | undefined {
  try {
    const siblings = readdirSync(cpus)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => siblingsOf(join(cpus, name)))
      .filter((list) => list !== undefined);
    return siblings.length > 0 ? new Set(siblings).size : undefined;
  } catch {
    return undefined;
  }
}

/** The threads of a core, `0,8`; `undefined` of one that is switched off. */
function siblingsOf(cpu: string): string | undefined {
  try {
    return readFileSync(join(cpu, 'topology', 'thread_siblings_list'), 'utf8').trim();
  } catch {
    return undefined;
  }
}

let cores: number | undefined;

/** Threads of a run: as set, or one per core that this process may use. */
export const threadsOf = (threads: number): number => threads || (cores ??= Math.min(availableParallelism(), physicalCores() ?? Infinity));

/** Everything else on the computer comes first from now on. A system that does not allow it costs quickness, not the run. */
export function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // The process may be gone, or the system has no such thing.
  }
}

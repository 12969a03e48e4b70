// How much memory there is for this program: of the computer, or of the container that it runs in.
import { readFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';

/** What the system tells, in bytes; tests give their own. */
export interface MemoryOfSystem {
  readonly platform: NodeJS.Platform;
  readonly total: number;
  readonly free: number;
  /** Limit of a container; 0, or more than there is, where there is none. */
  readonly limit: number;
  /** What is left of that limit. */
  readonly left: number;
  /** Of what counts as taken there, copies of files that nobody has looked at lately: they give way at once. */
  readonly copies: () => number;
}

/** Files with the figures of the group of processes that this one is limited with, likely ones first. */
function* figuresOfGroup(): Generator<string> {
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, kind, path = '/'] = line.split(':');
    if (kind === 'memory') yield join('/sys/fs/cgroup/memory', path, 'memory.stat');
    if (kind === '') yield join('/sys/fs/cgroup', path, 'memory.stat');
  }
  // Within a container the path may be the one outside of it.
  yield '/sys/fs/cgroup/memory/memory.stat';
  yield '/sys/fs/cgroup/memory.stat';
}

function copiesOfFiles(): number {
  try {
    for (const file of figuresOfGroup()) {
      try {
        const found = /^(?:total_)?inactive_file (\d+)$/m.exec(readFileSync(file, 'utf8'));
        if (found) return Number(found[1]);
      } catch {
        // The next one.
      }
    }
  } catch {
    // No such system.
  }
  return 0;
}

const thisSystem = (): MemoryOfSystem => ({
  platform: process.platform,
  total: totalmem(),
  free: freemem(),
  limit: process.constrainedMemory(),
  left: process.availableMemory(),
  copies: copiesOfFiles,
});

/** Bytes that there are in all. */
export const memoryThere = ({ total, limit }: MemoryOfSystem = thisSystem()): number => (limit > 0 ? Math.min(total, limit) : total);

/** Bytes that this program can still take. A Mac counts as free only what nothing was ever read into, which is next to nothing. */
export function memoryToUse(system: MemoryOfSystem = thisSystem()): number {
  const { platform, total, free, limit, left, copies } = system;
  if (platform === 'darwin') return 0.6 * total;
  return limit > 0 && limit < total ? Math.min(free, left + copies()) : free;
}

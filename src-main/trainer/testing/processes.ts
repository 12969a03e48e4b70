// Whether a process lives, as a test must know it.
import { readFileSync } from 'node:fs';

/** False for a process that is gone or dead and only not yet buried. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(text.slice(text.lastIndexOf(')') + 2)[0]!);
  } catch {
    return process.platform !== 'linux';
  }
}

/** Resolves once `condition` holds. Rejects, naming `what`, after `seconds`. */
export async function until(what: string, condition: () => boolean, seconds = 60): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > 1000 * seconds) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// A disk that is soon full: a small tmpfs. Only root on Linux may mount one; elsewhere there is none, and the test says so.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Takes what is left but for `bytes`. */
  fillUpTo(bytes: number, capacity: number): void;
  /** Gives back what `fillUpTo` took. */
  free(): void;
  dispose(): void;
}

export const noSmallDisk = 'a small tmpfs cannot be mounted here (needs root on Linux)';

/** Mounts `bytes` of empty disk; undefined where that is not allowed. */
export function smallDisk(bytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return undefined;
  }
  const filler = join(path, 'filler');
  return {
    path,
    fillUpTo: (left, capacity) => writeFileSync(filler, new Uint8Array(capacity - left)),
    free: () => rmSync(filler, { force: true }),
    dispose: () => {
      execFileSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}

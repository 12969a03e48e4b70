// A disk that is soon full: a small tmpfs. Only root on Linux may mount one; elsewhere there is none, and the test says so.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** Takes what is free but for `bytes`. */
  leave(bytes: number): void;
  /** Gives back what `leave` took. */
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
    leave: (bytes) => {
      const { bavail, bsize } = statfsSync(path);
      writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - bytes)));
    },
    free: () => rmSync(filler, { force: true }),
    dispose: () => {
      execFileSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}

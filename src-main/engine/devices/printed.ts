// What a program of a card's driver or of the system prints. One that the driver holds in the kernel never ends, whatever signal it is sent.
import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it is not there, has ended with an error, or was told to end after twenty seconds. */
  readonly isFailed: boolean;
}

interface Options {
  readonly timeout: number;
  readonly windowsHide: boolean;
  readonly maxBuffer: number;
}

/** Starts a program; tests give their own. */
type Start = (
  program: string,
  args: readonly string[],
  options: Options,
  done: (error: Error | null, stdout: string, stderr: string) => void,
) => Pick<ChildProcess, 'stdout' | 'stderr' | 'unref'>;

const options: Options = { timeout: 20_000, windowsHide: true, maxBuffer: 1 << 22 };
/** A program that was told to end after its time is given up so many milliseconds later. */
const endingMs = 2_000;

/** What a program prints; undefined where it does not end, and then nothing waits for it, this program's own end neither. */
export async function printedBy(program: string, args: readonly string[], start: Start = execFile): Promise<Printed | undefined> {
  return new Promise((resolve) => {
    const child = start(program, args, options, (error, stdout, stderr) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, isFailed: error !== null });
    });
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      resolve(undefined);
    }, options.timeout + endingMs);
  });
}

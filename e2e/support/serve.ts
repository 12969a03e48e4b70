// `ijepa-studio serve` as a user starts it, with a home of its own.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Served {
  /** With the token: opens the page. */
  readonly url: string;
  readonly home: string;
  readonly process: ChildProcess;
  readonly output: () => string;
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, '..', '..', 'src-main', 'cli', 'ijepa-studio.js');

/** Starts it and waits for the address that it prints. */
export async function startServe({ home, roots }: { readonly home: string; readonly roots: readonly string[] }): Promise<Served> {
  const child = spawn(process.execPath, [program, 'serve', '--home', home, ...roots.flatMap((root) => ['--root', root])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const take = (data: Buffer): void => {
      output += data.toString();
      const found = /https?:\/\/\S+/.exec(output);
      if (found) resolve(found[0]);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('exit', (code) => reject(new Error(`serve ended with ${code}: ${output}`)));
  });
  return {
    url,
    home,
    process: child,
    output: () => output,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
    },
  };
}

/** A folder that is deleted at the end. */
export function temporaryFolder(): { readonly path: string; dispose(): void } {
  const path = mkdtempSync(join(tmpdir(), 'ijepa-e2e-'));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

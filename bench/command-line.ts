import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

/** A bench's words: `parseArgs` that answers `--help`, and an option that there is not, with `usage`, and ends the program. */
export function commandLine<T extends ParseArgsConfig>(usage: string, config: T): ReturnType<typeof parseArgs<T>> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    process.exit(2);
  }
}

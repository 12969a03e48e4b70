// Whether a run leaves the computer usable, kept from one training of it to the next: `priority.json` in its folder. What an engine must
// know of a training that is under way is gone with its end, and the person who resumes it would have to say it again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../../shared/errors.ts';
import { writeFileAside } from '../../files/write-aside.ts';

/** As it was trained last; `undefined` for a run that was last trained before this was kept, or whose file is damaged. */
export function readUsable(run: string): boolean | undefined {
  try {
    const { usable } = JSON.parse(readFileSync(join(run, 'priority.json'), 'utf8')) as { readonly usable?: unknown };
    return typeof usable === 'boolean' ? usable : undefined;
  } catch {
    return undefined;
  }
}

/** Throws `disk-full`, `not-writable`, `not-found` where the run is gone. */
export function keepUsable(run: string, usable: boolean): void {
  if (readUsable(run) === usable) return;
  try {
    writeFileAside(join(run, 'priority.json'), `${JSON.stringify({ usable })}\n`);
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

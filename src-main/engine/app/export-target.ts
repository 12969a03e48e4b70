// Where exports go when a person chooses nothing.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Home } from '../home.ts';
import { originalsAround } from '../write-target.ts';
import type { Roots } from './roots.ts';

/** What decides it. */
export interface Surroundings {
  readonly studio: { readonly originals: readonly string[]; readonly home: Pick<Home, 'exports'> };
  readonly roots: Pick<Roots, 'folders'>;
}

/**
 * A folder of its own for each checkpoint, in the first place that may be used and is not among originals. The home of the program is the
 * last: few look for files there.
 */
export async function defaultTarget({ studio, roots }: Surroundings, run: string, step: number): Promise<string> {
  const documents = join(homedir(), 'Documents');
  const name = `${run}-step-${step}`;
  for (const place of roots.folders ?? [existsSync(documents) ? documents : homedir()]) {
    const target = join(place, 'ijepa-studio-exports', name);
    if ((await originalsAround(target, studio.originals)) === undefined) return target;
  }
  return join(studio.home.exports, name);
}

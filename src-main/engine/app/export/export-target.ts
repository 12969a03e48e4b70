// Where exports go when a person chooses nothing.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { Home } from '../../home.ts';
import { originalsAround } from '../../write-target.ts';
import type { Roots } from '../roots.ts';

/** What decides it. */
export interface Surroundings {
  readonly studio: { readonly originals: readonly string[]; readonly home: Pick<Home, 'exports'> };
  readonly roots: Pick<Roots, 'folders'>;
}

/** Characters of a folder's name that go into another's, which must not be too long for a disk. */
const longest = 40;

/** The end of a name cut short may not end a name everywhere. */
const shortName = (root: string): string =>
  Array.from(basename(root))
    .slice(0, longest)
    .join('')
    .replace(/[. ]+$/, '');

/**
 * What tells a folder from others in the name of an export, nothing of weights alone: its own name, and where another one in the library has that too, in letters
 * that disks may take for the same, a mark that follows from its path.
 */
function imagesName(root: string | undefined, originals: readonly string[]): string {
  if (root === undefined) return '';
  const name = shortName(root);
  const alike = (other: string): boolean => shortName(other).toLowerCase() === name.toLowerCase();
  if (!originals.some((other) => other !== root && alike(other))) return name;
  return `${name}-${createHash('sha256').update(root).digest('hex').slice(0, 6)}`;
}

/**
 * A folder of its own for each checkpoint and folder of images, or for weights alone, in the first place that may be used and is not among originals. The home of the program is the
 * last: few look for files there.
 */
export async function defaultTarget(
  { studio, roots }: Surroundings,
  { run, step, root }: { readonly run: string; readonly step: number; readonly root: string | undefined },
): Promise<string> {
  const documents = join(homedir(), 'Documents');
  const images = imagesName(root, studio.originals);
  const name = `${run}-step-${step}${images === '' ? '' : `-${images}`}`;
  for (const place of roots.folders ?? [existsSync(documents) ? documents : homedir()]) {
    const target = join(place, 'ijepa-studio-exports', name);
    if ((await originalsAround(target, studio.originals)) === undefined) return target;
  }
  return join(studio.home.exports, name);
}

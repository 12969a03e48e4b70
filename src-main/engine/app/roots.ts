// Which paths of this machine a page may name. In the window the person at the screen may name any; `serve` gives folders, and what a
// page names must lie in one of them when all links are followed.
import { lstatSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AppError } from '../../../shared/errors.ts';

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/**
 * The real path of what is there, with what is not there yet appended. `undefined` for a link that leads nowhere: what is made through
 * it would lie anywhere.
 */
function realPath(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) return undefined;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const above = realPath(parent);
  return above === undefined ? undefined : join(above, path.slice(parent.length).replace(/^[\\/]+/, ''));
}

export class Roots {
  /** Absolute; `undefined`: everything is allowed. */
  readonly folders: readonly string[] | undefined;
  readonly #catalogued: () => readonly string[];

  /** `catalogued` gives the folders that the library has: they may be read wherever they lie. */
  constructor(folders: readonly string[] | undefined, catalogued: () => readonly string[]) {
    this.folders = folders?.map((folder) => resolve(folder));
    this.#catalogued = catalogued;
  }

  #check(path: string, allowed: () => readonly string[]): string {
    if (!isAbsolute(path) || path.includes('\0'))
      throw new AppError('bad-input', `'${path.slice(0, 200)}' is not a whole path.`, 'Give the path from the root of the disk on.');
    const absolute = resolve(path);
    if (this.folders === undefined) return absolute;
    let real: string | undefined;
    try {
      real = realPath(absolute);
    } catch {
      // A name that is too long, a folder that may not be looked into: nothing is said about what lies beyond the roots.
    }
    const places = allowed().map((folder) => realPath(folder) ?? folder);
    if (real !== undefined && places.some((place) => isWithin(real, place))) return absolute;
    throw new AppError(
      'not-allowed',
      `${absolute} is outside the folders that may be used here.`,
      `Choose one in ${this.folders.join(', ') || 'a folder that was given'}, or start the program with --root for another.`,
    );
  }

  /** A path that may be read, absolute; it need not exist. Throws `bad-input`, `not-allowed`. */
  readable(path: string): string {
    return this.#check(path, () => [...this.folders!, ...this.#catalogued()]);
  }

  /** A path that may be written to, absolute. Throws `bad-input`, `not-allowed`. */
  writable(path: string): string {
    return this.#check(path, () => this.folders!);
  }
}

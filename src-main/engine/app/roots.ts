// Which paths of this machine a page may name. In the window the person at the screen may name any; `serve` gives folders, and what a
// page names must lie in one of them when all links are followed.
import { lstat, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../shared/errors.ts';
import { askedOnce } from './asked-once.ts';

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way));
}

/** Milliseconds after which a path that does not answer, as on a server that is gone, is taken as it is written. */
const patienceMs = 2000;

/**
 * The real path of what is there, with what is not there yet appended. `undefined` for a link that leads nowhere: what is made through
 * it would lie anywhere.
 */
async function realPath(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (isLink) return undefined;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const above = await realPath(parent);
  return above === undefined ? undefined : join(above, path.slice(parent.length).replace(/^[\\/]+/, ''));
}

const realPathOnce = askedOnce(realPath);

/** The path itself where its disk does not answer in time. */
async function realPathSoon(path: string): Promise<string> {
  const late = new AbortController();
  const given = sleep(patienceMs, path, { signal: late.signal }).catch(() => path);
  const real = await Promise.race([realPathOnce(path), given]);
  late.abort();
  return real ?? path;
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

  /** Whether a real path lies in one of the given folders, which are looked at all at once. */
  async #isIn(real: string, folders: readonly string[]): Promise<boolean> {
    const places = await Promise.all(folders.map(realPathSoon));
    return places.some((place) => isWithin(real, place));
  }

  /** The given folders are looked at first: one of the catalogue may be on a server that does not answer. */
  async #check(path: string, alsoCatalogued: boolean): Promise<string> {
    if (!isAbsolute(path) || path.includes('\0'))
      throw new AppError('bad-input', `'${path.slice(0, 200)}' is not a whole path.`, 'Give the path from the root of the disk on.');
    const absolute = resolve(path);
    if (this.folders === undefined) return absolute;
    let real: string | undefined;
    try {
      real = await realPathOnce(absolute);
    } catch {
      // A name that is too long, a folder that may not be looked into: nothing is said about what lies beyond the roots.
    }
    if (real !== undefined) {
      if (await this.#isIn(real, this.folders)) return absolute;
      if (alsoCatalogued && (await this.#isIn(real, this.#catalogued()))) return absolute;
    }
    throw new AppError(
      'not-allowed',
      `${absolute} is outside the folders that may be used here.`,
      `Choose one in ${this.folders.join(', ') || 'a folder that was given'}, or start the program so that another may be used: npm start -- --root FOLDER (ijepa-studio serve --root FOLDER).`,
    );
  }

  /** A path that may be read, absolute; it need not exist. Rejects with `bad-input`, `not-allowed`. */
  async readable(path: string): Promise<string> {
    return this.#check(path, true);
  }

  /** A path that may be written to, absolute. Rejects with `bad-input`, `not-allowed`. */
  async writable(path: string): Promise<string> {
    return this.#check(path, false);
  }
}

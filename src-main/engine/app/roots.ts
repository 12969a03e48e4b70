// Which paths of this machine a page may name. In the window the person at the screen may name any; `serve` gives folders, and what a
// page names must lie in one of them when all links are followed.
import { isAbsolute, resolve } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { isBelow } from '../../files/is-below.ts';
import { realPath, realPathSoon } from '../../files/real-path.ts';

export class Roots {
  /** Absolute; `undefined`: everything is allowed. */
  readonly folders: readonly string[] | undefined;
  readonly #catalogued: () => readonly string[];
  readonly #own: readonly string[];

  /**
   * `catalogued` gives the folders that the library has: they may be read wherever they lie. `own` are places of the program itself, where
   * it may be told to write.
   */
  constructor(folders: readonly string[] | undefined, catalogued: () => readonly string[], own: readonly string[] = []) {
    this.folders = folders?.map((folder) => resolve(folder));
    this.#catalogued = catalogued;
    this.#own = own;
  }

  /** Whether a real path lies in one of the given folders, which are looked at all at once. */
  async #isIn(real: string, folders: readonly string[]): Promise<boolean> {
    const places = await Promise.all(folders.map(realPathSoon));
    return places.some((place) => isBelow(real, place));
  }

  /** The given folders are looked at first: one of the catalogue may be on a server that does not answer. */
  async #check(path: string, others: () => readonly string[]): Promise<string> {
    if (!isAbsolute(path) || path.includes('\0'))
      throw new AppError('bad-input', `'${path.slice(0, 200)}' is not a whole path.`, 'Give the path from the root of the disk on.');
    const absolute = resolve(path);
    if (this.folders === undefined) return absolute;
    let real: string | undefined;
    try {
      real = await realPath(absolute);
    } catch {
      // A name that is too long, a folder that may not be looked into: nothing is said about what lies beyond the roots.
    }
    if (real !== undefined) {
      if (await this.#isIn(real, this.folders)) return absolute;
      if (await this.#isIn(real, others())) return absolute;
    }
    throw new AppError(
      'not-allowed',
      `${absolute} is outside the folders that may be used here.`,
      `Choose one in ${this.folders.join(', ') || 'a folder that was given'}, or start the program so that another may be used: npm start -- --root FOLDER (ijepa-studio serve --root FOLDER).`,
    );
  }

  /** A path that may be read, absolute; it need not exist. Rejects with `bad-input`, `not-allowed`. */
  async readable(path: string): Promise<string> {
    return this.#check(path, this.#catalogued);
  }

  /** A path that may be written to, absolute. Rejects with `bad-input`, `not-allowed`. */
  async writable(path: string): Promise<string> {
    return this.#check(path, () => this.#own);
  }
}

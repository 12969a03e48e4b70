// Open searches: the vectors of the last two sources stay in memory, as long as neither they nor the folder have changed.
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../../../shared/errors.ts';
import { folderOf } from '../../../library/folders.ts';
import type { Studio } from '../../studio.ts';
import { computeVectors, findEmbeddings } from '../../vectors/embeddings.ts';
import { FolderSearch } from '../../vectors/search.ts';
import type { SearchSetup } from '../../vectors/search.ts';
import type { FolderContentsCache } from '../folders/folder-contents.ts';

const mostOpen = 2;
/** Milliseconds after the last use until its memory is given back. */
const idleMs = 10 * 60_000;

interface Open {
  readonly stamp: string;
  /** Folder of the run whose checkpoint it is. */
  readonly run: string;
  readonly search: Promise<FolderSearch>;
  users: number;
  closing: boolean;
  /** Resolved when its memory was given back. */
  readonly given: PromiseWithResolvers<void>;
  idle: NodeJS.Timeout | undefined;
}

/** Errors of one question, after which the search is as good as before. */
const harmless: ReadonlySet<string> = new Set(['bad-input', 'cancelled']);

const keyOf = ({ checkpoint, root, layer, space }: SearchSetup): string => JSON.stringify([checkpoint, root, layer, space]);

export class Searches {
  readonly #studio: Studio;
  readonly #contents: FolderContentsCache;
  /** The least recently used first. */
  readonly #open = new Map<string, Open>();

  constructor(studio: Studio, contents: FolderContentsCache) {
    this.#studio = studio;
    this.#contents = contents;
  }

  get size(): number {
    return this.#open.size;
  }

  /** What tells that neither the vectors nor the images of the folder have changed. Throws `not-found`. */
  async #stamp({ checkpoint, root, layer }: SearchSetup): Promise<string> {
    const folder = await findEmbeddings(this.#studio.home, checkpoint, layer);
    const stats = folder === undefined ? undefined : statSync(join(folder, 'committed.json'), { throwIfNoEntry: false });
    if (!stats) throw new AppError('not-found', 'This folder has no vectors of this checkpoint yet.', computeVectors);
    const { digest } = await this.#contents.of(folderOf(this.#studio.library, root).id);
    return `${folder} ${stats.mtimeMs} ${stats.size} ${digest}`;
  }

  /** Lets `work` use the search of a source; the search is opened when it is not, and must not be kept. Throws `not-found`. */
  async use<T>(setup: SearchSetup, work: (search: FolderSearch) => Promise<T>): Promise<T> {
    const stamp = await this.#stamp(setup);
    const key = keyOf(setup);
    let entry = this.#open.get(key);
    if (!entry || entry.stamp !== stamp) {
      if (entry) this.#close(key, entry);
      entry = {
        stamp,
        run: dirname(dirname(setup.checkpoint)),
        search: FolderSearch.open(this.#studio, setup),
        users: 0,
        closing: false,
        given: Promise.withResolvers(),
        idle: undefined,
      };
    }
    // The most recently used is the last.
    this.#open.delete(key);
    this.#open.set(key, entry);
    for (const [other, one] of this.#open) if (this.#open.size > mostOpen && other !== key) this.#close(other, one);
    const used = entry;
    used.users++;
    clearTimeout(used.idle);
    try {
      return await work(await used.search);
    } catch (error) {
      if (this.#open.get(key) === used && !(error instanceof AppError && harmless.has(error.code))) this.#close(key, used);
      throw error;
    } finally {
      used.users--;
      if (used.closing) void this.#dispose(used);
      else if (used.users === 0) used.idle = setTimeout(() => this.#close(key, used), idleMs).unref();
    }
  }

  #close(key: string, entry: Open): void {
    if (this.#open.get(key) === entry) this.#open.delete(key);
    entry.closing = true;
    clearTimeout(entry.idle);
    void this.#dispose(entry);
  }

  /** Gives the memory back once nobody uses it. */
  async #dispose(entry: Open): Promise<void> {
    if (entry.users > 0) return;
    // One that could not be opened has nothing to give back.
    await (await entry.search.catch(() => undefined))?.dispose();
    entry.given.resolve();
  }

  /** Closes the searches with checkpoints of a run, when the questions that are under way are answered. */
  async release(run: string): Promise<void> {
    const closed = [...this.#open].filter(([, entry]) => entry.run === run);
    for (const [key, entry] of closed) this.#close(key, entry);
    await Promise.all(closed.map(async ([, { given }]) => given.promise));
  }

  /** Closes all at once: the engine ends. */
  async dispose(): Promise<void> {
    const all = [...this.#open];
    for (const [key, entry] of all) this.#close(key, entry);
    await Promise.all(all.map(async ([, { search }]) => (await search.catch(() => undefined))?.dispose()));
  }
}

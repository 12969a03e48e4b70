// A folder of exported files with a manifest that says what they are. Files of other origin in it are never touched.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import type { FolderLock } from '../files/folder-lock.ts';
import { takePlace } from '../files/place-lock.ts';
import { removeLeftAside, writeFileAside } from '../files/write-aside.ts';

const format = 'ijepa-studio-export';
const manifestName = 'manifest.json';

export interface BundledFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/** A file as a manifest lists it: one of an export that was not finished has neither size nor hash. */
type Listed = Pick<BundledFile, 'path'> & Partial<BundledFile>;

/** What the manifest of an earlier export says; everything but the files is whatever the exporter wrote. */
export interface Earlier {
  /** Of the manifest. */
  readonly text: string;
  /** Whether no export has begun since that one was finished. */
  readonly complete: boolean;
  readonly files: readonly Listed[];
  /** Of the last export that was finished; empty when there was none. */
  readonly description: Readonly<Record<string, unknown>>;
}

function listed(file: unknown): Listed | undefined {
  if (typeof file !== 'object' || file === null || !('path' in file) || typeof file.path !== 'string') return undefined;
  const { path } = file;
  // A name that leads out of the folder is not ours, whoever wrote it.
  if (path.split(/[\\/]/).includes('..') || /^([\\/]|\w:)/.test(path)) return undefined;
  const { bytes, sha256 } = file as Readonly<Record<string, unknown>>;
  return { path, ...(typeof bytes === 'number' && typeof sha256 === 'string' && { bytes, sha256 }) };
}

/** The earlier export of a folder; undefined when it has none of ours. */
export function earlierExport(target: string): Earlier | undefined {
  const path = join(target, manifestName);
  if (!existsSync(path)) return undefined;
  try {
    const text = readFileSync(path, 'utf8');
    const value = JSON.parse(text) as Record<string, unknown> | null;
    if (value?.['format'] !== format || !Array.isArray(value['files'])) return undefined;
    const { format: _format, version: _version, complete, files, ...description } = value;
    return { text, complete: complete === true, files: (files as unknown[]).flatMap((file) => listed(file) ?? []), description };
  } catch {
    return undefined;
  }
}

/** A finished export. */
export interface Finished {
  /** All files of the folder that are of this export, those kept of an earlier one too. */
  readonly files: readonly BundledFile[];
  /** The earlier export that this one took the place of: what its manifest said, and its files that are gone. */
  readonly replaced?: { readonly description: Readonly<Record<string, unknown>>; readonly removed: readonly string[] };
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** Does it for each, also where one before has failed. Returns what was thrown, the first of it first. */
async function forEachOf<T>(items: Iterable<T>, work: (item: T) => void | Promise<void>): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      errors.push(systemError(error) ?? error);
    }
  }
  return errors;
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Folders that this program writes to now, as the disk has them: two exports at once would write through each other. */
const taken = new Set<string>();

const otherPlace = 'Wait for its end, or give another folder.';

/** Throws `locked` while an export is written there, of this program or of another one. */
function takeTarget(target: string, place: string): FolderLock {
  const isBusy = `Another export is being written to ${target}`;
  if (taken.has(place)) throw new AppError('locked', `${isBusy}.`, otherPlace);
  try {
    const lock = takePlace(place, isBusy);
    taken.add(place);
    return {
      dispose: () => {
        taken.delete(place);
        lock.dispose();
      },
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.message, `Give another folder. Or: ${error.hint}`, error);
  }
}

export class Bundle {
  readonly target: string;
  readonly #lock: FolderLock;
  readonly #earlier: Earlier | undefined;
  readonly #files: string[] = [];
  #finishing = false;

  private constructor(target: string, lock: FolderLock, earlier: Earlier | undefined) {
    this.target = target;
    this.#lock = lock;
    this.#earlier = earlier;
  }

  /**
   * Opens a new or empty folder, or one of an earlier export, which is added to or replaced. Throws `bad-input` for any other, `locked` for
   * one that is open, in another program too, `not-writable`.
   */
  static open(target: string): Bundle {
    return guarded(() => {
      if (existsSync(target) && !statSync(target).isDirectory())
        throw new AppError('bad-input', `${target} is a file.`, 'Give a folder that does not exist yet, or an empty one.');
      mkdirSync(target, { recursive: true });
      const lock = takeTarget(target, realpathSync.native(target));
      try {
        const earlier = earlierExport(target);
        if (!earlier && readdirSync(target).length > 0) {
          throw new AppError(
            'bad-input',
            `${target} holds files that this program did not export.`,
            'Give a folder that does not exist yet, or an empty one; nothing was changed.',
          );
        }
        const bundle = new Bundle(target, lock, earlier);
        if (earlier) bundle.#removeLeft([...earlier.files.map(({ path }) => path), manifestName]);
        return bundle;
      } catch (error) {
        lock.dispose();
        throw error;
      }
    });
  }

  /**
   * What an export that was killed in the middle of these files has left beside them: gigabytes that nothing else would ever take away.
   * What is in use still, as Windows has it, is left to the next export.
   */
  #removeLeft(names: readonly string[]): void {
    for (const name of names) {
      try {
        removeLeftAside(this.#at(name));
      } catch {}
    }
  }

  /** Others may write to the folder from now on. */
  dispose(): void {
    this.#lock.dispose();
  }

  get #earlierFiles(): readonly string[] {
    return this.#earlier?.files.map(({ path }) => path) ?? [];
  }

  /** Says what belongs to the export, and what was known of the one before: after a crash that can still be added to. */
  #writeManifest(content: { readonly complete: boolean; readonly description: object; readonly files: readonly Listed[] }): void {
    const { complete, description, files } = content;
    const manifest = { format, version: 1, complete, ...description, files };
    writeFileAside(join(this.target, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
  }

  #at(name: string): string {
    return join(this.target, ...name.split('/'));
  }

  /** Whether a file is still as the manifest of the earlier export lists it; undefined where that says nothing of it. */
  async #isUnchanged({ path, bytes, sha256 }: Listed): Promise<boolean | undefined> {
    if (sha256 === undefined) return undefined;
    const stats = statSync(this.#at(path), { throwIfNoEntry: false });
    return stats?.size === bytes && (await hashOf(this.#at(path))) === sha256;
  }

  /** Where to write a file (name relative, with `/`). Its folder is made, and it is the export's from now on, also after a crash. */
  file(name: string): string {
    const path = this.#at(name);
    return guarded(() => {
      if (!this.#earlierFiles.includes(name) && !this.#files.includes(name) && existsSync(path)) {
        throw new AppError('bad-input', `${path} is not of an earlier export.`, 'Move it away, or give another folder.');
      }
      this.#files.push(name);
      mkdirSync(dirname(path), { recursive: true });
      const { files = [], description = {} } = this.#earlier ?? {};
      const added = this.#files.filter((one) => !this.#earlierFiles.includes(one)).map((one) => ({ path: one }));
      this.#writeManifest({ complete: false, description, files: [...files, ...added] });
      return path;
    });
  }

  /**
   * Takes away what this export has written, and its folder where nothing else is in it. An earlier export stays as it was, its manifest
   * too, but for files that were written over with something else. One that was being finished stays as it is: the earlier one may be gone.
   * Rejects where a file cannot be taken away: all others are, and the manifest goes on to say what is of an export that was not finished.
   */
  async abandon(): Promise<void> {
    if (this.#finishing) return;
    const gone: string[] = [];
    const errors = [
      ...(await forEachOf(this.#files, (name) => removeLeftAside(this.#at(name)))),
      ...(await forEachOf(this.#files, async (name) => {
        const before = this.#earlier?.files.find(({ path }) => path === name);
        if (before && (await this.#isUnchanged(before)) !== false) return;
        rmSync(this.#at(name), { force: true });
        gone.push(name);
      })),
    ];
    if (errors.length > 0) throw errors[0];
    guarded(() => {
      const manifest = join(this.target, manifestName);
      const left = this.#earlier?.files.filter(({ path }) => !gone.includes(path)) ?? [];
      if (!this.#earlier || left.length === 0) rmSync(manifest, { force: true });
      else if (left.length === this.#earlier.files.length) writeFileAside(manifest, this.#earlier.text);
      else this.#writeManifest({ ...this.#earlier, files: left });
      const folders = new Set(this.#files.filter((name) => name.includes('/')).map((name) => dirname(name)));
      for (const folder of [...folders, '.']) removeIfEmpty(join(this.target, folder));
    });
  }

  /**
   * Writes the manifest with the size and hash of each file. Files of an earlier export stay, and so does what its manifest says and
   * this description does not, where `goesWith` finds that they are of the same things; else they are taken away, and so are files of an
   * export that was never finished.
   */
  async finish(
    description: Readonly<Record<string, unknown>>,
    goesWith: (earlier: Readonly<Record<string, unknown>>) => boolean = () => false,
  ): Promise<Finished> {
    this.#finishing = true;
    const earlier = this.#earlier;
    const adds = earlier !== undefined && goesWith(earlier.description);
    const others = earlier?.files.filter(({ path }) => !this.#files.includes(path)) ?? [];
    const kept: string[] = [];
    for (const file of others) {
      const stays = adds && (earlier.complete ? existsSync(this.#at(file.path)) : await this.#isUnchanged(file));
      if (stays === true) kept.push(file.path);
      else guarded(() => rmSync(this.#at(file.path), { force: true }));
    }
    const files: BundledFile[] = [];
    for (const path of [...kept, ...this.#files])
      files.push({ path, bytes: statSync(this.#at(path)).size, sha256: await hashOf(this.#at(path)) });
    guarded(() => this.#writeManifest({ complete: true, description: { ...(adds && earlier.description), ...description }, files }));
    const removed = others.map(({ path }) => path);
    return { files, ...(earlier && !adds && { replaced: { description: earlier.description, removed } }) };
  }
}

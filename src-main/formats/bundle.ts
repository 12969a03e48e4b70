// A folder of exported files with a manifest that says what they are. Files of other origin in it are never touched.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { writeFileAside } from '../files/write-aside.ts';

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

/** What the manifest of an earlier export says; everything but the files is whatever the exporter wrote. */
interface Earlier {
  readonly complete: boolean;
  readonly files: readonly string[];
  readonly description: Readonly<Record<string, unknown>>;
}

/** The earlier export of a folder; undefined when it has none of ours. */
function earlierExport(target: string): Earlier | undefined {
  const path = join(target, manifestName);
  if (!existsSync(path)) return undefined;
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> | null;
    if (value?.['format'] !== format || !Array.isArray(value['files'])) return undefined;
    const { format: _format, version: _version, complete, files, ...description } = value;
    const names = (files as unknown[]).map((file) => (typeof file === 'object' && file !== null && 'path' in file ? file.path : undefined));
    return {
      complete: complete === true,
      // A name that leads out of the folder is not ours, whoever wrote it.
      files: names.filter(
        (name): name is string => typeof name === 'string' && !name.split(/[\\/]/).includes('..') && !/^([\\/]|\w:)/.test(name),
      ),
      description,
    };
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

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}

export class Bundle {
  readonly target: string;
  readonly #earlier: Earlier | undefined;
  readonly #files: string[] = [];

  private constructor(target: string, earlier: Earlier | undefined) {
    this.target = target;
    this.#earlier = earlier;
  }

  /** Opens a new or empty folder, or one of an earlier export, which is added to or replaced. Throws `bad-input` for any other, `not-writable`. */
  static open(target: string): Bundle {
    return guarded(() => {
      if (existsSync(target) && !statSync(target).isDirectory())
        throw new AppError('bad-input', `${target} is a file.`, 'Give a folder that does not exist yet, or an empty one.');
      mkdirSync(target, { recursive: true });
      const earlier = earlierExport(target);
      if (!earlier && readdirSync(target).length > 0) {
        throw new AppError(
          'bad-input',
          `${target} holds files that this program did not export.`,
          'Give a folder that does not exist yet, or an empty one; nothing was changed.',
        );
      }
      return new Bundle(target, earlier);
    });
  }

  get #earlierFiles(): readonly string[] {
    return this.#earlier?.files ?? [];
  }

  /** Where to write a file (name relative, with `/`). Its folder is made, and it is the export's from now on, also after a crash. */
  file(name: string): string {
    const path = join(this.target, ...name.split('/'));
    return guarded(() => {
      if (!this.#earlierFiles.includes(name) && !this.#files.includes(name) && existsSync(path)) {
        throw new AppError('bad-input', `${path} is not of an earlier export.`, 'Move it away, or give another folder.');
      }
      this.#files.push(name);
      mkdirSync(dirname(path), { recursive: true });
      const files = [...new Set([...this.#earlierFiles, ...this.#files])].map((one) => ({ path: one }));
      writeFileAside(join(this.target, manifestName), `${JSON.stringify({ format, version: 1, complete: false, files }, null, 2)}\n`);
      return path;
    });
  }

  /** Takes away what this export has written, and its folder where nothing else is in it; files of an earlier export stay. */
  abandon(): void {
    guarded(() => {
      for (const name of this.#files)
        if (!this.#earlierFiles.includes(name)) rmSync(join(this.target, ...name.split('/')), { force: true });
      const names = this.#earlierFiles;
      const manifest = join(this.target, manifestName);
      if (names.length === 0) rmSync(manifest, { force: true });
      else {
        const files = names.map((path) => ({ path }));
        writeFileAside(manifest, `${JSON.stringify({ format, version: 1, complete: false, files }, null, 2)}\n`);
      }
      const folders = new Set(this.#files.filter((name) => name.includes('/')).map((name) => dirname(name)));
      for (const folder of [...folders, '.']) removeIfEmpty(join(this.target, folder));
    });
  }

  /**
   * Writes the manifest with the size and hash of each file. Files of an earlier export stay, and so does what its manifest says and
   * this description does not, where `goesWith` finds that they are of the same things; else they are taken away.
   */
  async finish(
    description: Readonly<Record<string, unknown>>,
    goesWith: (earlier: Readonly<Record<string, unknown>>) => boolean = () => false,
  ): Promise<Finished> {
    const earlier = this.#earlier;
    const adds = earlier?.complete === true && goesWith(earlier.description);
    const others = this.#earlierFiles.filter((name) => !this.#files.includes(name));
    if (!adds) for (const name of others) guarded(() => rmSync(join(this.target, name), { force: true }));
    const kept = adds ? others.filter((name) => existsSync(join(this.target, name))) : [];
    const files: BundledFile[] = [];
    for (const path of [...kept, ...this.#files]) {
      const place = join(this.target, path);
      files.push({ path, bytes: statSync(place).size, sha256: await hashOf(place) });
    }
    const manifest = { format, version: 1, complete: true, ...(adds && earlier.description), ...description, files };
    guarded(() => writeFileAside(join(this.target, manifestName), `${JSON.stringify(manifest, null, 2)}\n`));
    return { files, ...(earlier && !adds && { replaced: { description: earlier.description, removed: others } }) };
  }
}

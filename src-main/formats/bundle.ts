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

/** Files that the manifest of an earlier export claims; undefined when the folder has none of ours. */
function claimed(target: string): string[] | undefined {
  const path = join(target, manifestName);
  if (!existsSync(path)) return undefined;
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as { format?: unknown; files?: unknown } | null;
    if (value?.format !== format || !Array.isArray(value.files)) return undefined;
    const names = value.files.map((file: unknown) => (typeof file === 'object' && file !== null && 'path' in file ? file.path : undefined));
    // A name that leads out of the folder is not ours, whoever wrote it.
    return names.filter(
      (name): name is string => typeof name === 'string' && !name.split(/[\\/]/).includes('..') && !/^([\\/]|\w:)/.test(name),
    );
  } catch {
    return undefined;
  }
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
  readonly #earlier: ReadonlySet<string>;
  readonly #files: string[] = [];

  private constructor(target: string, earlier: readonly string[]) {
    this.target = target;
    this.#earlier = new Set(earlier);
  }

  /** Opens a new or empty folder, or one of an earlier export, whose files are replaced. Throws `bad-input` for any other, `not-writable`. */
  static open(target: string): Bundle {
    return guarded(() => {
      if (existsSync(target) && !statSync(target).isDirectory())
        throw new AppError('bad-input', `${target} is a file.`, 'Give a folder that does not exist yet, or an empty one.');
      mkdirSync(target, { recursive: true });
      const earlier = claimed(target);
      if (!earlier && readdirSync(target).length > 0) {
        throw new AppError(
          'bad-input',
          `${target} holds files that this program did not export.`,
          'Give a folder that does not exist yet, or an empty one; nothing was changed.',
        );
      }
      return new Bundle(target, earlier ?? []);
    });
  }

  /** Where to write a file (name relative, with `/`). Its folder is made, and it is the export's from now on, also after a crash. */
  file(name: string): string {
    const path = join(this.target, ...name.split('/'));
    return guarded(() => {
      if (!this.#earlier.has(name) && !this.#files.includes(name) && existsSync(path)) {
        throw new AppError('bad-input', `${path} is not of an earlier export.`, 'Move it away, or give another folder.');
      }
      this.#files.push(name);
      mkdirSync(dirname(path), { recursive: true });
      const files = [...new Set([...this.#earlier, ...this.#files])].map((one) => ({ path: one }));
      writeFileAside(join(this.target, manifestName), `${JSON.stringify({ format, version: 1, complete: false, files }, null, 2)}\n`);
      return path;
    });
  }

  /** Takes away what this export has written, and its folder where nothing else is in it; files of an earlier export stay. */
  abandon(): void {
    guarded(() => {
      for (const name of this.#files) if (!this.#earlier.has(name)) rmSync(join(this.target, ...name.split('/')), { force: true });
      const names = [...this.#earlier];
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

  /** Takes away files of an earlier export that this one does not have, and writes the manifest with the size and hash of each file. */
  async finish(description: Readonly<Record<string, unknown>>): Promise<readonly BundledFile[]> {
    for (const name of this.#earlier) if (!this.#files.includes(name)) guarded(() => rmSync(join(this.target, name), { force: true }));
    const files: BundledFile[] = [];
    for (const path of this.#files) {
      const place = join(this.target, path);
      files.push({ path, bytes: statSync(place).size, sha256: await hashOf(place) });
    }
    const manifest = { format, version: 1, complete: true, ...description, files };
    guarded(() => writeFileAside(join(this.target, manifestName), `${JSON.stringify(manifest, null, 2)}\n`));
    return files;
  }
}

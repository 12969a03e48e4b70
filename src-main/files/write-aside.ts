// Nothing is ever half written: a file gets a temporary name beside its place, is synced, and then takes its name in one move.
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';

/** Makes a rename durable; a platform that cannot sync folders (Windows) does not need it. */
export function syncFolder(path: string): void {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } catch {
    // Not every file system syncs folders; the rename itself has happened.
  } finally {
    closeSync(handle);
  }
}

/** Two writers of one file never share a temporary one. */
let written = 0;

/** A file that is written piece by piece and takes its name when it is kept. Throws the operating system's errors. */
export class AsideFile {
  readonly path: string;
  readonly handle: number;
  readonly #aside: string;
  #open = true;

  constructor(path: string) {
    this.path = path;
    this.#aside = `${path}.${process.pid}-${threadId}-${++written}.part`;
    this.handle = openSync(this.#aside, 'w');
  }

  /** Appends; where that fails the file is discarded. */
  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.handle, bytes, at, Math.min(bytes.length - at, 1 << 30));
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Syncs the file and replaces `path` by it; where that fails the file is discarded. */
  keep(): void {
    try {
      fsyncSync(this.handle);
    } catch (error) {
      this.discard();
      throw error;
    }
    this.#close();
    try {
      renameSync(this.#aside, this.path);
    } catch (error) {
      rmSync(this.#aside, { force: true });
      throw error;
    }
    syncFolder(dirname(this.path));
  }

  /** Leaves `path` as it was; nothing happens when it was kept before. */
  discard(): void {
    if (!this.#open) return;
    this.#close();
    rmSync(this.#aside, { force: true });
  }

  #close(): void {
    this.#open = false;
    closeSync(this.handle);
  }
}

function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Removes what writers of `path` that were killed have left beside it: those of processes that have ended, and of threads of this one,
 * of which the caller knows that none is writing there. Throws the operating system's error.
 */
export function removeLeftAside(path: string): void {
  const [folder, name] = [dirname(path), basename(path)];
  if (!existsSync(folder)) return;
  for (const one of readdirSync(folder)) {
    const pid = one.startsWith(`${name}.`) ? /^(\d+)-\d+-\d+\.part$/.exec(one.slice(name.length + 1))?.[1] : undefined;
    if (pid !== undefined && !isOther(Number(pid))) rmSync(join(folder, one), { force: true });
  }
}

/** Replaces `path` by `content` or leaves it as it was. Throws the operating system's error. */
export function writeFileAside(path: string, content: string | Uint8Array): void {
  writeAside(path, (handle) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
  });
}

/** As `writeFileAside`, with the content written by `fill` to an open file. */
export function writeAside(path: string, fill: (handle: number) => void): void {
  const file = new AsideFile(path);
  try {
    fill(file.handle);
  } catch (error) {
    file.discard();
    throw error;
  }
  file.keep();
}

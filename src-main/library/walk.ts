// Lists the files below a folder without recursion, one folder's listing in memory at a time.
// Links to files are followed. A link to a folder inside the root is skipped (the folder itself is visited), a link to one of
// the root's ancestors is a loop and skipped, any other is followed, unless it leaves the
// folders that may be used; and no folder is entered twice by (device, inode).
import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { isHidden, kindOf } from './file-kinds.ts';
import { nameText, nativePath } from './file-names.ts';

/** A file (or a folder that could not be listed) below the root; `path` is relative with `/`, in the text form of file-names.ts. */
export type WalkEntry =
  | { readonly kind: 'image'; readonly path: string; readonly size: number; readonly modified: number }
  | {
      readonly kind: 'unsupported';
      readonly path: string;
      readonly size: number;
      readonly modified: number;
      readonly message: string;
    }
  | { readonly kind: 'unreadable-file'; readonly path: string; readonly message: string }
  | { readonly kind: 'unreadable-folder'; readonly path: string; readonly message: string }
  /** Gone between the listing of its parent and now. */
  | { readonly kind: 'vanished-folder'; readonly path: string }
  | { readonly kind: 'not-an-image'; readonly path: string };

const leadsOut = 'This is a link that leads out of the folders that may be used here.';
/** Files whose size and time are asked for at once. */
const statsAtOnce = 64;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
const isGone = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
const identity = (stats: BigIntStats): string => `${stats.dev}:${stats.ino}`;

/** Why the operating system gave nothing, as a sentence. */
export function readProblem(error: unknown, what: 'file' | 'folder'): string {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return `This ${what} may not be read: its permissions do not allow it.`;
    case 'ENOENT':
    case 'ENOTDIR':
      return `This ${what} is gone, or is a link to something that does not exist.`;
    case 'ELOOP':
      return `This ${what} is a link that leads back to itself.`;
    case 'ENAMETOOLONG':
      return `The path of this ${what} is too long for the operating system.`;
    case 'EIO':
      return `The drive reported an error while this ${what} was read.`;
    default:
      return `This ${what} could not be read (${codeOf(error)}).`;
  }
}

interface Listed {
  readonly name: string;
  readonly entry: Dirent<Buffer>;
}

async function list(root: string, folder: string): Promise<Listed[]> {
  const entries = await readdir(nativePath(root, folder), { withFileTypes: true, encoding: 'buffer' });
  const listed = entries.map((entry) => ({ name: nameText(entry.name), entry })).filter(({ name }) => !isHidden(name));
  return listed.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

async function inspect(root: string, path: string): Promise<WalkEntry | undefined> {
  const kind = kindOf(path.slice(path.lastIndexOf('/') + 1));
  if (kind.kind === 'other') return { kind: 'not-an-image', path };
  try {
    const stats = await stat(nativePath(root, path));
    if (stats.isDirectory()) return undefined;
    if (!stats.isFile()) return { kind: 'unreadable-file', path, message: 'This is a pipe, socket or device with the name of an image.' };
    const { size, mtimeMs: modified } = stats;
    return kind.kind === 'image'
      ? { kind: 'image', path, size, modified }
      : { kind: 'unsupported', path, size, modified, message: kind.message };
  } catch (error) {
    return { kind: 'unreadable-file', path, message: readProblem(error, 'file') };
  }
}

/** True when `path` is `folder` or lies in it; both real paths. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

const realText = async (path: string | Buffer): Promise<string> => nameText(await realpath(path, { encoding: 'buffer' }));

/** What a link leads to, and for a folder whether the walk should enter it through the link; `out`: beyond `places`, which are real paths. */
async function linkTarget(
  root: string,
  realRoot: string,
  path: string,
  places: readonly string[] | undefined,
): Promise<'file' | 'folder' | 'skip' | 'out file' | 'out folder'> {
  const native = nativePath(root, path);
  try {
    const isFolder = (await stat(native)).isDirectory();
    if (!isFolder && !places) return 'file';
    const target = await realText(native);
    if (places && ![realRoot, ...places].some((place) => isWithin(target, place))) return isFolder ? 'out folder' : 'out file';
    if (!isFolder) return 'file';
    return isWithin(target, realRoot) || isWithin(realRoot, target) ? 'skip' : 'folder';
  } catch {
    return 'file'; // `inspect` says what is wrong with it
  }
}

/** The root's identity, to tell later whether it is still the same folder. Throws `not-found` or `bad-input`. */
export async function rootIdentity(root: string): Promise<string> {
  try {
    const stats = await stat(root, { bigint: true });
    if (!stats.isDirectory()) throw new AppError('bad-input', `${root} is not a folder.`, 'Give a folder of images.');
    return identity(stats);
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/**
 * Everything below `root`, folder by folder, names sorted by UTF-16 code units, a folder's files before its subfolders.
 * Times are milliseconds since 1970. A file or folder that cannot be read is an entry; only an unreadable root throws
 * (`not-found`, `not-writable`, `bad-input`). Hidden and system files are left out. Where `within` is given, a link to what lies neither
 * in the root nor in one of these folders is unreadable.
 */
export async function* walk(root: string, signal?: AbortSignal, within?: readonly string[]): AsyncGenerator<WalkEntry> {
  await rootIdentity(root);
  const realRoot = await realText(root);
  const places = within && (await Promise.all(within.map(async (place) => realText(place).catch(() => place))));
  const entered = new Set<string>();
  const stopped = (): boolean => signal?.aborted ?? false;
  const stack = [''];
  for (let folder = stack.pop(); folder !== undefined; folder = stack.pop()) {
    if (stopped()) return;
    let listed: Listed[];
    try {
      const stats = await stat(nativePath(root, folder), { bigint: true });
      const key = stats.ino === 0n ? folder : identity(stats); // some network file systems number nothing
      if (entered.has(key)) continue;
      entered.add(key);
      listed = await list(root, folder);
    } catch (error) {
      if (folder === '') throw systemError(error) ?? error;
      yield isGone(error)
        ? { kind: 'vanished-folder', path: folder }
        : { kind: 'unreadable-folder', path: folder, message: readProblem(error, 'folder') };
      continue;
    }
    const folders: string[] = [];
    const files: string[] = [];
    for (const { name, entry } of listed) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) {
        const target = await linkTarget(root, realRoot, path, places);
        if (target === 'out folder') yield { kind: 'unreadable-folder', path, message: leadsOut };
        else if (target === 'out file')
          yield kindOf(name).kind === 'other' ? { kind: 'not-an-image', path } : { kind: 'unreadable-file', path, message: leadsOut };
        else if (target !== 'skip') (target === 'folder' ? folders : files).push(path);
      } else files.push(path);
    }
    for (let at = 0; at < files.length; at += statsAtOnce) {
      if (stopped()) return;
      const entries = await Promise.all(files.slice(at, at + statsAtOnce).map(async (path) => inspect(root, path)));
      for (const entry of entries) if (entry) yield entry;
    }
    // One by one: so many arguments as a folder may have folders have no room on the call stack.
    for (const one of folders.reverse()) stack.push(one);
  }
}

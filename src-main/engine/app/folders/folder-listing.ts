// Folders of this machine to choose from, for pages that have no file dialog of their own.
import { existsSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { FolderListing } from '../../../../shared/contract/contract-system.ts';
import { isOfKind } from '../../../../shared/contract/file-kinds.ts';
import type { FileKind } from '../../../../shared/contract/file-kinds.ts';
import { AppError, systemError } from '../../../../shared/errors.ts';
import { isHidden, kindOf } from '../../../library/file-kinds.ts';
import { isEscaped, nameText } from '../../../library/file-names.ts';
import type { Roots } from '../roots.ts';

const mostImages = 10_000;
/** As people sort names: 2 before 10. One collator, since making it costs more than a comparison. */
const order = new Intl.Collator(undefined, { numeric: true });

type Listed = FolderListing['folders'][number];

function drives(): string[] {
  if (process.platform !== 'win32') return ['/'];
  return Array.from({ length: 26 }, (_, i) => `${String.fromCharCode(65 + i)}:\\`).filter((drive) => existsSync(drive));
}

/** What a choice begins with: the roots, or the person's own folder and the drives. */
function beginnings(roots: Roots): FolderListing {
  const places = roots.folders ?? [homedir(), ...drives()];
  const folders = places.map((path) => ({ name: roots.folders || path !== homedir() ? path : basename(path), path }));
  return { path: '', parent: undefined, folders, files: [], images: 0 };
}

function readError(error: unknown, folder: string): unknown {
  if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')
    return new AppError('bad-input', `${folder} is not a folder.`, 'Choose a folder.', error);
  return systemError(error) ?? error;
}

const isReadable = async (roots: Roots, path: string): Promise<boolean> =>
  roots.readable(path).then(
    (readable) => readable === path,
    () => false,
  );

/** What a link leads to, where that may be used. */
async function targetOf(roots: Roots, path: string): Promise<Pick<Stats, 'isDirectory' | 'isFile'> | undefined> {
  return (await isReadable(roots, path)) ? stat(path).catch(() => undefined) : undefined;
}

/**
 * Subfolders of a folder and its files of a kind, by name, without hidden ones and those that may not be used. Throws `not-allowed`, `not-found`, `not-writable`,
 * `bad-input` for what is no folder.
 */
export async function listFolder(roots: Roots, path: string | undefined, kind?: FileKind): Promise<FolderListing> {
  if (path === undefined) return beginnings(roots);
  const folder = await roots.readable(path);
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch((error: unknown) => {
    throw readError(error, folder);
  });
  const folders: Listed[] = [];
  const files: Listed[] = [];
  let images = 0;
  for (const entry of entries) {
    const name = nameText(entry.name);
    // A name that is no text could not be asked for by a page.
    if (isHidden(name) || isEscaped(name)) continue;
    const inside = join(folder, name);
    const found = entry.isSymbolicLink() ? await targetOf(roots, inside) : entry;
    if (found?.isDirectory()) folders.push({ name, path: inside });
    else if (kind !== undefined && found?.isFile() && isOfKind(name, kind)) files.push({ name, path: inside });
    else if (kindOf(name).kind === 'image' && images < mostImages) images++;
  }
  const above = dirname(folder);
  return {
    path: folder,
    parent: above !== folder && (await isReadable(roots, above)) ? above : undefined,
    folders: folders.toSorted((a, b) => order.compare(a.name, b.name)),
    files: files.toSorted((a, b) => order.compare(a.name, b.name)),
    images,
  };
}

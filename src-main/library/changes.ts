// What a scan would find, told from names, sizes and times alone: no file is opened.
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';
import { folderOf } from './folders.ts';
import type { Library } from './library.ts';
import { isHiddenFromUs } from './scan-reconcile.ts';
import { RowSet, cancelled } from './scan-state.ts';
import { walk } from './walk.ts';

export interface FolderChanges {
  /** Files that the catalogue lacks, or thought missing. */
  readonly added: number;
  /** Files of another size or time than when they were read. */
  readonly changed: number;
  /** Images whose file is not there any more. */
  readonly missing: number;
}

interface Known {
  readonly id: number;
  readonly size: number;
  readonly modified: number;
  readonly status: 'ok' | 'failed' | 'missing';
}

/** Rows looked at before others get their turn. */
const pieceRows = 5000;

/** Throws `not-found` for an unknown folder, one that is not there, or one that is empty and was not; `cancelled`. */
export async function findChanges(
  library: Library,
  root: string | number,
  signal?: AbortSignal,
  within?: readonly string[],
): Promise<FolderChanges> {
  const folder = folderOf(library, root);
  const find = library.database.prepare<[number, string], Known>(
    'SELECT id, size, modified, status FROM images WHERE folder_id = ? AND path = ?',
  );
  const rows = library.database.prepare<[number, string, number], { id: number; path: string }>(
    "SELECT id, path FROM images WHERE folder_id = ? AND path > ? AND +status <> 'missing' ORDER BY path LIMIT ?",
  );
  const seen = new RowSet();
  const unlisted = new Set<string>();
  let [found, added, changed, missing] = [0, 0, 0, 0];
  for await (const entry of walk(folder.path, signal, within)) {
    if (entry.kind === 'unreadable-folder') unlisted.add(entry.path);
    if (entry.kind !== 'image' && entry.kind !== 'unsupported' && entry.kind !== 'unreadable-file') continue;
    found++;
    const known = library.run(() => find.get(folder.id, entry.path));
    if (known) seen.add(known.id);
    if (!known || known.status === 'missing') added++;
    else if (entry.kind !== 'unreadable-file' && (entry.size !== known.size || entry.modified !== known.modified)) changed++;
  }
  if (signal?.aborted === true) throw cancelled();
  for (let after: string | undefined = ''; after !== undefined;) {
    const piece: readonly { readonly id: number; readonly path: string }[] = library.run(() => rows.all(folder.id, after!, pieceRows));
    if (found === 0 && unlisted.size === 0 && piece.length > 0)
      throw new AppError(
        'not-found',
        `The folder ${folder.path} is empty, but the library knows images in it.`,
        'If it lies on a drive, connect the drive; if the images are gone for good, remove the folder from the library.',
      );
    for (const { id, path } of piece) if (!seen.has(id) && !isHiddenFromUs(path, unlisted)) missing++;
    after = piece.length === pieceRows ? piece.at(-1)?.path : undefined;
    await breathe();
  }
  return { added, changed, missing };
}

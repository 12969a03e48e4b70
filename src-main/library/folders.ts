// The roots of a library: the folders a person added.
import { resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { LabelMode } from './labels.ts';
import type { Library } from './library.ts';

export interface Folder {
  readonly id: number;
  /** Absolute path. */
  readonly path: string;
  readonly labels: LabelMode;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

interface FolderRow {
  id: number;
  path: string;
  label_kind: 'folders' | 'csv' | 'off';
  label_file: string | null;
  added_at: number;
}

const fromRow = (row: FolderRow): Folder => ({
  id: row.id,
  path: row.path,
  labels: row.label_kind === 'csv' ? { kind: 'csv', file: row.label_file ?? '' } : { kind: row.label_kind },
  addedAt: row.added_at,
});

/** All roots, by path. */
export function folders(library: Library): Folder[] {
  return library.run(() => library.database.prepare<[], FolderRow>('SELECT * FROM folders ORDER BY path').all().map(fromRow));
}

/** The root with this path or number, if the library has it. */
export function findFolder(library: Library, root: string | number): Folder | undefined {
  return library.run(() => {
    const row =
      typeof root === 'number'
        ? library.database.prepare<[number], FolderRow>('SELECT * FROM folders WHERE id = ?').get(root)
        : library.database.prepare<[string], FolderRow>('SELECT * FROM folders WHERE path = ?').get(resolve(root));
    return row && fromRow(row);
  });
}

/** The root with this path or number. Throws `not-found`. */
export function folderOf(library: Library, root: string | number): Folder {
  const folder = findFolder(library, root);
  if (!folder) throw new AppError('not-found', `The library has no folder ${root}.`, 'Add it by scanning it, or check the path.');
  return folder;
}

/** Adds a root, or changes where its labels come from when `labels` is given (`folders` for a new one). */
export function addFolder(library: Library, path: string, labels?: LabelMode): Folder {
  const absolute = resolve(path);
  const known = findFolder(library, absolute);
  const mode = labels ?? known?.labels ?? { kind: 'folders' };
  library.write(() =>
    library.database
      .prepare(
        `INSERT INTO folders (path, label_kind, label_file, added_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (path) DO UPDATE SET label_kind = excluded.label_kind, label_file = excluded.label_file`,
      )
      .run(absolute, mode.kind, mode.kind === 'csv' ? resolve(mode.file) : null, Date.now()),
  );
  return folderOf(library, absolute);
}

/** Takes a root and the rows of its images out of the library; files and embeddings stay. Throws `not-found`. */
export function removeFolder(library: Library, root: string | number): void {
  const { id } = folderOf(library, root);
  library.write(() => library.database.prepare('DELETE FROM folders WHERE id = ?').run(id));
}

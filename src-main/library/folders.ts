// The roots of a library: the folders a person added.
import { resolve } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
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

/** Rows deleted before others get their turn. */
const pieceRows = 500;

/** As `removeFolder`, in pieces, so that the engine answers meanwhile; ended in the middle, the next scan finds the rest. Throws `not-found`. */
export async function removeFolderGently(library: Library, root: string | number): Promise<void> {
  const { id } = folderOf(library, root);
  const some = library.database.prepare<[number, number]>(
    'DELETE FROM images WHERE id IN (SELECT id FROM images WHERE folder_id = ? LIMIT ?)',
  );
  while (library.write(() => some.run(id, pieceRows).changes) > 0) await breathe();
  removeFolder(library, id);
}

export interface FolderCounts {
  /** Images that can be used. */
  readonly images: number;
  readonly failed: number;
  readonly missing: number;
  /** Different labels. */
  readonly labels: number;
  /** Milliseconds since 1970; `undefined` before the first scan was through. */
  readonly scannedAt: number | undefined;
}

/** What the catalogue holds of a root, by number. */
export function folderCounts(library: Library, id: number): FolderCounts {
  return library.run(() => {
    const statuses = new Map(
      library.database
        .prepare<[number], [string, number]>('SELECT status, count(*) FROM images WHERE folder_id = ? GROUP BY status')
        .raw()
        .all(id),
    );
    const labels = library.database.prepare<[number], number>('SELECT count(DISTINCT label) FROM images WHERE folder_id = ?').pluck();
    const scanned = library.database.prepare<[number], number | null>('SELECT max(finished_at) FROM scans WHERE folder_id = ?').pluck();
    return {
      images: statuses.get('ok') ?? 0,
      failed: statuses.get('failed') ?? 0,
      missing: statuses.get('missing') ?? 0,
      labels: labels.get(id) ?? 0,
      scannedAt: scanned.get(id) ?? undefined,
    };
  });
}

/** Whether a scan of a root was ever through, by number: before that the catalogue may lack any of its images. */
export function wasReadThrough(library: Library, id: number): boolean {
  const through = 'SELECT 1 FROM scans WHERE folder_id = ? AND finished_at IS NOT NULL';
  return library.run(() => library.database.prepare<[number]>(through).get(id) !== undefined);
}

export interface ContentCounts {
  /** Different contents among the images that can be used: copies count once. */
  readonly different: number;
  /** Images that can be used and have a label, and how many different labels they have. */
  readonly labelled: number;
  readonly labels: number;
}

/** What the usable images of a root are, by number. */
export function contentCounts(library: Library, id: number): ContentCounts {
  return library.run(() =>
    library.database
      .prepare<[number], ContentCounts>(
        `SELECT count(DISTINCT content_id) AS different, count(label) AS labelled, count(DISTINCT label) AS labels
           FROM images WHERE folder_id = ? AND status = 'ok'`,
      )
      .get(id)!,
  );
}

// The list of files and folders that gave no image, with reasons for people.
import { systemError } from '../../shared/errors.ts';
import { writeFileAside } from '../files/write-aside.ts';
import type { FailureReason } from '../images/decoder.ts';
import { beginsWithLine, csvLine } from './csv.ts';
import { displayName } from './file-names.ts';
import { folderOf } from './folders.ts';
import type { Library } from './library.ts';

export interface Failure {
  /** `null` for a folder that could not be listed. */
  readonly imageId: number | null;
  readonly folderId: number;
  /** Relative to the root, with `/`; text form of file-names.ts. */
  readonly path: string;
  readonly reason: FailureReason;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly failedAt: number;
}

const union = `
  SELECT f.image_id AS imageId, i.folder_id AS folderId, i.path, f.reason, f.message, f.failed_at AS failedAt
  FROM failures f JOIN images i ON i.id = f.image_id WHERE i.status = 'failed'
  UNION ALL
  SELECT NULL, folder_id, path, reason, message, failed_at FROM folder_failures`;

/** Failures by folder and path; folders that could not be listed are among them. */
export function failures(
  library: Library,
  query: { readonly root?: string | number; readonly limit?: number; readonly offset?: number } = {},
): Failure[] {
  const id = query.root === undefined ? null : folderOf(library, query.root).id;
  return library.run(() =>
    library.database
      .prepare<[number | null, number | null, number, number], Failure>(
        `SELECT * FROM (${union}) WHERE ? IS NULL OR folderId = ? ORDER BY folderId, path LIMIT ? OFFSET ?`,
      )
      .all(id, id, query.limit ?? -1, query.offset ?? 0),
  );
}

/** How many there are in a root. Throws `not-found`. */
export function countFailures(library: Library, root: string | number): number {
  const { id } = folderOf(library, root);
  return library.run(
    () =>
      library.database
        .prepare<[number, number], number>(
          `SELECT (SELECT count(*) FROM images i JOIN failures f ON f.image_id = i.id WHERE i.folder_id = ? AND i.status = 'failed')
             + (SELECT count(*) FROM folder_failures WHERE folder_id = ?)`,
        )
        .pluck()
        .get(id, id) ?? 0,
  );
}

const header = csvLine(['file', 'reason', 'message']);

/** The list as lines of a CSV file (`file,reason,message`), the header first. Throws `not-found`. */
export function* failureLines(library: Library, root?: string | number): Generator<string> {
  yield header;
  for (const one of failures(library, root === undefined ? {} : { root })) yield csvLine([displayName(one.path), one.reason, one.message]);
}

/** Writes the list as CSV over what is there: ask for the place first (engine/write-target.ts). Throws `disk-full`, `not-writable`, `not-found`. */
export function exportFailures(library: Library, file: string, root?: string | number): void {
  try {
    writeFileAside(file, [...failureLines(library, root)].join(''));
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** Whether a file begins as a list that was written here. Throws the operating system's errors. */
export const isFailureList = (path: string): boolean => beginsWithLine(path, header);

/**
 * Lets the next scan try failed files again, quarantined ones too: all of a root, or only the images given. Returns how many.
 */
export function retryFailed(library: Library, root: string | number, imageIds?: readonly number[]): number {
  const { id: folderId } = folderOf(library, root);
  return library.write(() => {
    const ids =
      imageIds ??
      library.database.prepare<[number], number>("SELECT id FROM images WHERE folder_id = ? AND status = 'failed'").pluck().all(folderId);
    // The quarantine knows contents and no paths: sizes say which entries may belong to these files.
    const release = library.database.prepare('DELETE FROM quarantine WHERE size = (SELECT size FROM images WHERE id = ?)');
    const forget = library.database.prepare('DELETE FROM failures WHERE image_id = ?');
    let count = 0;
    for (const id of ids) {
      release.run(id);
      count += forget.run(id).changes;
    }
    return count;
  });
}

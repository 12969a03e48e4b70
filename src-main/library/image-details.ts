// One image of the catalogue with all that is known about it.
import { AppError } from '../../shared/errors.ts';
import type { FailureReason } from '../images/decoder.ts';
import { tagsOf } from './annotations.ts';
import type { ImageRow } from './catalogue.ts';
import type { Library } from './library.ts';

/** Where an image lies and what it holds. */
export interface ImagePlace extends ImageRow {
  /** Path of the folder that it belongs to. */
  readonly root: string;
}

/** Throws `not-found`. */
export function imagePlace(library: Library, id: number): ImagePlace {
  const row = library.run(() =>
    library.database
      .prepare<[number], ImagePlace>(
        `SELECT i.id, i.folder_id AS folderId, f.path AS root, i.path, i.size, i.modified, i.status, nullif(lower(hex(c.hash)), '') AS hash,
                c.width, c.height, c.format, i.label, i.split
         FROM images i JOIN folders f ON f.id = i.folder_id LEFT JOIN contents c ON c.id = i.content_id WHERE i.id = ?`,
      )
      .get(id),
  );
  if (!row) throw new AppError('not-found', `The library has no image ${id}.`, 'It may have been removed: look at the folder again.');
  return row;
}

export interface ImageDetails extends ImagePlace {
  readonly tags: readonly string[];
  /** Other images of the folder with the same content, by path, at most 100. */
  readonly copies: readonly { readonly id: number; readonly path: string }[];
  readonly failure: { readonly reason: FailureReason; readonly message: string } | undefined;
}

/** Throws `not-found`. */
export function imageDetails(library: Library, id: number): ImageDetails {
  const place = imagePlace(library, id);
  return library.run(() => ({
    ...place,
    tags: tagsOf(library, id),
    copies: library.database
      .prepare<[number, number, number], { id: number; path: string }>(
        // The plus signs keep the planner from reading the whole folder in order instead of the few images of this content.
        `SELECT id, path FROM images WHERE content_id = (SELECT content_id FROM images WHERE id = ?) AND +folder_id = ? AND id <> ?
         ORDER BY +path LIMIT 100`,
      )
      .all(id, place.folderId, id),
    failure: failureOf(library, id),
  }));
}

/** Why an image could not be read, if it could not. */
export function failureOf(library: Library, id: number): { readonly reason: FailureReason; readonly message: string } | undefined {
  return library.run(() =>
    library.database
      .prepare<[number], { reason: FailureReason; message: string }>('SELECT reason, message FROM failures WHERE image_id = ?')
      .get(id),
  );
}

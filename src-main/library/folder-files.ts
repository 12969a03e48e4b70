// Every usable file of a folder with what tells copies apart, and which images have a tag.
import type { Pieces } from '../files/in-pieces.ts';
import type { Library } from './library.ts';

export interface FolderFile {
  readonly image: number;
  /** Relative to the folder, with `/`; text form of file-names.ts. */
  readonly path: string;
  /** Of its content, hex. */
  readonly hash: string;
  /** Upright, pixels. */
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
}

/** Rows read before others may get their turn. */
const pieceRows = 500;

/** By path (in byte order). */
export function* folderFiles(library: Library, folder: number): Pieces<FolderFile[]> {
  const some = library.database.prepare<[number, string, number], FolderFile>(
    `SELECT i.id AS image, i.path, lower(hex(c.hash)) AS hash, c.width, c.height, i.size AS bytes, i.modified
     FROM images i JOIN contents c ON c.id = i.content_id
     WHERE i.folder_id = ? AND i.status = 'ok' AND i.path > ? ORDER BY i.path LIMIT ?`,
  );
  const files: FolderFile[] = [];
  for (let after: string | undefined = ''; after !== undefined;) {
    const from: string = after;
    const piece = library.run(() => some.all(folder, from, pieceRows));
    files.push(...piece);
    after = piece.length === pieceRows ? piece.at(-1)!.path : undefined;
    yield;
  }
  return files;
}

/** Those of the images that have a tag. */
export function imagesWithTag(library: Library, images: readonly number[], name: string): Set<number> {
  const found = library.run(() =>
    library.database
      .prepare<[string, string], number>(
        `SELECT t.image_id FROM image_tags t WHERE t.tag_id = (SELECT id FROM tags WHERE name = ?)
           AND t.image_id IN (SELECT value FROM json_each(?))`,
      )
      .pluck()
      .all(name, JSON.stringify(images)),
  );
  return new Set(found);
}

// From contents back to images: vectors and logs know a picture by the hash of its content, a page by the number of its image.
import type { Pieces } from '../files/in-pieces.ts';
import type { Library } from './library.ts';

export interface ContentImage {
  readonly id: number;
  readonly hash: string;
  /** Relative to the folder, with `/`; text form of file-names.ts. */
  readonly path: string;
  readonly label: string | null;
  /** Upright, pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * All in one question: a lookup with a join takes 60 µs in starting alone, a list that SQLite walks itself 7 µs for each content.
 * By content, whatever the order asks for: through the index of paths every image of the folder would be looked at.
 * Beside `min` SQLite gives the other columns of the row that has the least.
 */
const firstOfContents = `
  SELECT wanted.value AS hash, i.id, min(i.path) AS path, i.label, c.width, c.height
  FROM json_each(?) AS wanted
    CROSS JOIN contents c ON c.hash = unhex(wanted.value)
    CROSS JOIN images i INDEXED BY images_by_content ON i.content_id = c.id
  WHERE i.folder_id = ? AND i.status = 'ok' GROUP BY wanted.key`;

/** The first usable image by path of each content, in a folder; contents that it does not have are left out. */
export function imagesOfContents(library: Library, folder: number, hashes: Iterable<string>): Map<string, ContentImage> {
  const rows = library.run(() =>
    library.database.prepare<[string, number], ContentImage>(firstOfContents).all(JSON.stringify([...hashes]), folder),
  );
  return new Map(rows.map((row) => [row.hash, row]));
}

/** Contents looked at before others may get their turn. */
const pieceContents = 1000;

/** Hashes of the different usable contents of a folder, one after another, 32 bytes each. */
export function* contentHashes(library: Library, folder: number): Pieces<Uint8Array> {
  const { database } = library;
  const some = database
    .prepare<[number, number, number], Buffer>(
      `SELECT hash FROM contents c WHERE c.id > ? AND c.id <= ? AND EXISTS
         (SELECT 1 FROM images i INDEXED BY images_by_content WHERE i.content_id = c.id AND i.folder_id = ? AND i.status = 'ok')
       ORDER BY c.id`,
    )
    .pluck();
  const last = library.run(() => database.prepare<[], number | null>('SELECT max(id) FROM contents').pluck().get()) ?? 0;
  const rows: Buffer[] = [];
  for (let after = 0; after < last; after += pieceContents) {
    const piece = after;
    rows.push(...library.run(() => some.all(piece, piece + pieceContents, folder)));
    yield;
  }
  return Buffer.concat(rows);
}

/** Contents looked up at once: each takes some microseconds. */
const pieceLooked = 200;

/**
 * How many of these different contents lie in any of some folders, or did when those were read: files that are gone by now count, or else
 * what was moved out of a folder would never have been in it.
 */
export function* countContentsOf(library: Library, folders: readonly number[], hashes: readonly string[]): Pieces<number> {
  if (folders.length === 0) return 0;
  const some = library.database
    .prepare<[string, string], number>(
      `SELECT count(*) FROM json_each(?) AS wanted CROSS JOIN contents c ON c.hash = unhex(wanted.value)
       WHERE EXISTS (SELECT 1 FROM images i INDEXED BY images_by_content
         WHERE i.content_id = c.id AND i.folder_id IN (SELECT value FROM json_each(?)))`,
    )
    .pluck();
  const those = JSON.stringify(folders);
  let count = 0;
  for (let at = 0; at < hashes.length; at += pieceLooked) {
    const piece = JSON.stringify(hashes.slice(at, at + pieceLooked));
    count += library.run(() => some.get(piece, those)) ?? 0;
    yield;
  }
  return count;
}

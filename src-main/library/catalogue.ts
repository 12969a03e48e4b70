// The read side of the catalogue: pages of images, counts, and what training and checkpoints need.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { atOnce } from '../files/in-pieces.ts';
import type { Pieces } from '../files/in-pieces.ts';
import { foldedText } from './file-names.ts';
import { folderOf } from './folders.ts';
import type { Split } from './labels.ts';
import type { Library } from './library.ts';

export type ImageStatus = 'ok' | 'failed' | 'missing';

export interface ImageRow {
  readonly id: number;
  readonly folderId: number;
  /** Relative to the root, with `/`; text form of file-names.ts. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly status: ImageStatus;
  /** Of the content; `null` until it was decoded. */
  readonly hash: string | null;
  /** Of the upright original, pixels. */
  readonly width: number | null;
  readonly height: number | null;
  readonly format: string | null;
  readonly label: string | null;
  readonly split: Split | null;
}

export interface ImageQuery {
  /** Path or number of a root; all roots without it. */
  readonly root?: string | number;
  /** `null`: images without a label. */
  readonly label?: string | null;
  readonly split?: Split | null;
  readonly status?: ImageStatus;
  readonly tag?: string;
  /** Part of the relative path, in any case of letters and any Unicode spelling. */
  readonly search?: string;
  /** Subfolder, relative to the root, with `/`: what lies in it at any depth. */
  readonly below?: string;
}

export interface ImagePage {
  readonly limit?: number;
  /** Rows to skip: for jumps of a scroll bar. */
  readonly offset?: number;
  /** The last image of the page before: stays fast at any depth. */
  readonly after?: { readonly folderId: number; readonly path: string };
}

export interface Filter {
  readonly sql: string;
  readonly values: (string | number)[];
}

/** The query as a condition on `images i`. Throws `not-found` for an unknown root. */
export function filterOf(library: Library, query: ImageQuery): Filter {
  const terms: string[] = [];
  const values: (string | number)[] = [];
  const add = (sql: string, ...more: (string | number)[]): void => {
    terms.push(sql);
    values.push(...more);
  };
  const addValue = (column: string, value: string | null | undefined): void => {
    if (value === null) add(`i.${column} IS NULL`);
    else if (value !== undefined) add(`i.${column} = ?`, value);
  };
  if (query.root !== undefined) add('i.folder_id = ?', folderOf(library, query.root).id);
  addValue('label', query.label);
  addValue('split', query.split);
  addValue('status', query.status);
  // Looked up for each image: a list of all that have the tag would be made anew for every piece of a grid.
  if (query.tag !== undefined)
    add(
      'EXISTS (SELECT 1 FROM image_tags t WHERE t.image_id = i.id AND t.tag_id = (SELECT id FROM tags WHERE name = ?))',
      query.tag.trim().normalize('NFC'),
    );
  // Byte order: everything that begins with `below/` lies before `below0`, and the index finds it.
  if (query.below !== undefined && query.below !== '') add('i.path > ? AND i.path < ?', `${query.below}/`, `${query.below}0`);
  if (query.search !== undefined && query.search !== '') add('instr(coalesce(i.folded, i.path), ?) > 0', foldedText(query.search));
  return { sql: terms.length > 0 ? terms.join(' AND ') : 'true', values };
}

/** A page of images by folder and path (in byte order). The inner query runs on an index alone, so deep pages stay cheap. */
export function images(library: Library, query: ImageQuery = {}, page: ImagePage = {}): ImageRow[] {
  const { sql, values } = filterOf(library, query);
  const after = page.after ? 'AND (i.folder_id, i.path) > (?, ?)' : '';
  const afterValues = page.after ? [page.after.folderId, page.after.path] : [];
  return library.run(() =>
    library.database
      .prepare<(string | number)[], ImageRow>(
        `SELECT i.id, i.folder_id AS folderId, i.path, i.size, i.modified, i.status, lower(hex(c.hash)) AS hash,
                c.width, c.height, c.format, i.label, i.split
         FROM (SELECT i.id FROM images i WHERE ${sql} ${after} ORDER BY i.folder_id, i.path LIMIT ? OFFSET ?) page
         JOIN images i ON i.id = page.id LEFT JOIN contents c ON c.id = i.content_id
         ORDER BY i.folder_id, i.path`,
      )
      .all(...values, ...afterValues, page.limit ?? 100, page.offset ?? 0)
      .map((row) => ({ ...row, hash: row.hash === '' ? null : row.hash })),
  );
}

/** How many images a query has. */
export function countImages(library: Library, query: ImageQuery = {}): number {
  const { sql, values } = filterOf(library, query);
  return library.run(
    () =>
      library.database
        .prepare<(string | number)[], number>(`SELECT count(*) FROM images i WHERE ${sql}`)
        .pluck()
        .get(...values) ?? 0,
  );
}

/** Images per status, label or split (`null`: none), largest first. */
export function countsBy(
  library: Library,
  column: 'status' | 'label' | 'split' | 'folder',
  query: ImageQuery = {},
): { readonly value: string | null; readonly images: number }[] {
  const { sql, values } = filterOf(library, query);
  const expression = { status: 'i.status', label: 'i.label', split: 'i.split', folder: 'f.path' }[column];
  const join = column === 'folder' ? 'JOIN folders f ON f.id = i.folder_id' : '';
  return library.run(() =>
    library.database
      .prepare<(string | number)[], { value: string | null; images: number }>(
        `SELECT ${expression} AS value, count(*) AS images FROM images i ${join} WHERE ${sql}
         GROUP BY 1 ORDER BY 2 DESC, 1`,
      )
      .all(...values),
  );
}

/** Throws `no-images` when a root has no image that can be used, saying why. */
export function requireImages(library: Library, root: string | number): void {
  const folder = folderOf(library, root);
  if (countImages(library, { root: folder.id, status: 'ok' }) > 0) return;
  const failed = countImages(library, { root: folder.id, status: 'failed' });
  if (failed > 0)
    throw new AppError(
      'no-images',
      `None of the ${failed} image files in ${folder.path} could be read.`,
      'Look at the list of failures for the reasons, or choose another folder.',
    );
  throw new AppError(
    'no-images',
    `There are no images in ${folder.path}.`,
    'Choose a folder with JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG or HEIC files; subfolders are searched too.',
  );
}

interface UsableRow {
  /** Relative to the root. */
  readonly path: string;
  readonly hash: string;
  readonly label: string | null;
  readonly split: Split | null;
}

/** Rows read before others may get their turn. */
const pieceRows = 500;

/** The usable images of a root by path, some at a time. */
function* usableRows(library: Library, folder: number): Generator<readonly UsableRow[]> {
  const some = library.database.prepare<[number, string, number], UsableRow>(
    `SELECT i.path, lower(hex(c.hash)) AS hash, i.label, i.split FROM images i JOIN contents c ON c.id = i.content_id
     WHERE i.folder_id = ? AND i.status = 'ok' AND i.path > ? ORDER BY i.path LIMIT ?`,
  );
  for (let after: string | undefined = ''; after !== undefined;) {
    const piece: readonly UsableRow[] = library.run(() => some.all(folder, after!, pieceRows));
    yield piece;
    after = piece.length === pieceRows ? piece.at(-1)!.path : undefined;
  }
}

export interface TrainingImage {
  readonly hash: string;
  readonly label: string | null;
  readonly split: Split | null;
  /** Absolute; text form of file-names.ts. */
  readonly path: string;
}

export interface UsableImages {
  /** Each content once, by path. */
  readonly images: readonly TrainingImage[];
  /** SHA-256 over path and content of all of them: equal exactly when the same files hold the same images. */
  readonly fingerprint: string;
}

const protection = (split: Split | null): number => (split === 'test' ? 0 : split === 'val' ? 1 : split === 'train' ? 2 : 3);

/**
 * The usable images of a root. Of copies the one in the most protected split counts (test, then val, then train), so that no image is
 * trained on that is also tested with; a copy without a label takes another's.
 */
export function* usableImages(library: Library, root: string | number): Pieces<UsableImages> {
  const folder = folderOf(library, root);
  const unique = new Map<string, TrainingImage>();
  const fingerprinted = createHash('sha256');
  for (const rows of usableRows(library, folder.id)) {
    for (const row of rows) {
      fingerprinted.update(row.path).update('\0').update(row.hash, 'hex');
      const other = unique.get(row.hash);
      if (!other) unique.set(row.hash, { ...row, path: join(folder.path, row.path) });
      else
        unique.set(row.hash, {
          ...other,
          label: other.label ?? row.label,
          split: protection(row.split) < protection(other.split) ? row.split : other.split,
        });
    }
    yield;
  }
  return { images: [...unique.values()], fingerprint: fingerprinted.digest('hex') };
}

/** As `usableImages`. */
export const fingerprint = (library: Library, root: string | number): string => atOnce(usableImages(library, root)).fingerprint;

/** As `usableImages`. */
export const imagesForTraining = (library: Library, root: string | number): readonly TrainingImage[] =>
  atOnce(usableImages(library, root)).images;

export interface MedianSize {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly shortSide: number;
}

/** Median size of a root's usable images, each content once; `undefined` when there are none. */
export function medianSize(library: Library, root: string | number): MedianSize | undefined {
  const { id } = folderOf(library, root);
  const row = library.run(() =>
    library.database
      .prepare<[number], { width: number | null; height: number; shortSide: number }>(
        `SELECT median(width) AS width, median(height) AS height, median(min(width, height)) AS shortSide FROM contents
         WHERE id IN (SELECT content_id FROM images WHERE folder_id = ? AND status = 'ok')`,
      )
      .get(id),
  );
  return row && row.width !== null ? { ...row, width: row.width } : undefined;
}

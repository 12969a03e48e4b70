// A folder or drive that was moved or renamed: the catalogue follows it by content, without decoding or embedding anything again.
import { join, posix, relative, resolve } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { isBelow } from '../files/is-below.ts';
import { fileHash } from './content-hash.ts';
import { foldedText, nativePath } from './file-names.ts';
import { findFolder, folderOf } from './folders.ts';
import type { Folder } from './folders.ts';
import type { Library } from './library.ts';
import { cancelled } from './scan-state.ts';
import { UnmatchedImages } from './unmatched-images.ts';
import type { OldImage } from './unmatched-images.ts';
import { walk } from './walk.ts';

export interface RelinkResult {
  readonly folder: Folder;
  /** Images found in the new place. */
  readonly matched: number;
  /** Images that are not there: marked as missing. Files that had failed are not counted; the next scan tries them again. */
  readonly missing: number;
  /** Files of the new place that match no image: the next scan reads them. */
  readonly unknown: number;
  /** Files that were read to compare their content. */
  readonly hashed: number;
}

export interface RelinkOptions {
  readonly signal?: AbortSignal;
  /** Takes a file with the same relative path, size and time for the same without reading it: seconds instead of hours for a drive. */
  readonly trustTimes?: boolean;
  /** Files that were found (`total` 0: not all are known yet), then those of them that were compared. */
  readonly progress?: (done: number, total: number) => void;
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

interface Match {
  readonly id: number;
  readonly path: string;
  readonly modified: number;
}

/** An image as it was before. */
interface Row {
  readonly id: number;
  readonly path: string;
  readonly modified: number;
  readonly status: 'ok' | 'failed' | 'missing';
  readonly content: number | null;
}

/** A path and how it is searched for, where that differs. */
function spelled(path: string): readonly [path: string, folded: string | null] {
  const folded = foldedText(path);
  return [path, folded === path ? null : folded];
}

/** Where an image is said to lie whose place has another one now: nowhere that something else lies. */
function formerPath(path: string, id: number, used: ReadonlySet<string>): string {
  const { dir, name, ext } = posix.parse(path);
  const former = posix.join(dir, `${name} (before, ${id})${ext}`);
  return used.has(former) ? formerPath(former, id, used) : former;
}

/** The images of a folder that have a content. */
function imagesOf(library: Library, folderId: number): UnmatchedImages {
  const rows = library.run(() =>
    library.database
      .prepare<[number], OldImage>(
        `SELECT i.id, i.path, i.size, i.modified, lower(hex(c.hash)) AS hash
         FROM images i JOIN contents c ON c.id = i.content_id WHERE i.folder_id = ? ORDER BY i.path`,
      )
      .all(folderId),
  );
  return new UnmatchedImages(rows);
}

function apply(library: Library, old: Folder, newRoot: string, matches: readonly Match[]): number {
  const { database } = library;
  return library.write(() => {
    const found = findFolder(library, newRoot);
    const other = found?.id === old.id ? undefined : found;
    const before = database
      .prepare<[number], Row>('SELECT id, path, modified, status, content_id AS content FROM images WHERE folder_id = ?')
      .all(old.id);
    const matched = new Map(matches.map((match) => [match.id, match]));
    const lose = database.prepare("UPDATE images SET status = 'missing' WHERE id = ?");
    for (const { id, status } of before) if (!matched.has(id) && status !== 'missing') lose.run(id);
    if (other) {
      // The new place was scanned already: its rows give way, their tags are kept.
      const tags = database.prepare(
        `INSERT OR IGNORE INTO image_tags SELECT ?, it.tag_id FROM image_tags it JOIN images i ON i.id = it.image_id
         WHERE i.folder_id = ? AND i.path = ?`,
      );
      for (const { id, path } of matches) tags.run(id, other.id, path);
    }
    // Two steps, because an image may take the path that another one is about to leave.
    const leave = database.prepare('UPDATE images SET path = ? WHERE id = ?');
    const taken = new Set(matches.map(({ path }) => path));
    for (const { id, path } of before) if (matched.has(id) && matched.get(id)!.path !== path) leave.run(`\0${id}`, id);
    const used = new Set([...taken, ...before.map(({ path }) => path)]);
    const drop = database.prepare('DELETE FROM images WHERE id = ?');
    const giveWay = database.prepare('UPDATE images SET path = ?, folded = ? WHERE id = ?');
    for (const { id, path, content } of before) {
      if (matched.has(id) || !taken.has(path)) continue;
      // What is missing may come back by its content: it keeps its tags, under a name that nothing else has. A file that failed has none.
      if (content === null) drop.run(id);
      else giveWay.run(...spelled(formerPath(path, id, used)), id);
    }
    const take = database.prepare("UPDATE images SET path = ?, folded = ?, modified = ?, status = 'ok' WHERE id = ?");
    for (const one of before) {
      const match = matched.get(one.id);
      // Most keep their way below the folder and their time: there is nothing to write of them.
      if (!match || (match.path === one.path && match.modified === one.modified && one.status === 'ok')) continue;
      take.run(...spelled(match.path), match.modified, one.id);
    }
    database.prepare('DELETE FROM failures WHERE image_id IN (SELECT id FROM images WHERE folder_id = ? AND status = ?)').run(old.id, 'ok');
    if (other) {
      database.prepare(`UPDATE OR IGNORE images SET folder_id = ? WHERE folder_id = ?`).run(old.id, other.id);
      database.prepare('DELETE FROM folders WHERE id = ?').run(other.id);
    }
    database.prepare('UPDATE folders SET path = ? WHERE id = ?').run(newRoot, old.id);
    // A table of labels that lay in the folder has come along.
    if (old.labels.kind === 'csv' && isBelow(old.labels.file, old.path))
      database.prepare('UPDATE folders SET label_file = ? WHERE id = ?').run(join(newRoot, relative(old.path, old.labels.file)), old.id);
    return (
      database
        .prepare<[number], number>("SELECT count(*) FROM images WHERE folder_id = ? AND status = 'missing' AND content_id IS NOT NULL")
        .pluck()
        .get(old.id) ?? 0
    );
  });
}

/**
 * Lets the root `oldRoot` continue at `newRoot`: files there are matched with its images by size, then by content hash, whatever
 * their names are now; numbers and tags stay, also of what is missing. Nothing changes when no image is found (`not-found`). Throws also
 * `not-writable`, `bad-input` (not a folder, or the one it is at), `cancelled`.
 */
export async function relink(
  library: Library,
  oldRoot: string | number,
  newRoot: string,
  options: RelinkOptions = {},
): Promise<RelinkResult> {
  const old = folderOf(library, oldRoot);
  const root = resolve(newRoot);
  if (findFolder(library, root)?.id === old.id)
    throw new AppError('bad-input', `${root} is where the folder has been all along.`, 'Update it instead; nothing was changed.');
  const images = imagesOf(library, old.id);
  const matches: Match[] = [];
  let [unknown, hashed, found, compared] = [0, 0, 0, 0];
  const [keptName, otherName]: [FoundFile[], FoundFile[]] = [[], []];
  const match = (image: OldImage, path: string, modified: number): void => {
    images.take(image);
    matches.push({ id: image.id, path, modified });
  };
  const compare = async ({ path, size, modified }: FoundFile): Promise<void> => {
    if (!images.hasSize(size)) {
      unknown++;
      return;
    }
    hashed++;
    const hash = await fileHash(nativePath(root, path), options.signal, size).catch(() => undefined);
    if (options.signal?.aborted === true) throw cancelled();
    const image = hash === undefined ? undefined : images.best(path, size, hash);
    if (image) match(image, path, modified);
    else unknown++;
  };
  for await (const entry of walk(root, options.signal)) {
    if (entry.kind !== 'image') continue;
    options.progress?.(++found, 0);
    const { path, size, modified } = entry;
    const likely = images.at(path, size);
    if (likely && options.trustTimes === true && likely.modified === modified) {
      compared++;
      match(likely, path, modified);
    } else (likely ? keptName : otherName).push({ path, size, modified });
  }
  // Files under another name come second, so that they do not take a copy's row from the file that kept its name.
  for (const file of [...keptName, ...otherName]) {
    await compare(file);
    options.progress?.(++compared, found);
  }
  if (options.signal?.aborted === true) throw cancelled();
  if (matches.length === 0)
    throw new AppError(
      'not-found',
      `None of the images of ${old.path} is in ${root}.`,
      'Choose the folder that holds the same files; nothing was changed.',
    );
  const missing = apply(library, old, root, matches);
  return { folder: folderOf(library, old.id), matched: matches.length, missing, unknown, hashed };
}

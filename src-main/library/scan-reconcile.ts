// Last stage of a scan: what the walk did not meet is missing, unless the same content turned up under another name.
import { setImmediate as breathe } from 'node:timers/promises';
import type { Library } from './library.ts';
import { rootVanished } from './scan-state.ts';
import type { ScanState } from './scan-state.ts';
import { rootIdentity } from './walk.ts';

interface Unmet {
  readonly id: number;
  readonly path: string;
}
interface Missing extends Unmet {
  readonly contentId: number;
}
interface Candidate extends Unmet {
  readonly size: number;
  readonly modified: number;
  readonly folded: string | null;
  readonly label: string | null;
  readonly split: string | null;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** True when a folder above the path could not be listed, so that nothing is known about the file. */
export function isHiddenFromUs(path: string, unreadable: { has(folder: string): boolean }): boolean {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) if (unreadable.has(path.slice(0, at))) return true;
  return false;
}

/** Rows looked at, and written, before others get their turn. */
const pieceRows = 5000;
const pieceWrites = 100;

/** The images that the walk should have met and did not. */
async function unmet(state: ScanState): Promise<number[]> {
  const { database } = state.library;
  // By path, as an index has them: in the order of their numbers all rows of the folder would be sorted for each piece.
  const some = database.prepare<[number, string, number, number], Unmet>(
    "SELECT id, path FROM images WHERE folder_id = ? AND path > ? AND +status <> 'missing' AND +scan_id <> ? ORDER BY path LIMIT ?",
  );
  const ids: number[] = [];
  for (let after: string | undefined = ''; after !== undefined;) {
    const rows: readonly Unmet[] = some.all(state.folder.id, after, state.scanId, pieceRows);
    for (const { id, path } of rows) if (!state.seen.has(id) && !isHiddenFromUs(path, state.unreadableFolders)) ids.push(id);
    after = rows.length === pieceRows ? rows.at(-1)?.path : undefined;
    await breathe();
  }
  return ids;
}

async function markMissing({ library, counts }: ScanState, ids: readonly number[]): Promise<void> {
  const set = library.database.prepare<[number]>("UPDATE images SET status = 'missing' WHERE id = ?");
  await inTransactions(library, ids, (id) => void set.run(id));
  counts.missing += ids.length;
}

/**
 * A missing image whose content lies in a file that appeared since the last finished scan takes that file's place: it keeps its
 * number and its tags. Of several such files the one with the same name is preferred. Each piece is a transaction: a scan that is
 * killed in between has adopted some, and the next one goes on.
 */
async function adoptMoved(state: ScanState): Promise<void> {
  const { library } = state;
  const { database } = library;
  const missing = database
    .prepare<[number, number], Missing>(
      `SELECT m.id, m.path, m.content_id AS contentId FROM images m
       WHERE m.folder_id = ? AND m.status = 'missing' AND m.content_id IN (
         SELECT i.content_id FROM images i JOIN scans s ON s.id = i.scan_id
         WHERE s.folder_id = ? AND s.finished_at IS NULL AND i.status = 'ok')
       ORDER BY m.path`,
    )
    .all(state.folder.id, state.folder.id);
  if (missing.length === 0) return;
  const appeared = database.prepare<[number, number], Candidate>(
    `SELECT i.id, i.path, i.folded, i.size, i.modified, i.label, i.split
     FROM images i INDEXED BY images_by_content JOIN scans s ON s.id = i.scan_id
     WHERE i.content_id = ? AND +i.folder_id = ? AND s.finished_at IS NULL AND +i.status = 'ok' ORDER BY +i.path`,
  );
  const keepTags = database.prepare<[number, number]>(
    'INSERT OR IGNORE INTO image_tags SELECT ?, tag_id FROM image_tags WHERE image_id = ?',
  );
  const drop = database.prepare<[number]>('DELETE FROM images WHERE id = ?');
  const take = database.prepare(
    `UPDATE images SET path = @path, folded = @folded, size = @size, modified = @modified, status = 'ok',
       label = @label, split = @split
     WHERE id = @missingId`,
  );
  const candidates = new Map<number, Candidate[]>();
  const adopt = (old: Unmet, candidate: Candidate): void => {
    keepTags.run(old.id, candidate.id);
    drop.run(candidate.id);
    take.run({ ...candidate, missingId: old.id });
    state.counts.moved++;
  };
  const bySameName = (old: Missing): boolean => {
    const same = candidates.get(old.contentId) ?? appeared.all(old.contentId, state.folder.id);
    candidates.set(old.contentId, same);
    const at = same.findIndex((one) => nameOf(one.path) === nameOf(old.path));
    if (at >= 0) adopt(old, ...(same.splice(at, 1) as [Candidate]));
    return at >= 0;
  };
  const left: Missing[] = [];
  await inTransactions(library, missing, (old) => {
    if (!bySameName(old)) left.push(old);
  });
  await inTransactions(library, left, (old) => {
    const candidate = candidates.get(old.contentId)?.shift();
    if (candidate) adopt(old, candidate);
  });
}

/** Writes for each of many rows, some of them in each transaction, and lets others have their turn in between. */
async function inTransactions<T>(library: Library, rows: readonly T[], write: (row: T) => void): Promise<void> {
  for (let from = 0; from < rows.length; from += pieceWrites) {
    library.write(() => rows.slice(from, from + pieceWrites).forEach(write));
    await breathe();
  }
}

/** Throws `not-found` when the root vanished meanwhile: nothing is marked as missing then. */
export async function reconcile(state: ScanState): Promise<void> {
  const now = await rootIdentity(state.folder.path).catch(() => undefined);
  if (now !== state.rootIdentity) throw rootVanished(state.folder.path);
  const ids = await unmet(state);
  await markMissing(state, ids);
  const { missing } = state.counts;
  await adoptMoved(state);
  state.counts.missing = Math.max(0, missing - state.counts.moved);
  state.library.write(() => {
    state.store.replaceFolderFailures(state.unreadableFolders);
    for (const path of state.suspects) state.store.unmark(path);
    state.library.database
      .prepare('UPDATE scans SET finished_at = ?, counts = ? WHERE folder_id = ? AND finished_at IS NULL')
      .run(Date.now(), JSON.stringify(state.counts), state.folder.id);
  });
}

// What a scan reads and writes in the catalogue, one function per statement.
import type { DecodeFailure, FailureReason } from '../images/decoder.ts';
import { foldedText } from './file-names.ts';
import type { Labels, Split } from './labels.ts';
import type { Library } from './library.ts';

/** A file to be hashed and decoded. */
export interface WorkItem {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly modified: number;
  /** The row it has already, if any. */
  readonly imageId: number | null;
}

export interface KnownImage {
  readonly id: number;
  readonly size: number;
  readonly modified: number;
  readonly status: 'ok' | 'failed' | 'missing';
  readonly hash: string | null;
  readonly reason: FailureReason | null;
  readonly message: string | null;
  readonly label: string | null;
  readonly split: Split | null;
}

export interface Content {
  readonly hash: string;
  readonly size: number;
  /** Of the upright original, pixels. */
  readonly width: number;
  readonly height: number;
  readonly format: string;
}

/** A file as the walk saw it. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

export type ScanStore = ReturnType<typeof scanStore>;

const bytes = (hash: string): Buffer => Buffer.from(hash, 'hex');

/** Prepares the statements of one scan of one folder. */
export function scanStore(library: Library, folderId: number, scanId: number) {
  const { database } = library;
  database.exec(`
    DROP TABLE IF EXISTS temp.scan_work;
    CREATE TEMP TABLE scan_work (id INTEGER PRIMARY KEY, path TEXT, size INTEGER, modified REAL, imageId INTEGER);
  `);
  const find = database.prepare<[number, string], KnownImage>(`
    SELECT i.id, i.size, i.modified, i.status, i.label, i.split,
           nullif(lower(hex(c.hash)), '') AS hash, f.reason, f.message
    FROM images i LEFT JOIN contents c ON c.id = i.content_id LEFT JOIN failures f ON f.image_id = i.id
    WHERE i.folder_id = ? AND i.path = ?`);
  const enqueue = database.prepare<[string, number, number, number | null]>(
    'INSERT INTO temp.scan_work (path, size, modified, imageId) VALUES (?, ?, ?, ?)',
  );
  const dequeue = database.prepare<[number, number], WorkItem>('SELECT * FROM temp.scan_work WHERE id > ? ORDER BY id LIMIT ?');
  const sizeKnown = database
    .prepare<[number, number], number>(
      'SELECT EXISTS (SELECT 1 FROM contents WHERE size = ?) OR EXISTS (SELECT 1 FROM quarantine WHERE size = ?)',
    )
    .pluck();
  const contentId = database.prepare<[Buffer], number>('SELECT id FROM contents WHERE hash = ?').pluck();
  const putContent = database
    .prepare<[Buffer, number, number, number, string], number>(
      `INSERT INTO contents (hash, size, width, height, format) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET size = excluded.size, width = excluded.width, height = excluded.height,
         format = excluded.format
       RETURNING id`,
    )
    .pluck();
  const putImage = database
    .prepare<[number, string, string | null, number, number, number | null, string, string | null, string | null, number], number>(
      `INSERT INTO images (folder_id, path, folded, size, modified, content_id, status, label, split, scan_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (folder_id, path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
         content_id = excluded.content_id, status = excluded.status,
         label = excluded.label, split = excluded.split
       RETURNING id`,
    )
    .pluck();
  const setUnreadable = database.prepare<[number]>("UPDATE images SET status = 'failed' WHERE id = ?");
  const dropFailure = database.prepare<[number]>('DELETE FROM failures WHERE image_id = ?');
  const putFailure = database.prepare<[number, string, string, number]>(
    'INSERT OR REPLACE INTO failures (image_id, reason, message, failed_at) VALUES (?, ?, ?, ?)',
  );
  const setLabels = database.prepare<[string | null, string | null, number]>('UPDATE images SET label = ?, split = ? WHERE id = ?');
  const setStatus = database.prepare<[string, number]>('UPDATE images SET status = ? WHERE id = ?');
  const putQuarantine = database.prepare<[Buffer, number, string, string, number]>(
    'INSERT OR REPLACE INTO quarantine (hash, size, reason, message, since) VALUES (?, ?, ?, ?, ?)',
  );
  const getQuarantine = database.prepare<[Buffer], DecodeFailure>('SELECT reason, message FROM quarantine WHERE hash = ?');
  const mark = database.prepare<[number, string, number]>(
    `INSERT INTO in_flight (folder_id, path, attempts, since) VALUES (?, ?, 1, ?)
     ON CONFLICT (folder_id, path) DO UPDATE SET attempts = attempts + 1, since = excluded.since`,
  );
  const unmark = database.prepare<[number, string]>('DELETE FROM in_flight WHERE folder_id = ? AND path = ?');
  const marks = database.prepare<[number], { path: string; attempts: number }>('SELECT path, attempts FROM in_flight WHERE folder_id = ?');
  const dropFolderFailures = database.prepare<[number]>('DELETE FROM folder_failures WHERE folder_id = ?');
  const putFolderFailure = database.prepare<[number, string, string, string, number]>(
    'INSERT OR REPLACE INTO folder_failures (folder_id, path, reason, message, failed_at) VALUES (?, ?, ?, ?, ?)',
  );
  const folded = (path: string): string | null => {
    const text = foldedText(path);
    return text === path ? null : text;
  };
  const upsert = (file: FileFacts, content: number | null, status: 'ok' | 'failed', labels: Labels): number =>
    putImage.get(folderId, file.path, folded(file.path), file.size, file.modified, content, status, labels.label, labels.split, scanId) ??
    0;

  return {
    find: (path: string): KnownImage | undefined => find.get(folderId, path),
    enqueue: (file: FileFacts, imageId: number | null): void => {
      enqueue.run(file.path, file.size, file.modified, imageId);
    },
    dequeue: (after: number, count: number): WorkItem[] => dequeue.all(after, count),
    /** True when a content or a quarantined file of this many bytes is known, so that hashing first may save a decode. */
    sizeKnown: (size: number): boolean => sizeKnown.get(size, size) === 1,
    contentKnown: (hash: string): boolean => contentId.get(bytes(hash)) !== undefined,
    saveNew: (file: FileFacts, content: Content, labels: Labels): void => {
      const id = putContent.get(bytes(content.hash), content.size, content.width, content.height, content.format) ?? 0;
      dropFailure.run(upsert(file, id, 'ok', labels));
    },
    saveKnown: (file: FileFacts, hash: string, labels: Labels): void => {
      dropFailure.run(upsert(file, contentId.get(bytes(hash)) ?? null, 'ok', labels));
    },
    saveFailure: (file: FileFacts, failure: DecodeFailure, labels: Labels): void => {
      putFailure.run(upsert(file, null, 'failed', labels), failure.reason, failure.message, Date.now());
    },
    /** A known image that cannot be read now keeps its content and what it was like, for when it can. */
    saveUnreadable: (imageId: number, message: string): void => {
      setUnreadable.run(imageId);
      putFailure.run(imageId, 'unreadable', message, Date.now());
    },
    setLabels: (imageId: number, labels: Labels): void => {
      setLabels.run(labels.label, labels.split, imageId);
    },
    setStatus: (imageId: number, status: 'ok' | 'failed'): void => {
      setStatus.run(status, imageId);
    },
    quarantine: (hash: string, size: number, failure: DecodeFailure): void => {
      putQuarantine.run(bytes(hash), size, failure.reason, failure.message, Date.now());
    },
    quarantined: (hash: string): DecodeFailure | undefined => getQuarantine.get(bytes(hash)),
    mark: (path: string): void => {
      mark.run(folderId, path, Date.now());
    },
    unmark: (path: string): void => {
      unmark.run(folderId, path);
    },
    marks: (): { path: string; attempts: number }[] => marks.all(folderId),
    replaceFolderFailures: (failures: ReadonlyMap<string, string>): void => {
      dropFolderFailures.run(folderId);
      for (const [path, message] of failures) putFolderFailure.run(folderId, path, 'unreadable', message, Date.now());
    },
  };
}

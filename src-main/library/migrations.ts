// The catalogue's tables, as numbered steps. A step that was released is never edited: a change is a new step.
// `user_version` says which step a file has reached.
import type { Database } from 'better-sqlite3';

export interface Migration {
  readonly version: number;
  readonly sql: string;
  /** It changes what is in the tables, not the tables: who only reads need not wait for it. */
  readonly keepsTables?: true;
}

/*
 * `contents` is one row per distinct file content: images that are copies share it, and embeddings (kept elsewhere) are keyed by
 * its hash, so neither a rename nor a relink touches them. `images` pages by (folder, path) in every filter's index; its
 * `label_by_hand` is 0 in every catalogue and read by nobody: nobody was ever offered to give labels, and a step that takes the column
 * away would write millions of rows anew for nothing.
 */
const first = `
  CREATE TABLE folders (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    label_kind TEXT NOT NULL CHECK (label_kind IN ('folders', 'csv', 'off')),
    label_file TEXT,
    added_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE scans (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    counts TEXT
  ) STRICT;
  CREATE INDEX scans_by_folder ON scans (folder_id, finished_at);

  CREATE TABLE contents (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL
  ) STRICT;
  CREATE INDEX contents_by_size ON contents (size);

  CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    folded TEXT,
    size INTEGER NOT NULL,
    modified REAL NOT NULL,
    content_id INTEGER REFERENCES contents (id),
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'missing')),
    label TEXT,
    split TEXT CHECK (split IN ('train', 'val', 'test')),
    label_by_hand INTEGER NOT NULL DEFAULT 0 CHECK (label_by_hand IN (0, 1)),
    scan_id INTEGER NOT NULL,
    CHECK (status <> 'ok' OR content_id IS NOT NULL),
    UNIQUE (folder_id, path)
  ) STRICT;
  CREATE INDEX images_by_content ON images (content_id);
  CREATE INDEX images_by_status ON images (folder_id, status, path);
  CREATE INDEX images_by_label ON images (folder_id, label, path);
  CREATE INDEX images_by_split ON images (folder_id, split, path);
  CREATE INDEX images_by_scan ON images (scan_id);

  CREATE TABLE failures (
    image_id INTEGER PRIMARY KEY REFERENCES images (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    failed_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE folder_failures (
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    failed_at INTEGER NOT NULL,
    PRIMARY KEY (folder_id, path)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE quarantine (
    hash BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX quarantine_by_size ON quarantine (size);

  CREATE TABLE in_flight (
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (folder_id, path)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE image_tags (
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (image_id, tag_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_tags_by_tag ON image_tags (tag_id, image_id);

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/*
 * Before, decoders kept what libheif took of every HEIC until it had no memory left, and called the photos that came then damaged, or
 * crashed on them; and a drive that failed for a moment made its files damaged. Without their failures they are read again in the next
 * scan. The quarantine knows no paths: sizes say which of its entries may be of such photos.
 */
const secondChance = `
  DELETE FROM quarantine WHERE reason = 'crashed-the-decoder'
    AND size IN (SELECT size FROM images WHERE path LIKE '%.heic' OR path LIKE '%.heif');
  DELETE FROM failures WHERE reason IN ('damaged', 'crashed-the-decoder')
    AND image_id IN (
      SELECT i.id FROM failures f JOIN images i ON i.id = f.image_id WHERE i.path LIKE '%.heic' OR i.path LIKE '%.heif'
    );
  DELETE FROM failures WHERE reason = 'damaged' AND message GLOB 'The file is damaged: E[A-Z]*: *';
`;

/*
 * Before, a minute in which a drive handed out nothing was held against the file: good ones were left alone for good. Each has one more try.
 */
const stalledDrives = `
  DELETE FROM quarantine WHERE reason = 'too-slow';
  DELETE FROM failures WHERE reason = 'too-slow';
`;

/*
 * Before, TIFFs of floating-point, 32-bit or signed numbers were black, near infrared was taken for opacity, and what had further bands was
 * called damaged. Nothing tells which of the TIFFs that are known are such: all are decoded once more. Their pictures and vectors are not in
 * the catalogue, which only says what is to be forgotten (src-main/engine/folders/forget-changed.ts).
 */
const tiffsAgain = `
  INSERT OR REPLACE INTO settings (key, value)
    SELECT 'decode-again', 'tiff' WHERE EXISTS (SELECT 1 FROM contents WHERE format = 'tiff');
  DELETE FROM failures WHERE reason = 'damaged'
    AND image_id IN (SELECT id FROM images WHERE path LIKE '%.tif' OR path LIKE '%.tiff');
`;

/*
 * Before, what a TIFF says stands where nothing is known (GDAL_NODATA) was a value like others and often all of its range. Nothing tells which
 * of the TIFFs that are known say it.
 */
const noDataAgain = `
  INSERT OR REPLACE INTO settings (key, value)
    SELECT 'decode-again', 'tiff' WHERE EXISTS (SELECT 1 FROM contents WHERE format = 'tiff');
`;

export const migrations: readonly Migration[] = [
  { version: 1, sql: first },
  { version: 2, sql: secondChance, keepsTables: true },
  { version: 3, sql: stalledDrives, keepsTables: true },
  { version: 4, sql: tiffsAgain, keepsTables: true },
  { version: 5, sql: noDataAgain, keepsTables: true },
];

/** The step a database has reached; 0 for an empty file. */
export const versionOf = (database: Database): number => Number(database.pragma('user_version', { simple: true }));

/**
 * Applies the steps that are missing, each in a transaction of its own, so that a failing or killed step leaves the file at the one
 * before. Foreign keys are checked at the end of each step instead of row by row, which lets a step rebuild a table.
 */
export function migrate(database: Database, steps: readonly Migration[] = migrations): void {
  database.pragma('foreign_keys = OFF');
  try {
    for (const { version, sql } of steps) {
      if (version <= versionOf(database)) continue;
      database
        .transaction(() => {
          database.exec(sql);
          const broken = database.pragma('foreign_key_check');
          if (Array.isArray(broken) && broken.length > 0)
            throw new Error(`Step ${version} of the catalogue leaves ${broken.length} rows without their parent.`);
          database.pragma(`user_version = ${version}`);
        })
        .immediate();
    }
  } finally {
    database.pragma('foreign_keys = ON');
  }
}

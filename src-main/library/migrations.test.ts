// What later steps of the catalogue do to what is in it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { migrate, migrations, versionOf } from './migrations.ts';

/** Failed images of a catalogue as its first step left it: path, size, reason, message. */
const failed = [
  ['IMG_1.HEIC', 101, 'crashed-the-decoder', 'The decoder crashed on this file; it is left alone until it changes.'],
  ['a/photo.heif', 102, 'damaged', 'The file is damaged: HEIF image not found.'],
  ['a/slow.heic', 103, 'too-slow', 'Decoding took longer than 120 seconds.'],
  ['crash.jpg', 104, 'crashed-the-decoder', 'The decoder crashed on this file; it is left alone until it changes.'],
  ['bad.jpg', 105, 'damaged', 'The file is damaged: VipsJpeg: Corrupt JPEG data.'],
  ['drive.jpg', 106, 'damaged', 'The file is damaged: EIO: i/o error, read.'],
  ['words.png', 107, 'damaged', 'The file is damaged: Error: no such thing.'],
  ['heic.jpg', 108, 'damaged', 'The file is damaged: bad Huffman code.'],
  ['drone/bands.TIF', 109, 'damaged', 'The file is damaged: linear: vector must have 1 or 4 elements.'],
  ['cut.tiff', 110, 'truncated', 'The file ends before its image does.'],
] as const;

/** A catalogue that has reached step `version`, with the failed images in it. */
function catalogueOf(version: number): Sqlite.Database {
  const database = new Sqlite(':memory:');
  migrate(database, migrations.slice(0, version));
  database.exec("INSERT INTO folders (id, path, label_kind, added_at) VALUES (1, '/photos', 'off', 0)");
  const image = database.prepare(
    "INSERT INTO images (id, folder_id, path, size, modified, status, scan_id) VALUES (?, 1, ?, ?, 0, 'failed', 1)",
  );
  const failure = database.prepare('INSERT INTO failures (image_id, reason, message, failed_at) VALUES (?, ?, ?, 0)');
  const quarantine = database.prepare('INSERT INTO quarantine (hash, size, reason, message, since) VALUES (?, ?, ?, ?, 0)');
  for (const [path, size, reason, message] of failed) {
    image.run(size, path, size);
    failure.run(size, reason, message);
    if (reason === 'too-slow' || reason === 'crashed-the-decoder') quarantine.run(Buffer.alloc(32, size), size, reason, message);
  }
  return database;
}

const failuresIn = (database: Sqlite.Database): unknown[] =>
  database.prepare('SELECT path FROM images i JOIN failures f ON f.image_id = i.id ORDER BY i.id').pluck().all();
const quarantineIn = (database: Sqlite.Database): unknown[] => database.prepare('SELECT size FROM quarantine ORDER BY size').pluck().all();

it('has photos read again that a decoder without memory, or a drive, made bad ones', () => {
  const database = catalogueOf(1);
  try {
    migrate(database, migrations.slice(0, 2));
    expect(versionOf(database)).toBe(2);
    expect(failuresIn(database)).toEqual(['a/slow.heic', 'crash.jpg', 'bad.jpg', 'words.png', 'heic.jpg', 'drone/bands.TIF', 'cut.tiff']);
    expect(quarantineIn(database)).toEqual([103, 104]);
    // No image is lost by it: the next scan finds each without a reason to leave it alone.
    expect(database.prepare('SELECT count(*) FROM images').pluck().get()).toBe(failed.length);
  } finally {
    database.close();
  }
});

it('has files read again that may have been too slow because of their drive', () => {
  const database = catalogueOf(2);
  try {
    migrate(database, migrations.slice(0, 3));
    expect(failuresIn(database)).toEqual(failed.map(([path]) => path).filter((path) => path !== 'a/slow.heic'));
    expect(quarantineIn(database)).toEqual([101, 104]);
  } finally {
    database.close();
  }
});

it.each([
  ['tiff', 'tiff'],
  ['jpeg', undefined],
])('has TIFFs decoded again where there are any: of %s', (format, note) => {
  const database = catalogueOf(3);
  try {
    database.exec(`INSERT INTO contents (hash, size, width, height, format) VALUES (x'00', 1, 2, 3, '${format}')`);
    migrate(database, migrations.slice(0, 4));
    expect(failuresIn(database)).toEqual(failed.map(([path]) => path).filter((path) => path !== 'drone/bands.TIF'));
    expect(database.prepare("SELECT value FROM settings WHERE key = 'decode-again'").pluck().get()).toBe(note);
  } finally {
    database.close();
  }
});

it.each([
  ['tiff', 'tiff'],
  ['jpeg', undefined],
])('has TIFFs decoded again that may say what is not known: of %s', (format, note) => {
  const database = catalogueOf(4);
  try {
    database.exec(`INSERT INTO contents (hash, size, width, height, format) VALUES (x'00', 1, 2, 3, '${format}')`);
    migrate(database, migrations.slice(0, 5));
    expect(database.prepare("SELECT value FROM settings WHERE key = 'decode-again'").pluck().get()).toBe(note);
    expect(failuresIn(database)).toEqual(failed.map(([path]) => path));
  } finally {
    database.close();
  }
});

it('lets a library of an earlier version be read as it is where its tables are the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-migrations-'));
  const file = join(folder, 'catalogue.sqlite');
  try {
    openDatabase(file, 'write', migrations.slice(0, 1)).close();
    const read = openDatabase(file, 'read');
    expect([versionOf(read), read.prepare('SELECT count(*) FROM images').pluck().get()]).toEqual([1, 0]);
    read.close();
    const other = [...migrations, { version: migrations.length + 1, sql: 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT' }];
    expect(() => openDatabase(file, 'read', other)).toThrow('written by an older version');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

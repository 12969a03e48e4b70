import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { addTag, removeTag, tags, tagsOf } from './annotations.ts';
import { countImages, countsBy, images, requireImages } from './catalogue.ts';
import { openDatabase } from './database.ts';
import { addFolder, folderOf, folders, removeFolder } from './folders.ts';
import { openLibrary } from './library.ts';
import { migrate, migrations, versionOf } from './migrations.ts';
import { Place } from './testing/scan-fixtures.ts';

let root = '';
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'catalogue-'))));
afterEach(() => rmSync(root, { recursive: true }));

const file = (): string => join(root, 'catalogue.sqlite');
const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('writing to a library', () => {
  it('is for one process at a time; others may read, and a killed one leaves no lock', async () => {
    const script = join(import.meta.dirname, 'testing/hold-library.ts');
    const child = spawn(process.execPath, [...nodeArguments, script, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(() => openLibrary(root)).toThrow(
      expect.objectContaining({ code: 'locked', message: expect.stringContaining(`process ${child.pid}`) as string }),
    );
    const reader = openLibrary(root, 'read');
    expect(folders(reader)).toEqual([]);
    expect(() => addFolder(reader, root)).toThrow(code('locked'));
    reader.dispose();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const library = openLibrary(root);
    addFolder(library, root);
    expect(() => openLibrary(root)).toThrow(code('locked'));
    library.dispose();
    library.dispose();
    openLibrary(root).dispose();
  });

  it('is seen by a reader that was there before', () => {
    const writer = openLibrary(root);
    const reader = openLibrary(root, 'read');
    addFolder(writer, join(root, 'photos'));
    expect(folders(reader).map(({ path }) => path)).toEqual([join(root, 'photos')]);
    reader.dispose();
    writer.dispose();
  });
});

describe('the catalogue file', () => {
  const latest = migrations.at(-1)!.version;
  const later = [...migrations, { version: latest + 1, sql: 'ALTER TABLE images ADD COLUMN stars INTEGER NOT NULL DEFAULT 3' }];

  it('of an earlier version is brought up to date, with a copy of what it was', () => {
    const old = openLibrary(root);
    addFolder(old, join(root, 'photos'));
    old.dispose();
    expect(() => openDatabase(file(), 'read', later)).toThrow(code('unsupported'));
    const database = openDatabase(file(), 'write', later);
    expect(versionOf(database)).toBe(latest + 1);
    expect(database.prepare('SELECT path FROM folders').pluck().all()).toEqual([join(root, 'photos')]);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(database.prepare('SELECT count(stars) FROM images').pluck().get()).toBe(0);
    database.close();
    const copy = new Sqlite(join(root, `catalogue.v${latest}.sqlite`), { readonly: true });
    expect(copy.pragma('user_version', { simple: true })).toBe(latest);
    expect(copy.prepare('SELECT count(*) FROM folders').pluck().get()).toBe(1);
    copy.close();
  });

  it('of a newer version is refused and left alone', () => {
    openLibrary(root).dispose();
    openDatabase(file(), 'write', later).close();
    const before = readFileSync(file());
    expect(() => openLibrary(root)).toThrow(code('unsupported'));
    expect(() => openLibrary(root, 'read')).toThrow(code('unsupported'));
    expect(readFileSync(file()).equals(before)).toBe(true);
    openDatabase(file(), 'write', later).close();
  });

  it('stays at its version when a step fails or leaves rows without their parent', () => {
    const library = openLibrary(root);
    addFolder(library, join(root, 'photos'));
    library.database.prepare('INSERT INTO scans (folder_id, started_at) VALUES (1, 0)').run();
    library.dispose();
    for (const sql of ['CREATE TABLE half (id); SELECT nonsense', 'CREATE TABLE half (id); DELETE FROM folders'])
      expect(() => openDatabase(file(), 'write', [...migrations, { version: latest + 1, sql }])).toThrow();
    const database = openDatabase(file(), 'write');
    expect(versionOf(database)).toBe(latest);
    expect(database.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").pluck().get()).toBe(0);
    expect(database.prepare('SELECT count(*) FROM folders').pluck().get()).toBe(1);
    migrate(database);
    database.close();
  });

  it('that is damaged, cut, or not ours is said to be, and nothing is done to it', () => {
    openLibrary(root).dispose();
    const whole = readFileSync(file());
    writeFileSync(file(), 'This is no database at all, but a text of some length.'.repeat(100));
    // Tags are all that a person gave and no scan finds again.
    expect(() => openLibrary(root)).toThrow(
      expect.objectContaining({ code: 'bad-file', hint: expect.stringContaining('not in it, only tags are') as string }),
    );
    writeFileSync(file(), whole);
    truncateSync(file(), Math.floor(whole.length / 2));
    expect(() => openLibrary(root)).toThrow(code('bad-file'));
    rmSync(file());
    const other = new Sqlite(file());
    other.exec('CREATE TABLE songs (title)');
    other.close();
    expect(() => openLibrary(root)).toThrow(
      expect.objectContaining({ code: 'bad-file', message: expect.stringContaining('another program') as string }),
    );
    rmSync(file());
    writeFileSync(file(), whole);
    openLibrary(root).dispose();
    expect(existsSync(join(root, 'catalogue.v1.sqlite'))).toBe(false);
  });

  it('that is not there is made for writing and missed for reading', () => {
    expect(() => openLibrary(join(root, 'none'), 'read')).toThrow(code('not-found'));
    openLibrary(join(root, 'a/b')).dispose();
    openLibrary(join(root, 'a/b'), 'read').dispose();
  });

  it('can be copied while nobody writes: everything is in one file', () => {
    const library = openLibrary(root);
    addFolder(library, join(root, 'photos'));
    library.dispose();
    expect(readdirSync(root).filter((name) => name.startsWith('catalogue'))).toEqual(['catalogue.sqlite']);
    copyFileSync(file(), join(root, 'copy.sqlite'));
    const copy = new Sqlite(join(root, 'copy.sqlite'), { readonly: true });
    expect(copy.prepare('SELECT path FROM folders').pluck().get()).toBe(join(root, 'photos'));
    copy.close();
  });
});

describe('the catalogue', () => {
  it('pages, filters, counts and keeps what a person said', async () => {
    const place = new Place();
    try {
      await place.put({ 'cat/1.png': 1, 'cat/2.png': 2, 'dog/3.png': 3, 'dog/Été.png': 4, 'none.png': 5, 'bad.png': '' });
      await place.scan();
      const { library } = place;
      const all = place.rows();
      expect(all.map(({ path }) => path)).toEqual(['bad.png', 'cat/1.png', 'cat/2.png', 'dog/3.png', 'dog/Été.png', 'none.png']);
      const second = images(library, {}, { limit: 2, offset: 2 });
      const after = images(library, {}, { limit: 2, after: all[1]! });
      expect([second, after]).toEqual([all.slice(2, 4), all.slice(2, 4)]);
      expect(images(library, { label: 'cat' }).length).toBe(2);
      expect(images(library, { label: null, status: 'ok' }).map(({ path }) => path)).toEqual(['none.png']);
      expect(images(library, { search: 'éTé' }).map(({ path }) => path)).toEqual(['dog/Été.png']);
      expect(countImages(library, { status: 'failed', root: place.photos })).toBe(1);
      expect(countsBy(library, 'label', { status: 'ok' })).toEqual([
        { value: 'cat', images: 2 },
        { value: 'dog', images: 2 },
        { value: null, images: 1 },
      ]);
      addTag(library, [all[1]!.id, all[2]!.id], '  best ');
      removeTag(library, [all[1]!.id], 'best');
      expect(tags(library)).toEqual([{ name: 'best', images: 1 }]);
      expect(images(library, { tag: 'best' }).map(({ path }) => path)).toEqual(['cat/2.png']);
      expect(() => addTag(library, [1], ' ')).toThrow(code('bad-input'));
      removeTag(library, [all[2]!.id], 'best');
      expect(tags(library)).toEqual([]);
      expect(tagsOf(library, all[2]!.id)).toEqual([]);
      removeFolder(library, place.photos);
      expect(countImages(library)).toBe(0);
      expect(() => folderOf(library, place.photos)).toThrow(code('not-found'));
      expect(() => requireImages(library, place.photos)).toThrow(code('not-found'));
      expect((await place.scan()).counts).toMatchObject({ found: 6, reused: 5, failed: 1 });
    } finally {
      place.dispose();
    }
  });
});

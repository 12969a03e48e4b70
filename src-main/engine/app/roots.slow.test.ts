import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listFolder } from './folders/folder-listing.ts';
import { Roots } from './roots.ts';

vi.mock('node:fs/promises', { spy: true });

let place = '';
let roots = new Roots(undefined, () => []);
const at = (...parts: readonly string[]): string => join(place, ...parts);
const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

beforeEach(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'roots-')));
  for (const folder of ['data/photos/cats', 'data10', 'private/keys', 'known', 'data/.hidden']) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at('private/secret.jpg'), '');
  roots = new Roots([at('data')], () => [at('known')]);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

describe('a page of the browser face', () => {
  it('may name what lies in the given folders, whether it is there or not', async () => {
    for (const path of ['data', 'data/photos', 'data/photos/../photos', 'data/new/export', 'data/..data'])
      expect(await roots.writable(at(path))).toBe(join(place, path));
    expect(await roots.readable(`${at('data')}/`)).toBe(at('data'));
  });

  it('may read, and not write, what is in the catalogue wherever it lies', async () => {
    expect(await roots.readable(at('known/cat.jpg'))).toBe(at('known/cat.jpg'));
    await expect(roots.writable(at('known/cat.jpg'))).rejects.toEqual(code('not-allowed'));
  });

  it('may have the program write in a place of its own, and not read there', async () => {
    const own = new Roots([at('data')], () => [at('known')], [at('home/exports')]);
    expect(await own.writable(at('home/exports/run'))).toBe(at('home/exports/run'));
    for (const path of ['home', 'home/exports10', 'home/exports/../runs', 'known'])
      await expect(own.writable(at(path)), path).rejects.toEqual(code('not-allowed'));
    await expect(own.readable(at('home/exports/run'))).rejects.toEqual(code('not-allowed'));
  });

  it('waits for no folder of the catalogue, which may be on a server that is gone, where a given one holds the path', async () => {
    const away = new Roots([at('data')], () => {
      throw new Error('asked for the catalogue');
    });
    expect(await away.readable(at('data/photos'))).toBe(at('data/photos'));
  });

  it('asks a folder that does not answer once, however many wait for it', async () => {
    const { realpath } = await vi.importActual<typeof fsPromises>('node:fs/promises');
    const asked = vi
      .mocked(fsPromises.realpath)
      .mockImplementation((async (path: string) =>
        path === '/away' ? new Promise(() => {}) : realpath(path)) as typeof fsPromises.realpath);
    const away = new Roots([at('data')], () => ['/away']);
    const reads = [away.readable(at('private')), away.readable(at('private/keys'))];
    for (const { status } of await Promise.allSettled(reads)) expect(status).toBe('rejected');
    expect(asked.mock.calls.filter(([path]) => path === '/away')).toHaveLength(1);
    asked.mockRestore();
  });

  it.each(['', 'private', 'data/../private', 'data10', 'data/photos/../../private/secret.jpg', 'not-there', 'private/not-there'])(
    'may not name %j beside them, and learns nothing about it',
    async (path) => {
      await expect(roots.readable(`${place}/${path}`)).rejects.toEqual(code('not-allowed'));
      await expect(roots.writable(`${place}/${path}`)).rejects.toEqual(code('not-allowed'));
    },
  );

  it.skipIf(process.platform === 'win32')('cannot leave them through a link, to a folder, a file, or something to be made', async () => {
    symlinkSync(at('private'), at('data/link'));
    symlinkSync(at('private/not-yet'), at('data/dangling'));
    symlinkSync(at('data/photos'), at('data/inside'));
    for (const path of ['data/link', 'data/link/secret.jpg', 'data/link/new', 'data/dangling', 'data/dangling/new'])
      await expect(roots.writable(at(path)), path).rejects.toEqual(code('not-allowed'));
    expect(await roots.writable(at('data/inside/new'))).toBe(at('data/inside/new'));
  });

  it.each(['photos', './data', '', '/data\0/etc', '~'])('gets %j back as no whole path', async (path) => {
    await expect(roots.readable(path)).rejects.toEqual(code('bad-input'));
  });

  it('sees the given folders first, then what is in them, and no way up from there', async () => {
    writeFileSync(at('data/photos/b.jpg'), '');
    writeFileSync(at('data/photos/a.txt'), '');
    mkdirSync(at('data/photos/10'));
    mkdirSync(at('data/photos/9'));
    symlinkSync(at('private'), at('data/photos/out'));
    symlinkSync(at('data10'), at('data/photos/dogs'));
    symlinkSync(at('data'), at('data/photos/up'));
    expect(await listFolder(roots, undefined)).toEqual({
      path: '',
      parent: undefined,
      folders: [{ name: at('data'), path: at('data') }],
      files: [],
      images: 0,
    });
    const root = await listFolder(roots, at('data'));
    expect(root).toMatchObject({ parent: undefined, folders: [{ name: 'photos', path: at('data/photos') }], images: 0 });
    const inside = await listFolder(roots, at('data/photos'));
    expect(inside).toMatchObject({ parent: at('data'), images: 1 });
    expect(inside.folders.map(({ name }) => name)).toEqual(['9', '10', 'cats', 'up']);
    await expect(listFolder(roots, at('private'))).rejects.toEqual(code('not-allowed'));
    await expect(listFolder(roots, at('data/none'))).rejects.toEqual(code('not-found'));
    await expect(listFolder(roots, at('data/photos/b.jpg'))).rejects.toEqual(code('bad-input'));
  });
});

describe('files to choose', () => {
  it('are those of the kind that was asked for, by name, and none that a link takes from elsewhere', async () => {
    for (const name of ['labels 10.csv', 'labels 9.CSV', 'a.jpg', '.hidden.csv']) writeFileSync(at('data', name), '');
    writeFileSync(at('private/keys.csv'), '');
    symlinkSync(at('private/keys.csv'), at('data/keys.csv'));
    symlinkSync(at('data/labels 10.csv'), at('data/same.csv'));
    mkdirSync(at('data/folder.csv'));
    const listing = await listFolder(roots, at('data'), 'csv');
    expect(listing.files).toEqual(['labels 9.CSV', 'labels 10.csv', 'same.csv'].map((name) => ({ name, path: at('data', name) })));
    expect(listing).toMatchObject({ images: 1, folders: [{ name: 'folder.csv' }, { name: 'photos' }] });
    expect((await listFolder(roots, at('data'))).files).toEqual([]);
    writeFileSync(at('data/vit.pth.tar'), '');
    expect((await listFolder(roots, at('data'), 'weights')).files.map(({ name }) => name)).toEqual(['vit.pth.tar']);
    await expect(listFolder(roots, at('private'), 'csv')).rejects.toEqual(code('not-allowed'));
  });
});

describe('the window', () => {
  it('may name every whole path, and begins at the home of the person', async () => {
    const all = new Roots(undefined, () => []);
    expect(await all.writable(at('private'))).toBe(at('private'));
    await expect(all.readable('photos')).rejects.toEqual(code('bad-input'));
    expect((await listFolder(all, undefined)).folders.length).toBeGreaterThan(1);
    expect((await listFolder(all, at('private'))).parent).toBe(place);
  });
});

import { once } from 'node:events';
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameText } from './file-names.ts';
import { rootIdentity, walk } from './walk.ts';
import type { WalkEntry } from './walk.ts';

let root = '';
let outside = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'walk-'));
  outside = mkdtempSync(join(tmpdir(), 'walk-outside-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
  rmSync(outside, { recursive: true });
});

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), path);
  }
}
async function entries(within?: readonly string[]): Promise<WalkEntry[]> {
  const all: WalkEntry[] = [];
  for await (const entry of walk(root, undefined, within)) all.push(entry);
  return all;
}
const listed = async (within?: readonly string[]): Promise<string[]> => (await entries(within)).map(({ kind, path }) => `${kind} ${path}`);
const isLinux = process.platform === 'linux';

describe('walk', () => {
  it('lists nested folders in order, with size and time, and tells what is no image', async () => {
    put('b.jpg', 'a.txt', 'c/2.png', 'c/1.png', 'c/d/e/f/3.webp', 'B/4.CR2', '.git/5.jpg', '__MACOSX/6.jpg', '._b.jpg');
    expect(await listed()).toEqual([
      'not-an-image a.txt',
      'image b.jpg',
      'unsupported B/4.CR2',
      'image c/1.png',
      'image c/2.png',
      'image c/d/e/f/3.webp',
    ]);
    const found = (await entries())[1]!;
    const { size, mtimeMs } = statSync(join(root, 'b.jpg'));
    expect(found).toEqual({ kind: 'image', path: 'b.jpg', size, modified: mtimeMs });
  });

  it('lists nothing in an empty folder', async () => {
    mkdirSync(join(root, 'empty/deeper'), { recursive: true });
    expect(await listed()).toEqual([]);
  });

  it('follows links to files and to folders outside, and no loop', async () => {
    put('a/1.jpg');
    writeFileSync(join(outside, '2.jpg'), 'x');
    mkdirSync(join(outside, 'deep'));
    writeFileSync(join(outside, 'deep/3.jpg'), 'x');
    symlinkSync(join(root, 'a/1.jpg'), join(root, 'link.jpg'));
    symlinkSync('.', join(root, 'self'));
    symlinkSync('..', join(root, 'a/up'));
    symlinkSync(join(root, 'a'), join(root, 'again'));
    symlinkSync(outside, join(root, 'a/out'));
    symlinkSync(outside, join(root, 'out-again'));
    symlinkSync(root, join(outside, 'back'));
    symlinkSync(join(root, 'loop-b'), join(root, 'loop-a'));
    symlinkSync(join(root, 'loop-a'), join(root, 'loop-b'));
    symlinkSync(join(root, 'loop.jpg'), join(root, 'loop.jpg'));
    symlinkSync(join(root, 'nothing'), join(root, 'dead.jpg'));
    expect(await listed()).toEqual([
      'unreadable-file dead.jpg',
      'image link.jpg',
      'not-an-image loop-a',
      'not-an-image loop-b',
      'unreadable-file loop.jpg',
      'image a/1.jpg',
      'image a/out/2.jpg',
      'image a/out/deep/3.jpg',
    ]);
  });

  it('does not follow a link to a folder above the root, which holds more than the root', async () => {
    const album = join(outside, 'photos/album');
    mkdirSync(album, { recursive: true });
    for (const path of ['photos/album/1.jpg', 'photos/beside.jpg', 'above.jpg']) writeFileSync(join(outside, path), '');
    symlinkSync('..', join(album, 'up'));
    symlinkSync(outside, join(album, 'further-up'));
    const found: string[] = [];
    for await (const { path } of walk(album)) found.push(path);
    expect(found).toEqual(['1.jpg']);
  });

  it.skipIf(process.platform === 'win32')('follows no link out of the folders that may be used, and says so', async () => {
    put('a/1.jpg');
    for (const folder of ['private', 'shared']) {
      mkdirSync(join(outside, folder));
      writeFileSync(join(outside, folder, 'x.jpg'), '');
    }
    symlinkSync(join(root, 'a/1.jpg'), join(root, 'inside.jpg'));
    symlinkSync(join(outside, 'private'), join(root, 'out'));
    symlinkSync(join(outside, 'private/x.jpg'), join(root, 'out.jpg'));
    symlinkSync(join(outside, 'private/x.jpg'), join(root, 'out.txt'));
    symlinkSync(join(outside, 'shared'), join(root, 'shared'));
    symlinkSync(join(outside, 'private'), join(outside, 'shared/out'));
    expect((await listed([join(outside, 'shared')])).toSorted()).toEqual([
      'image a/1.jpg',
      'image inside.jpg',
      'image shared/x.jpg',
      'not-an-image out.txt',
      'unreadable-file out.jpg',
      'unreadable-folder out',
      'unreadable-folder shared/out',
    ]);
    const all = await entries([]);
    expect(all.find(({ path }) => path === 'out')).toMatchObject({ message: expect.stringContaining('leads out') as string });
    expect(all.filter(({ kind }) => kind === 'image').map(({ path }) => path)).toEqual(['inside.jpg', 'a/1.jpg']);
  });

  it('lists every hard link: they are files of their own', async () => {
    put('1.jpg');
    linkSync(join(root, '1.jpg'), join(root, '2.jpg'));
    expect(await listed()).toEqual(['image 1.jpg', 'image 2.jpg']);
  });

  it.runIf(isLinux)('keeps the spelling of Unicode names apart and reaches names that are no text, and long ones', async () => {
    const [composed, decomposed] = ['é.jpg'.normalize('NFC'), 'é.jpg'.normalize('NFD')];
    const long = `${'x'.repeat(251)}.jpg`;
    put(composed, decomposed, long, '日本語/👩‍🔬.png');
    const bad = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff, 0xfe]), Buffer.from('.jpg')]);
    writeFileSync(bad, 'x');
    const folder = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xe9, 0x74, 0xe9])]);
    mkdirSync(folder);
    writeFileSync(Buffer.concat([folder, Buffer.from('/1.jpg')]), 'x');
    const found = await entries();
    expect(found.every(({ kind }) => kind === 'image')).toBe(true);
    const badText = nameText(Buffer.from([0x61, 0xff, 0xfe, 0x2e, 0x6a, 0x70, 0x67]));
    const folderText = nameText(Buffer.from([0xe9, 0x74, 0xe9]));
    expect(new Set(found.map(({ path }) => path))).toEqual(
      new Set([composed, decomposed, long, badText, '日本語/👩‍🔬.png', `${folderText}/1.jpg`]),
    );
  });

  it.runIf(isLinux)('goes deeper than a path may be long, as far as the operating system lets it, and says where it ends', async () => {
    const part = 'y'.repeat(200);
    // Built from the inside out by moves, because no single path reaches that deep.
    let inner = join(outside, part);
    mkdirSync(inner);
    writeFileSync(join(inner, '1.jpg'), 'x');
    for (let i = 0; i < 24; i++) {
      const wrapper = join(outside, 'wrapper');
      mkdirSync(wrapper);
      renameSync(inner, join(wrapper, part));
      renameSync(wrapper, inner);
    }
    renameSync(inner, join(root, 'deep'));
    put('z.jpg');
    inner = '';
    const found = await entries();
    expect(found[0]).toMatchObject({ kind: 'image', path: 'z.jpg' });
    expect(found[1]).toMatchObject({ kind: 'unreadable-folder', message: 'The path of this folder is too long for the operating system.' });
    for (let i = 0; i < 24; i++) {
      const kept = join(outside, 'kept');
      renameSync(join(root, 'deep', part), kept);
      rmdirSync(join(root, 'deep'));
      renameSync(kept, join(root, 'deep'));
    }
  });

  it.runIf(isLinux)('does not open sockets and devices with the name of an image', async () => {
    const server = createServer().listen(join(root, 'socket.jpg'));
    await once(server, 'listening');
    symlinkSync('/dev/zero', join(root, 'zero.jpg'));
    mkdirSync(join(root, 'folder.jpg'));
    put('folder.jpg/1.jpg');
    expect(await listed()).toEqual(['unreadable-file socket.jpg', 'unreadable-file zero.jpg', 'image folder.jpg/1.jpg']);
    server.close();
  });

  it('refuses a root that is not there or no folder', async () => {
    put('a.jpg');
    await expect(rootIdentity(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(rootIdentity(join(root, 'a.jpg'))).rejects.toMatchObject({ code: 'bad-input' });
    await expect(walk(join(root, 'nowhere')).next()).rejects.toMatchObject({ code: 'not-found' });
  });

  it('ends when it is told to', async () => {
    put(...Array.from({ length: 300 }, (_, i) => `${i % 10}/${i}.jpg`));
    const stop = new AbortController();
    let count = 0;
    for await (const entry of walk(root, stop.signal)) {
      expect(entry.kind).toBe('image');
      if (++count === 40) stop.abort();
    }
    expect(count).toBeLessThan(200);
  });
});

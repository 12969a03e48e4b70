import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { images } from './catalogue.ts';
import { changeStamp, contentHashes, imagesOfContents } from './content-images.ts';
import { addFolder } from './folders.ts';
import { Library } from './library.ts';
import { fillLibrary } from './testing/large-catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-contents-'));
const library = new Library(folder, 'write');
afterAll(() => {
  library.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it('contents of a large catalogue lead to their images at once', () => {
  const { id } = fillLibrary(library, '/pictures', 20_000);
  const rows = images(library, { root: id, status: 'ok' }, { limit: 30_000 });
  expect(contentHashes(library, id).length).toBe(32 * rows.length);
  const wanted = rows.filter((_, i) => i % 40 === 0).map(({ hash }) => hash!);
  const began = performance.now();
  const found = imagesOfContents(library, id, [...wanted, 'ab'.repeat(32)]);
  // 500 of them take some milliseconds; a look at every image for each took over ten seconds.
  expect(performance.now() - began).toBeLessThan(2000);
  expect([...found.keys()]).toEqual(wanted);
  for (const { id: image, hash, path, label, width, height } of rows.filter((_, i) => i % 40 === 0))
    expect(found.get(hash!)).toEqual({ id: image, hash, path, label, width, height });
});

it('a content is found in the folder that is asked for, as its first copy by path', () => {
  const [one, two] = [addFolder(library, '/one'), addFolder(library, '/two')];
  const content = library.database.prepare("INSERT INTO contents (hash, size, width, height, format) VALUES (?, 1, 2, 3, 'png')");
  const hash = 'cd'.repeat(32);
  const before = changeStamp(library);
  const { lastInsertRowid } = content.run(Buffer.from(hash, 'hex'));
  const image = library.database.prepare(
    'INSERT INTO images (folder_id, path, size, modified, content_id, status, scan_id) VALUES (?, ?, 1, 0, ?, ?, 1)',
  );
  for (const [to, path, status] of [
    [one.id, 'b.png', 'ok'],
    [one.id, 'a.png', 'missing'],
    [one.id, 'c.png', 'ok'],
    [two.id, 'a.png', 'ok'],
  ] as const)
    image.run(to, path, lastInsertRowid, status);
  expect(changeStamp(library)).toBeGreaterThan(before);
  expect(imagesOfContents(library, one.id, [hash]).get(hash)!.path).toBe('b.png');
  expect(imagesOfContents(library, two.id, [hash]).get(hash)!.path).toBe('a.png');
  expect(contentHashes(library, one.id).length).toBe(32);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { atOnce } from '../files/in-pieces.ts';
import { addTag } from './annotations.ts';
import { images } from './catalogue.ts';
import { contentHashes, countContentsOf, imagesOfContents } from './content-images.ts';
import { addFolder, removeFolder } from './folders.ts';
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
  expect(atOnce(contentHashes(library, id)).length).toBe(32 * rows.length);
  const wanted = rows.filter((_, i) => i % 40 === 0).map(({ hash }) => hash!);
  const began = performance.now();
  const found = imagesOfContents(library, id, [...wanted, 'ab'.repeat(32)]);
  // 500 of them take some milliseconds; a look at every image for each took over ten seconds.
  expect(performance.now() - began).toBeLessThan(2000);
  expect([...found.keys()]).toEqual(wanted);
  for (const { id: image, hash, path, label, width, height } of rows.filter((_, i) => i % 40 === 0))
    expect(found.get(hash!)).toEqual({ id: image, hash, path, label, width, height });
});

it('contents that two large folders have in common are counted in pieces that keep nobody waiting', () => {
  const [one, two] = [fillLibrary(library, '/counted', 20_000, 'a'), fillLibrary(library, '/beside', 5000, 'b')].map(({ id }) => id);
  const hashes = images(library, { root: one! }, { limit: 30_000 }).flatMap(({ hash }) => hash ?? []);
  const began = performance.now();
  const work = countContentsOf(library, [two!, one!], [...hashes, 'ab'.repeat(32)]);
  let step = work.next();
  let pieces = 0;
  for (; step.done !== true; step = work.next()) pieces++;
  // Missing ones are among them, failed ones are not.
  expect([step.value, pieces]).toEqual([19_800, 100]);
  // Five microseconds of the processor for each: a look at every image of a folder for each would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(atOnce(countContentsOf(library, [two!], hashes))).toBe(0);
  expect(atOnce(countContentsOf(library, [], hashes))).toBe(0);
});

it('a content is found in the folder that is asked for, as its first copy by path', () => {
  const [one, two] = [addFolder(library, '/one'), addFolder(library, '/two')];
  const content = library.database.prepare("INSERT INTO contents (hash, size, width, height, format) VALUES (?, 1, 2, 3, 'png')");
  const hash = 'cd'.repeat(32);
  const before = library.stamps.contents(one.id);
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
  expect(library.stamps.contents(one.id)).not.toBe(before);
  expect(imagesOfContents(library, one.id, [hash]).get(hash)!.path).toBe('b.png');
  expect(imagesOfContents(library, two.id, [hash]).get(hash)!.path).toBe('a.png');
  expect(atOnce(contentHashes(library, one.id)).length).toBe(32);
  // Copies count once, in whichever of the folders.
  for (const folders of [[one.id], [two.id], [one.id, two.id]]) expect(atOnce(countContentsOf(library, folders, [hash]))).toBe(1);
});

it('the stamps of a folder tell what of it has changed, also by a connection beside', () => {
  const place = join(folder, 'stamps');
  const stamped = new Library(place, 'write');
  const [here, there] = [fillLibrary(stamped, '/stamped', 10).id, addFolder(stamped, '/other').id];
  const stamps = (): readonly string[] => [
    stamped.stamps.contents(here),
    stamped.stamps.images(here),
    stamped.stamps.contents(there),
    stamped.stamps.images(there),
  ];
  const changed = (work: () => unknown): readonly boolean[] => {
    const before = stamps();
    work();
    return stamps().map((stamp, i) => stamp !== before[i]);
  };
  const [first] = images(stamped, { root: here });
  const run = (sql: string, on = stamped.database) => on.prepare(sql).run(first!.id);
  expect(changed(() => addTag(stamped, [first!.id], 'best'))).toEqual([false, false, false, false]);
  expect(changed(() => run("UPDATE images SET label = 'cat', split = 'test' WHERE id = ?"))).toEqual([false, true, false, false]);
  expect(changed(() => run("UPDATE images SET status = 'missing' WHERE id = ?"))).toEqual([true, true, false, false]);
  expect(changed(() => run('UPDATE images SET content_id = NULL WHERE id = ?'))).toEqual([true, true, false, false]);
  expect(changed(() => run('DELETE FROM images WHERE id = ?'))).toEqual([true, true, false, false]);
  expect(changed(() => undefined)).toEqual([false, false, false, false]);
  const beside = new Library(place, 'beside');
  expect(changed(() => run("UPDATE images SET status = 'ok' WHERE id = ? + 1", beside.database)).slice(0, 2)).toEqual([true, true]);
  beside.dispose();
  expect(changed(() => removeFolder(stamped, here))).toEqual([true, true, false, false]);
  stamped.dispose();
});

import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addTag, tagsOf } from './annotations.ts';
import { fingerprint } from './catalogue.ts';
import { folders } from './folders.ts';
import { relink } from './relink.ts';
import { CountingDecoder, Place, png, scanned } from './testing/scan-fixtures.ts';

let place: Place;
let moved = '';
beforeEach(() => {
  place = new Place();
  moved = join(place.path, 'moved');
});
afterEach(() => place.dispose());

describe('a moved folder', () => {
  it('is followed by content: numbers, tags and labels stay, and nothing is decoded', async () => {
    await place.put({ 'cat/1.png': 1, 'cat/2.png': 2, 'dog/3.png': 3, 'dog/copy.png': 3, 'bad.png': 'x' });
    await place.scan();
    const ids = Object.fromEntries(place.rows().map(({ path, id }) => [path, id]));
    addTag(place.library, [ids['cat/1.png']!], 'best');
    const print = fingerprint(place.library, place.photos);
    renameSync(place.photos, moved);
    const said: [number, number][] = [];
    const result = await relink(place.library, place.photos, moved, { progress: (...counts) => said.push(counts) });
    expect(result).toMatchObject({ matched: 4, unknown: 1, hashed: 4, folder: { path: moved } });
    // First how many there are, then how many of them were compared.
    expect(said).toEqual([0, 5].flatMap((total) => [1, 2, 3, 4, 5].map((done) => [done, total])));
    expect(fingerprint(place.library, moved)).toBe(print);
    const decoder = new CountingDecoder(moved);
    const { counts } = await scanned(place.library, moved, { decoder });
    expect(counts).toMatchObject({ found: 5, unchanged: 4, failed: 1, decoded: 0, reused: 0, missing: 0 });
    expect(decoder.taken()).toEqual([]);
    expect(Object.fromEntries(place.rows().map(({ path, id }) => [path, id]))).toEqual(ids);
    expect(tagsOf(place.library, ids['cat/1.png']!)).toEqual(['best']);
    expect(place.row('cat/2.png').label).toBe('cat');
    expect(place.library.database.pragma('foreign_key_check')).toEqual([]);
  });

  it('may have been renamed inside, swapped around, and have other times', async () => {
    await place.put({ 'a/1.png': 1, 'a/2.png': 2, 'b/3.png': 3, 'b/3 again.png': 3 });
    await place.scan();
    const ids = Object.fromEntries(place.rows().map(({ path, id }) => [path, id]));
    renameSync(place.photos, moved);
    renameSync(join(moved, 'a/1.png'), join(moved, 'a/x.png'));
    renameSync(join(moved, 'a/2.png'), join(moved, 'a/1.png'));
    renameSync(join(moved, 'a/x.png'), join(moved, 'a/2.png'));
    mkdirSync(join(moved, 'deep/er'), { recursive: true });
    renameSync(join(moved, 'b/3.png'), join(moved, 'deep/er/3.png'));
    utimesSync(join(moved, 'b/3 again.png'), 7, 7);
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 4, missing: 0, unknown: 0 });
    expect(Object.fromEntries(place.rows().map(({ path, id }) => [path, id]))).toEqual({
      'a/1.png': ids['a/2.png'],
      'a/2.png': ids['a/1.png'],
      'b/3 again.png': ids['b/3 again.png'],
      'deep/er/3.png': ids['b/3.png'],
    });
    const decoder = new CountingDecoder(moved);
    expect((await scanned(place.library, moved, { decoder })).counts).toMatchObject({ found: 4, unchanged: 4 });
    expect(decoder.taken()).toEqual([]);
  });

  it('that lacks images marks those as missing, and new ones are read by the next scan', async () => {
    await place.put({ '1.png': 1, '2.png': 2 });
    await place.scan();
    renameSync(place.photos, moved);
    rmSync(join(moved, '2.png'));
    mkdirSync(place.photos);
    await place.put({ 'new.png': 9 });
    renameSync(join(place.photos, 'new.png'), join(moved, 'new.png'));
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 1, missing: 1, unknown: 1 });
    const decoder = new CountingDecoder(moved);
    await scanned(place.library, moved, { decoder });
    expect(decoder.taken()).toEqual(['new.png']);
    expect(place.statuses()).toEqual({ '1.png': 'ok', '2.png': 'missing', 'new.png': 'ok' });
  });

  it('keeps an image that is missing and its tags, also where another has its place now', async () => {
    await place.put({ 'a/1.png': 1, 'a/2.png': 2 });
    await place.scan();
    const ids = Object.fromEntries(place.rows().map(({ path, id }) => [path, id]));
    const lost = ids['a/1.png']!;
    addTag(place.library, [lost], 'best');
    renameSync(place.photos, moved);
    renameSync(join(moved, 'a/2.png'), join(moved, 'a/1.png'));
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 1, missing: 1, unknown: 0 });
    expect(place.statuses()).toEqual({ 'a/1.png': 'ok', [`a/1 (before, ${lost}).png`]: 'missing' });
    expect(tagsOf(place.library, lost)).toEqual(['best']);
    // It comes back by its content.
    writeFileSync(join(moved, 'a/found.png'), await png(1));
    await scanned(place.library, moved, { decoder: new CountingDecoder(moved) });
    expect(Object.fromEntries(place.rows().map(({ path, id }) => [path, id]))).toMatchObject({
      'a/1.png': ids['a/2.png'],
      'a/found.png': lost,
    });
    expect(tagsOf(place.library, lost)).toEqual(['best']);
  });

  it('gives what is missing a name that no file has', async () => {
    await place.put({ '1.png': 1, '2.png': 2, '3.png': 3 });
    await place.scan();
    const lost = place.row('1.png').id;
    renameSync(place.photos, moved);
    renameSync(join(moved, '2.png'), join(moved, '1.png'));
    renameSync(join(moved, '3.png'), join(moved, `1 (before, ${lost}).png`));
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 2, missing: 1 });
    expect(place.statuses()).toEqual({
      '1.png': 'ok',
      [`1 (before, ${lost}).png`]: 'ok',
      [`1 (before, ${lost}) (before, ${lost}).png`]: 'missing',
    });
  });

  it('finds what is missing by its name, and forgets a file that had failed where a picture has its place', async () => {
    await place.put({ 'IMG_1.png': 1, 'IMG_2.png': 2, 'broken.png': 'x', 'good.png': 3 });
    await place.scan();
    const lost = place.row('IMG_1.png').id;
    renameSync(place.photos, moved);
    renameSync(join(moved, 'IMG_2.png'), join(moved, 'IMG_1.png'));
    renameSync(join(moved, 'good.png'), join(moved, 'broken.png'));
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 2, missing: 1 });
    expect(place.statuses()).toEqual({ 'IMG_1.png': 'ok', [`IMG_1 (before, ${lost}).png`]: 'missing', 'broken.png': 'ok' });
    const folded = place.library.database.prepare('SELECT folded FROM images WHERE id = ?').pluck().get(lost);
    expect(folded).toBe(`img_1 (before, ${lost}).png`);
  });

  it('that is where it was all along stays as it is, with its tags', async () => {
    await place.put({ '1.png': 1, '2.png': 2 });
    await place.scan();
    addTag(place.library, [place.row('1.png').id], 'best');
    for (const same of [place.photos, `${place.photos}/`, join(place.photos, '..', basename(place.photos))])
      await expect(relink(place.library, place.photos, same)).rejects.toMatchObject({
        code: 'bad-input',
        hint: expect.stringContaining('Update'),
      });
    expect(place.statuses()).toEqual({ '1.png': 'ok', '2.png': 'ok' });
    expect(tagsOf(place.library, place.row('1.png').id)).toEqual(['best']);
  });

  it('may be trusted by size and time, without reading', async () => {
    await place.put({ '1.png': 1, '2.png': 2 });
    await place.scan();
    renameSync(place.photos, moved);
    utimesSync(join(moved, '2.png'), 7, 7);
    const said: [number, number][] = [];
    const options = { trustTimes: true, progress: (done: number, total: number) => void said.push([done, total]) };
    expect(await relink(place.library, place.photos, moved, options)).toMatchObject({ matched: 2, hashed: 1 });
    expect(said.at(-1)).toEqual([2, 2]);
  });

  it('that was scanned as a new one becomes the old one again, with the tags of both', async () => {
    await place.put({ '1.png': 1, '2.png': 2 });
    await place.scan();
    const { id } = place.row('1.png');
    addTag(place.library, [id], 'old');
    renameSync(place.photos, moved);
    await scanned(place.library, moved, { decoder: new CountingDecoder(moved) });
    addTag(place.library, [place.rows().at(-2)!.id], 'new');
    expect(await relink(place.library, place.photos, moved)).toMatchObject({ matched: 2 });
    expect(folders(place.library).map(({ path }) => path)).toEqual([moved]);
    expect(place.rows().map(({ path }) => path)).toEqual(['1.png', '2.png']);
    expect(place.row('1.png').id).toBe(id);
    expect(tagsOf(place.library, id)).toEqual(['new', 'old']);
  });

  it('takes its table of labels along, and leaves one that lies elsewhere where it is', async () => {
    await place.put({ '1.png': 1 });
    const elsewhere = join(place.path, 'labels.csv');
    for (const file of [join(place.photos, 'labels.csv'), elsewhere]) {
      writeFileSync(file, 'file,label\n1.png,cat\n');
      await place.scan({ labels: { kind: 'csv', file } });
      renameSync(place.photos, moved);
      const { folder } = await relink(place.library, place.photos, moved);
      expect(folder.labels).toEqual({ kind: 'csv', file: file === elsewhere ? file : join(moved, 'labels.csv') });
      // Nothing else is asked to find it.
      await scanned(place.library, moved, { decoder: new CountingDecoder(moved) });
      expect(place.row('1.png').label).toBe('cat');
      renameSync(moved, place.photos);
      await relink(place.library, moved, place.photos);
    }
  });

  it('that is another folder, or is left, changes nothing', async () => {
    await place.put({ '1.png': 1 });
    await place.scan();
    const rows = place.rows();
    mkdirSync(moved);
    await expect(relink(place.library, place.photos, moved)).rejects.toMatchObject({ code: 'not-found' });
    await expect(relink(place.library, place.photos, join(place.path, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(relink(place.library, place.photos, moved, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
    await expect(relink(place.library, join(place.path, 'unknown'), moved)).rejects.toMatchObject({ code: 'not-found' });
    expect(place.rows()).toEqual(rows);
    expect(folders(place.library).map(({ path }) => path)).toEqual([place.photos]);
  });
});

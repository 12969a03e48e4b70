import {
  chownSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecodeCache } from '../images/cache.ts';
import type { DecodeResult } from '../images/decoder.ts';
import { addTag, tagsOf } from './annotations.ts';
import { countsBy, fingerprint, images, imagesForTraining, medianSize, requireImages } from './catalogue.ts';
import { exportFailures, failures, retryFailed } from './failures.ts';
import { nameText } from './file-names.ts';
import { openLibrary } from './library.ts';
import { scan } from './scan.ts';
import { CountingDecoder, Place, png } from './testing/scan-fixtures.ts';

let place: Place;
beforeEach(() => void (place = new Place()));
afterEach(() => place.dispose());

const at = (path: string): string => join(place.photos, path);
const crash: DecodeResult = { ok: false, failure: { reason: 'crashed-the-decoder', message: 'The decoder crashed on this file.' } };

/** Runs as a user who is nobody's friend: permissions do not stop root. Needs root to change back and forth. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  process.seteuid!(65534);
  try {
    await work();
  } finally {
    process.seteuid!(0);
  }
}
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';

describe('a scan', () => {
  it('takes in nested folders, copies and links, and gives every bad file a row with its reason', async () => {
    const broken = (await png(9)).subarray(0, 40);
    await place.put({
      '1.png': 1,
      'a/2.png': 2,
      'a/b/c/3.png': 3,
      'a/copy of 1.png': 1,
      'a/letter.jpg': 'a letter',
      'a/empty.png': '',
      'a/cut.png': broken,
      'raw/4.CR2': 'x',
      'notes.txt': 'x',
    });
    symlinkSync('..', at('a/b/up'));
    symlinkSync(at('1.png'), at('z.png'));
    const { counts, folder } = await place.scan();
    expect(counts).toEqual({
      found: 9,
      decoded: 3,
      reused: 2,
      unchanged: 0,
      failed: 4,
      notImages: 1,
      unreadableFolders: 0,
      missing: 0,
      moved: 0,
    });
    expect(folder.path).toBe(place.photos);
    expect(failures(place.library).map(({ path, reason }) => [path, reason])).toEqual([
      ['a/cut.png', expect.stringMatching(/truncated|damaged/)],
      ['a/empty.png', 'empty'],
      ['a/letter.jpg', 'not-an-image'],
      ['raw/4.CR2', 'unsupported'],
    ]);
    expect(place.row('1.png')).toMatchObject({ status: 'ok', width: 9, height: 8, format: 'png', hash: place.row('z.png').hash });
    expect(place.row('a/copy of 1.png').hash).toBe(place.row('1.png').hash);
    expect(imagesForTraining(place.library, place.photos).length).toBe(3);
    expect(medianSize(place.library, place.photos)).toEqual({ width: 10, height: 8, shortSide: 8 });
    expect(place.library.database.pragma('foreign_key_check')).toEqual([]);
  });

  it('reads nothing again that has not changed, in this program or the next', async () => {
    await place.put({ '1.png': 1, '2.png': 2, 'bad.png': 'x' });
    await place.scan();
    expect(place.decoder.taken()).toEqual(['1.png', '2.png', 'bad.png']);
    const print = fingerprint(place.library, place.photos);
    expect((await place.scan()).counts).toMatchObject({ found: 3, unchanged: 2, failed: 1, decoded: 0, reused: 0 });
    place.reopen();
    expect((await place.scan()).counts).toMatchObject({ found: 3, unchanged: 2, failed: 1, decoded: 0, reused: 0 });
    expect(place.decoder.taken()).toEqual([]);
    expect(fingerprint(place.library, place.photos)).toBe(print);
  });

  it('only hashes a file that was touched, decodes one that changed, and knows one that came back', async () => {
    await place.put({ '1.png': 1, '2.png': 2, '3.png': 3 });
    await place.scan();
    place.decoder.taken();
    const ids = place.rows().map(({ id }) => id);
    utimesSync(at('1.png'), 1_700_000_000, 1_700_000_000.25);
    await place.put({ '2.png': 20 });
    rmSync(at('3.png'));
    expect((await place.scan()).counts).toMatchObject({ found: 2, reused: 1, decoded: 1, missing: 1 });
    expect(place.decoder.taken()).toEqual(['2.png']);
    expect(place.statuses()).toEqual({ '1.png': 'ok', '2.png': 'ok', '3.png': 'missing' });
    expect(place.row('1.png').modified).toBe(1_700_000_000_250);
    await place.put({ '3.png': 3 });
    expect((await place.scan()).counts).toMatchObject({ unchanged: 2, reused: 1, decoded: 0 });
    expect(place.decoder.taken()).toEqual([]);
    expect(place.rows().map(({ id }) => id)).toEqual(ids);
  });

  it('decodes what the cache lacks, and fills it', async () => {
    await place.put({ '1.png': 1, '2.png': 2 });
    await place.scan();
    const cache = new DecodeCache(join(place.path, 'cache'), { access: 'write' });
    place.decoder.taken();
    await place.scan({ cache });
    expect(place.decoder.taken()).toEqual(['1.png', '2.png']);
    expect(await cache.get(place.row('2.png').hash!)).toMatchObject({ width: 10, height: 8 });
    await place.scan({ cache });
    expect(place.decoder.taken()).toEqual([]);
    cache.dispose();
  });

  it('may be stopped at any time and goes on where it was', async () => {
    await place.put(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.png`, i])));
    const stop = new AbortController();
    const stopping = new CountingDecoder(place.photos, () => {
      if (stopping.paths.length === 12) stop.abort();
      return undefined;
    });
    await expect(place.scan({ decoder: stopping, signal: stop.signal, concurrency: 2 })).rejects.toMatchObject({ code: 'cancelled' });
    const before = place.rows().length;
    expect(before).toBeGreaterThan(5);
    expect(before).toBeLessThan(20);
    expect((await place.scan()).counts).toMatchObject({ found: 40, unchanged: before, decoded: 40 - before });
    const aborted = AbortSignal.abort();
    await expect(place.scan({ signal: aborted })).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('is one at a time', async () => {
    await place.put({ '1.png': 1 });
    let release = (): void => undefined;
    const held = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    const slow = new CountingDecoder(place.photos, async () => held);
    const first = place.scan({ decoder: slow });
    while (slow.paths.length === 0) await new Promise(setImmediate);
    await expect(place.scan()).rejects.toMatchObject({ code: 'locked' });
    release();
    expect((await first).counts.decoded).toBe(1);
    expect((await place.scan()).counts.unchanged).toBe(1);
  });

  it('stops when nobody listens any more', async () => {
    await place.put({ '1.png': 1 });
    const slow = new CountingDecoder(place.photos, async () => new Promise((resolve) => setTimeout(() => resolve(undefined), 150)));
    for await (const event of scan(place.library, place.photos, {
      decoder: slow,
      settings: { background: [0, 0, 0], intensity: 'full', intensityPercentile: [0, 100], intensityWindow: [0, 1], channels: 'rgb' },
      shortSide: 8,
    })) {
      expect(event).toMatchObject({ type: 'progress' });
      break;
    }
    expect((await place.scan()).counts.found).toBe(1);
  });
});

describe('names', () => {
  it.runIf(isLinux)('of every kind are kept apart, decoded, and found again', async () => {
    const [composed, decomposed] = ['é.png'.normalize('NFC'), 'é.png'.normalize('NFD')];
    await place.put({ [composed]: 1, [decomposed]: 2, [`${'x'.repeat(251)}.png`]: 3, 'constructor/4.png': 4 });
    const bad = Buffer.concat([Buffer.from(`${place.photos}/`), Buffer.from([0xff, 0x2f - 1]), Buffer.from('.png')]);
    writeFileSync(bad, await png(5));
    expect((await place.scan()).counts).toMatchObject({ found: 5, decoded: 5, failed: 0 });
    expect(place.row(nameText(bad).slice(place.photos.length + 1)).status).toBe('ok');
    expect(place.row('constructor/4.png').label).toBe('constructor');
    expect(new Set([place.row(composed).hash, place.row(decomposed).hash]).size).toBe(2);
    expect(images(place.library, { search: 'É' }).length).toBe(2);
    expect((await place.scan()).counts).toMatchObject({ unchanged: 5 });
    utimesSync(bad, 1, 1);
    expect((await place.scan()).counts).toMatchObject({ unchanged: 4, reused: 1 });
  });

  it('that move keep their number and tags, and have the label of their new place', async () => {
    await place.put({ 'cat/1.png': 1, 'cat/2.png': 2, 'cat/3.png': 3 });
    await place.scan();
    const { id } = place.row('cat/1.png');
    addTag(place.library, [id], 'best');
    mkdirSync(at('dog'));
    renameSync(at('cat/1.png'), at('dog/1.png'));
    renameSync(at('cat/2.png'), at('dog/other.png'));
    place.decoder.taken();
    expect((await place.scan()).counts).toMatchObject({ found: 3, reused: 2, unchanged: 1, moved: 2, missing: 0 });
    expect(place.decoder.taken()).toEqual([]);
    expect(place.row('dog/1.png')).toMatchObject({ id, label: 'dog', split: null });
    expect(tagsOf(place.library, id)).toEqual(['best']);
    expect(place.row('dog/other.png')).toMatchObject({ label: 'dog' });
    expect(place.rows().length).toBe(3);
  });
});

describe('labels', () => {
  const labels = (): (string | null)[][] => place.rows().map(({ path, label, split }) => [path, label, split]);

  it('come from folders and splits, from a table, or from nowhere, and change without decoding', async () => {
    await place.put({ 'train/cat/1.png': 1, 'test/dog/2.png': 2, 'top.png': 3 });
    await place.scan();
    expect(labels()).toEqual([
      ['test/dog/2.png', 'dog', 'test'],
      ['top.png', null, null],
      ['train/cat/1.png', 'cat', 'train'],
    ]);
    expect(countsBy(place.library, 'split')).toEqual(expect.arrayContaining([{ value: 'train', images: 1 }]));
    const file = join(place.path, 'labels.csv');
    writeFileSync(file, 'file,label,split\ntop.png,"bird, small",val\nnowhere.png,x,\ntrain/cat/1.png,tiger,\n');
    place.decoder.taken();
    const { labelProblems } = await place.scan({ labels: { kind: 'csv', file } });
    expect(labelProblems).toEqual(['nowhere.png is in the table but not in the folder.']);
    const fromTable = [
      ['test/dog/2.png', null, null],
      ['top.png', 'bird, small', 'val'],
      ['train/cat/1.png', 'tiger', null],
    ];
    expect(labels()).toEqual(fromTable);
    place.reopen();
    await place.scan();
    expect(labels()).toEqual(fromTable);
    await place.scan({ labels: { kind: 'off' } });
    expect(labels()).toEqual([
      ['test/dog/2.png', null, null],
      ['top.png', null, null],
      ['train/cat/1.png', null, null],
    ]);
    expect(place.decoder.taken()).toEqual([]);
    await expect(place.scan({ labels: { kind: 'csv', file: join(place.path, 'none.csv') } })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('never train on a copy of a test image', async () => {
    await place.put({ 'train/cat/1.png': 1, 'test/cat/1.png': 1, 'train/2.png': 2 });
    await place.scan();
    expect(imagesForTraining(place.library, place.photos).map(({ label, split }) => [label, split])).toEqual([
      ['cat', 'test'],
      [null, 'train'],
    ]);
  });
});

describe('failures', () => {
  it('can be exported, and are tried again when asked', async () => {
    await place.put({ 'a, "b".png': 'no image', 'good.png': 1 });
    await place.scan();
    const file = join(place.path, 'failures.csv');
    exportFailures(place.library, file);
    const message = failures(place.library)[0]!.message;
    expect(readFileSync(file, 'utf8')).toBe(`file,reason,message\r\n"a, ""b"".png",not-an-image,${message}\r\n`);
    expect(() => exportFailures(place.library, join(place.path, 'nowhere/x.csv'))).toThrow(expect.objectContaining({ code: 'not-found' }));
    place.decoder.taken();
    await place.scan();
    expect(place.decoder.taken()).toEqual([]);
    expect(retryFailed(place.library, place.photos)).toBe(1);
    expect((await place.scan()).counts).toMatchObject({ failed: 1, unchanged: 1 });
    expect(place.decoder.taken()).toEqual(['a, "b".png']);
  });

  it('that crashed a decoder are left alone under any name and after a restart, until a person asks', async () => {
    await place.put({ 'ok.png': 1, 'evil.png': 2 });
    const crashing = new CountingDecoder(place.photos, (path) => (/evil/.test(path) ? crash : undefined));
    expect((await place.scan({ decoder: crashing })).counts).toMatchObject({ decoded: 1, failed: 1 });
    place.reopen();
    copyFileSync(at('evil.png'), at('again evil.png'));
    utimesSync(at('evil.png'), 5, 5);
    crashing.taken();
    expect((await place.scan({ decoder: crashing })).counts).toMatchObject({ unchanged: 1, failed: 2 });
    expect(crashing.taken()).toEqual([]);
    expect(failures(place.library).map(({ reason }) => reason)).toEqual(['crashed-the-decoder', 'crashed-the-decoder']);
    expect(retryFailed(place.library, place.photos)).toBe(2);
    expect((await place.scan()).counts).toMatchObject({ decoded: 1, reused: 1, failed: 0 });
    expect(failures(place.library)).toEqual([]);
  });

  it('that lie in the circumstances are tried again by the next scan', async () => {
    await place.put({ 'growing.png': 1 });
    const growing = new CountingDecoder(place.photos, () => ({
      ok: false,
      failure: { reason: 'changed-while-reading', message: 'The file changed.' },
    }));
    expect((await place.scan({ decoder: growing })).counts.failed).toBe(1);
    expect((await place.scan()).counts).toMatchObject({ decoded: 1, failed: 0 });
  });

  it('of the decoders themselves end the scan and blame no file', async () => {
    await place.put({ '1.png': 1 });
    const { AppError } = await import('../../shared/errors.ts');
    const dead = new CountingDecoder(place.photos, () =>
      Promise.reject(new AppError('decoder-crashed', 'No decoder starts.', 'Install it.')),
    );
    await expect(place.scan({ decoder: dead })).rejects.toMatchObject({ code: 'decoder-crashed' });
    expect(place.rows()).toEqual([]);
    expect((await place.scan()).counts.decoded).toBe(1);
  });
});

describe('a folder', () => {
  it('that is empty or has one image', async () => {
    expect((await place.scan()).counts).toMatchObject({ found: 0, failed: 0 });
    expect(() => requireImages(place.library, place.photos)).toThrow(
      expect.objectContaining({ code: 'no-images', hint: expect.stringContaining('JPEG') as string }),
    );
    await place.put({ 'bad.png': '' });
    await place.scan();
    expect(() => requireImages(place.library, place.photos)).toThrow(/None of the 1 image files/);
    await place.put({ '1.png': 1 });
    await place.scan();
    requireImages(place.library, place.photos);
    await expect(
      place.scan({}).then(async () =>
        scan(place.library, at('1.png'), {
          decoder: place.decoder,
          settings: { background: [0, 0, 0], intensity: 'full', intensityPercentile: [0, 100], intensityWindow: [0, 1], channels: 'rgb' },
          shortSide: 8,
        }).next(),
      ),
    ).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('whose drive is gone loses no image: nothing is marked as missing', async () => {
    await place.put({ '1.png': 1, 'a/2.png': 2 });
    await place.scan();
    const away = join(place.path, 'drive');
    renameSync(place.photos, away);
    await expect(place.scan()).rejects.toMatchObject({ code: 'not-found' });
    mkdirSync(place.photos); // an empty mount point
    await expect(place.scan()).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('knows 2 images') as string });
    expect(place.statuses()).toEqual({ '1.png': 'ok', 'a/2.png': 'ok' });
    rmSync(place.photos, { recursive: true });
    renameSync(away, place.photos);
    expect((await place.scan()).counts).toMatchObject({ unchanged: 2, missing: 0 });
  });

  it('that vanishes during the scan keeps what was found and loses nothing', async () => {
    await place.put({ '1.png': 1 });
    await place.scan();
    await place.put(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`new/${i}.png`, 100 + i])));
    const away = join(place.path, 'drive');
    const leaving = new CountingDecoder(place.photos, () => {
      if (leaving.paths.length === 10) renameSync(place.photos, away);
      return undefined;
    });
    await expect(place.scan({ decoder: leaving, concurrency: 1 })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('vanished') as string,
    });
    expect(place.row('1.png').status).toBe('ok');
    expect(place.rows().length).toBeGreaterThan(5);
    renameSync(away, place.photos);
    expect((await place.scan()).counts).toMatchObject({ found: 31, failed: 0, missing: 0 });
  });

  it.runIf(isRoot && isLinux)(
    'that may not be read, or a file that may not, is a failure with a reason, and its images are not missing',
    async () => {
      await place.put({ 'open/1.png': 1, 'closed/2.png': 2, 'secret.png': 3 });
      await place.scan();
      for (const path of ['', 'open', 'closed', 'open/1.png', 'closed/2.png', 'secret.png']) chownSync(at(path), 65534, 65534);
      chownSync(place.path, 65534, 65534);
      utimesSync(at('secret.png'), 9, 9);
      const { chmodSync } = await import('node:fs');
      chmodSync(at('closed'), 0o000);
      chmodSync(at('secret.png'), 0o000);
      let counts: unknown;
      await asNobody(async () => {
        ({ counts } = await place.scan());
      });
      expect(counts).toMatchObject({ found: 2, unchanged: 1, failed: 1, unreadableFolders: 1, missing: 0 });
      expect(failures(place.library).map(({ path, reason, message }) => [path, reason, message])).toEqual([
        ['closed', 'unreadable', 'This folder may not be read: its permissions do not allow it.'],
        ['secret.png', 'unreadable', expect.stringMatching(/cannot be read|may not be read/)],
      ]);
      expect(place.row('closed/2.png').status).toBe('ok');
      chmodSync(at('closed'), 0o755);
      chmodSync(at('secret.png'), 0o644);
      expect((await place.scan()).counts).toMatchObject({ failed: 0, unreadableFolders: 0 });
      expect(failures(place.library)).toEqual([]);
    },
  );

  it.runIf(isRoot && isLinux)('that is read-only is scanned all the same, and a library in one says so', async () => {
    await place.put({ '1.png': 1 });
    const { chmodSync } = await import('node:fs');
    chmodSync(place.path, 0o755);
    chmodSync(place.photos, 0o555);
    await asNobody(async () => {
      expect((await place.scan()).counts.decoded).toBe(1);
      expect(() => openLibrary(join(place.photos, 'library'))).toThrow(expect.objectContaining({ code: 'not-writable' }));
      expect(() => openLibrary(place.photos)).toThrow(expect.objectContaining({ code: 'not-writable' }));
    });
    expect(statSync(at('1.png')).size).toBeGreaterThan(0);
  });
});

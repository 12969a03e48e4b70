// Folders, pictures and masks through the channels, with real files, decoders and threads.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import type { JobStatus } from '../../../../shared/contract/contract-jobs.ts';
import type { GridImage, GridPicture, Picture } from '../../../../shared/contract/contract-library.ts';
import { BatchPlan } from '../../../images/batch-plan.ts';
import { BatchSource } from '../../../images/batches.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import { quadrants } from '../../../images/testing/test-images.ts';
import { imagesForTraining } from '../../../library/catalogue.ts';
import type { Engine } from '../engine.ts';
import { openEngine, pageOf } from '../testing/open-engine.ts';
import type { Page } from '../testing/open-engine.ts';

const code = (name: string): unknown => expect.objectContaining({ code: name });
const place = mkdtempSync(join(tmpdir(), 'ijepa-folders-'));
const pictures = join(place, 'pictures');
let engine: Engine;
let page: Page;
let folder = 0;
let rows: readonly GridImage[] = [];
/** Milliseconds. */
const figures = { scroll: 0, screens: [] as number[], loop: 0 };
const row = (path: string): GridImage => rows.find((one) => one.path === path)!;

async function scan(options: { readonly path?: string; readonly retry?: boolean } = {}): Promise<JobStatus> {
  const { job } = await page.call('library.scan', { path: pictures, ...options });
  return page.call('jobs.wait', { job });
}
async function list(): Promise<void> {
  rows = (await page.call('library.page', { folder, filter: {}, offset: 0, limit: 1000 })).rows;
}

/** A picture of 1000×750 pixels of which each number has another content. */
const picture = async (file: string, number: number): Promise<unknown> =>
  quadrants(1000 - number, 750)
    .jpeg()
    .toFile(file);

beforeAll(async () => {
  for (const name of ['cats', 'dogs']) mkdirSync(join(pictures, name), { recursive: true });
  await Promise.all(Array.from({ length: 40 }, async (_, i) => picture(join(pictures, i % 2 === 0 ? 'cats' : 'dogs', `${i}.jpg`), i)));
  copyFileSync(join(pictures, 'cats/0.jpg'), join(pictures, 'dogs/copy of 0.jpg'));
  writeFileSync(join(pictures, 'dogs/damaged.jpg'), readFileSync(join(pictures, 'cats/0.jpg')).subarray(0, 2000));
  ({ engine, page } = openEngine(join(place, 'home')));
  ({ folder } = await page.call('library.scan', { path: pictures }));
  const [job] = engine.context.jobs.list();
  await page.call('jobs.wait', { job: job!.id });
  await list();
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

describe('a folder', () => {
  it('is scanned as a job that every page sees, with counts', async () => {
    const other = pageOf(engine);
    const seen: JobStatus[] = [];
    const stop = new AbortController();
    const watching = other.call('jobs.watch', {}, { signal: stop.signal, onEvent: ({ jobs }) => seen.push(...jobs) }).catch(() => {});
    expect(await scan({ retry: true })).toMatchObject({
      kind: 'scan',
      subject: 'pictures',
      folder,
      state: 'done',
      detail: '42 found, 1 unreadable',
    });
    stop.abort();
    await watching;
    expect(seen.some(({ state }) => state === 'running')).toBe(true);
    const [summary] = await page.call('library.folders', {});
    expect(summary).toMatchObject({
      id: folder,
      path: pictures,
      name: 'pictures',
      exists: true,
      images: 41,
      failed: 1,
      missing: 0,
      labelCount: 2,
    });
    expect(rows.length).toBe(42);
    expect(row('cats/2.jpg')).toMatchObject({ status: 'ok', label: 'cats', width: 998, height: 750 });
    expect(await page.call('library.position', { folder, filter: {}, image: row('cats/2.jpg').id })).toEqual({
      index: rows.indexOf(row('cats/2.jpg')),
    });
  });

  it('says what could not be read and why, as a list and as a file', async () => {
    const failures = await page.call('library.failures', { folder, offset: 0, limit: 10 });
    expect(failures).toMatchObject({ total: 1, rows: [{ id: row('dogs/damaged.jpg').id, path: 'dogs/damaged.jpg', reason: 'truncated' }] });
    const file = await page.call('library.failuresFile', { folder });
    expect(file.name).toBe('pictures - unreadable files.csv');
    expect(new TextDecoder().decode(file.bytes)).toContain('dogs/damaged.jpg,truncated,');
  });

  it('says all about an image, and takes tags', async () => {
    const image = row('cats/0.jpg').id;
    expect(await page.call('library.tag', { images: Int32Array.of(image, row('cats/2.jpg').id), name: ' best ', on: true })).toEqual({
      images: 2,
    });
    for (const images of [[image], Int32Array.of(image, 0), new Int32Array(1_000_001).fill(image)])
      await expect(page.call('library.tag', { images: images as Int32Array<ArrayBuffer>, name: 'no', on: true })).rejects.toMatchObject({
        code: 'bad-input',
      });
    expect(await page.call('library.details', { image })).toMatchObject({
      file: join(pictures, 'cats/0.jpg'),
      tags: ['best'],
      copies: [{ path: 'dogs/copy of 0.jpg' }],
      format: 'jpeg',
      width: 1000,
    });
    expect((await page.call('library.details', { image: row('dogs/damaged.jpg').id })).failure?.reason).toBe('truncated');
    expect((await page.call('library.ids', { folder, filter: { tag: 'best' } })).ids.length).toBe(2);
  });

  it('is refused before anything is kept when it is no folder, or its table of labels is none', async () => {
    const table = join(place, 'labels.csv');
    writeFileSync(table, 'name\nx\n');
    await expect(page.call('library.scan', { path: join(place, 'none') })).rejects.toEqual(code('not-found'));
    await expect(page.call('library.scan', { path: table })).rejects.toEqual(code('bad-input'));
    await expect(page.call('library.scan', { path: pictures, labels: { kind: 'csv', file: table } })).rejects.toEqual(code('bad-file'));
    const folders = await page.call('library.folders', {});
    expect(folders.map(({ labels }) => labels)).toEqual([{ kind: 'folders' }]);
  });

  it('tells what has changed on the disk', async () => {
    await picture(join(pictures, 'cats/new.jpg'), 60);
    expect(await page.call('library.changes', { folder })).toEqual({ added: 1, changed: 0, missing: 0 });
    rmSync(join(pictures, 'cats/new.jpg'));
  });

  it('of sample pictures is made on request, and its scan can be cancelled', async () => {
    const { job, path } = await page.call('library.samples', {});
    page.call('jobs.cancel', { job }).catch(() => {});
    await expect(page.call('jobs.wait', { job })).rejects.toEqual(code('cancelled'));
    const samples = (await page.call('library.folders', {})).find((one) => one.path === path)!;
    await page.call('library.remove', { folder: samples.id });
    expect((await page.call('library.folders', {})).map(({ id }) => id)).toEqual([folder]);
    expect(existsSync(path)).toBe(true);
  });

  it('that was moved is followed: its images keep their numbers and tags', async () => {
    const moved = join(place, 'moved');
    renameSync(pictures, moved);
    expect((await page.call('library.folders', {}))[0]).toMatchObject({ exists: false });
    renameSync(join(moved, 'cats/38.jpg'), join(place, '38.jpg'));
    const usable = async (): Promise<number> => (await page.call('library.ids', { folder, filter: { status: 'ok' } })).ids.length;
    expect(await usable()).toBe(41);
    const before = row('cats/0.jpg').id;
    const { job } = await page.call('library.relink', { folder, path: moved });
    expect(await page.call('jobs.wait', { job })).toMatchObject({
      state: 'done',
      detail: '40 images found again, 1 missing, 1 new file',
    });
    expect(await usable()).toBe(40);
    expect(await page.call('library.details', { image: before })).toMatchObject({ file: join(moved, 'cats/0.jpg'), tags: ['best'] });
    renameSync(join(place, '38.jpg'), join(moved, 'cats/38.jpg'));
    renameSync(moved, pictures);
    const back = await page.call('library.relink', { folder, path: pictures });
    await page.call('jobs.wait', { job: back.job });
    await scan();
    await list();
  });
});

const sizeOf = async ({ bytes }: Picture): Promise<readonly [number, number]> => {
  const { width, height } = await sharp(bytes).metadata();
  return [width, height];
};

describe('the picture of an image', () => {
  it('has the side that is asked for, from the cache or from the original, and a tag of its content', async () => {
    const image = row('cats/4.jpg').id;
    const small = await page.call('library.thumbnail', { image, side: 128 });
    const large = await page.call('library.thumbnail', { image, side: 512 });
    const whole = await page.call('library.picture', { image });
    expect(small.type).toBe('image/jpeg');
    expect(await sizeOf(small)).toEqual([128, 96]);
    // The cache has 340×256 pixels.
    const [width, height] = await sizeOf(large);
    expect(width).toBe(512);
    expect(Math.abs(height - (512 * 750) / 996)).toBeLessThan(1);
    expect(await sizeOf(whole)).toEqual([996, 750]);
    const { hash } = await page.call('library.details', { image });
    expect(small.tag).toBe(`${hash}-128`);
    const copy = rows.find(({ path }) => path.startsWith('dogs/copy'))!;
    expect((await page.call('library.thumbnail', { image: copy.id, side: 64 })).tag).toBe(
      (await page.call('library.thumbnail', { image: row('cats/0.jpg').id, side: 64 })).tag,
    );
    const { data } = await sharp(small.bytes).raw().toBuffer({ resolveWithObject: true });
    expect(data[0]).toBeGreaterThan(180); // top left is red
    expect(data[1]).toBeLessThan(90);
  });

  it('comes with many others, and without one where there is none', async () => {
    const [good, bad] = [row('cats/4.jpg').id, row('dogs/damaged.jpg').id];
    const came: GridPicture[] = [];
    await page.call('library.thumbnails', { images: Int32Array.of(good, bad, 9999), side: 128 }, { onEvent: (some) => came.push(...some) });
    expect(came.map(({ image, picture }) => [image, picture !== null]).toSorted(([a], [b]) => Number(a) - Number(b))).toEqual(
      [
        [good, true],
        [bad, false],
        [9999, false],
      ].toSorted(([a], [b]) => Number(a) - Number(b)),
    );
    const alone = await page.call('library.thumbnail', { image: good, side: 128 });
    expect(came.find(({ image }) => image === good)!.picture).toEqual({ bytes: alone.bytes, type: alone.type });
  });

  it('is an error that names the file when there is none', async () => {
    const bad = row('dogs/damaged.jpg').id;
    await expect(page.call('library.thumbnail', { image: bad, side: 128 })).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('dogs/damaged.jpg') as string,
    });
    await expect(page.call('library.thumbnail', { image: 9999, side: 128 })).rejects.toEqual(code('not-found'));
  });

  it('is still shown, from the cache, when the drive is not there; larger ones as far as the cache goes', async () => {
    renameSync(pictures, `${pictures}-away`);
    try {
      const image = row('cats/6.jpg').id;
      expect(await sizeOf(await page.call('library.thumbnail', { image, side: 256 }))).toEqual([256, 193]);
      const small = await page.call('library.picture', { image });
      expect(await sizeOf(small)).toEqual([339, 256]);
    } finally {
      renameSync(`${pictures}-away`, pictures);
    }
    // With the drive there again, the tag is another.
    const whole = await page.call('library.picture', { image: row('cats/6.jpg').id });
    expect(await sizeOf(whole)).toEqual([994, 750]);
  });

  it('is not drawn for those that scrolled past', async () => {
    const began = performance.now();
    const passed = Array.from({ length: 10_000 }, (_, i) => {
      const stop = new AbortController();
      const input = { image: rows[i % 40]!.id, side: 512 } as const;
      return { stop, end: page.call('library.thumbnail', input, { signal: stop.signal }).catch((error: unknown) => error) };
    });
    for (const { stop } of passed) stop.abort();
    const last = await page.call('library.thumbnail', { image: row('cats/8.jpg').id, side: 128 });
    expect(await sizeOf(last)).toEqual([128, 97]);
    const ends = await Promise.all(passed.map(async ({ end }) => end));
    expect(ends.every((end) => (end as { code?: string }).code === 'cancelled')).toBe(true);
    figures.scroll = performance.now() - began;
    expect(figures.scroll).toBeLessThan(20_000);
  });
});

describe('a screen of pictures', () => {
  it('is there before a person waits, and the engine answers meanwhile', async () => {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    for (const side of [64, 128, 256] as const) {
      const began = performance.now();
      const shown = await Promise.all(
        rows.filter(({ status }) => status === 'ok').map(async ({ id }) => page.call('library.thumbnail', { image: id, side })),
      );
      figures.screens.push(performance.now() - began);
      expect(shown.length).toBe(41);
    }
    delay.disable();
    figures.loop = delay.percentile(99) / 1e6;
    if (process.env['IJEPA_FIGURES'] === '1') process.stdout.write(`${JSON.stringify(figures)}\n`);
    // A machine that does much else has twenty times what a quiet one needs.
    expect(Math.min(...figures.screens), JSON.stringify(figures)).toBeLessThan(4000);
  });
});

describe('the decode cache', () => {
  it('is not cleared under a job, and pictures come from the originals afterwards', async () => {
    let end = (_said: string): void => {};
    const job = engine.context.jobs.start('embed', { subject: 'busy' }, async () => new Promise((resolve) => (end = resolve)));
    await expect(page.call('system.clearCache', {})).rejects.toEqual(code('locked'));
    end('');
    await page.call('jobs.wait', { job });
    const before = await page.call('system.storage', {});
    expect(before.cache).toBeGreaterThan(1e6);
    // Two pages ask at once; what a cleared cache leaves for a moment is large enough to be met.
    for (let i = 0; i < 300; i++) {
      mkdirSync(join(place, 'home', 'cache', 'more', String(i)), { recursive: true });
      writeFileSync(join(place, 'home', 'cache', 'more', String(i), 'file'), '');
    }
    const clear = async (): Promise<{ readonly freed: number }> => page.call('system.clearCache', {});
    expect(await Promise.all([clear(), clear()])).toEqual([{ freed: before.cache }, { freed: 0 }]);
    expect((await page.call('system.storage', {})).cache).toBe(0);
    expect(await sizeOf(await page.call('library.thumbnail', { image: row('cats/10.jpg').id, side: 128 }))).toEqual([128, 97]);
    await scan();
    expect((await page.call('system.storage', {})).cache).toBeGreaterThan(1e6);
    // The new cache is found where the old one was open.
    renameSync(pictures, `${pictures}-away`);
    try {
      await expect
        .poll(async () => sizeOf(await page.call('library.thumbnail', { image: row('cats/16.jpg').id, side: 64 })), { timeout: 5000 })
        .toEqual([64, 49]);
    } finally {
      renameSync(`${pictures}-away`, pictures);
    }
  });
});

describe('masks and crops', () => {
  const settings = { imageSize: 64, patchSize: 8, batchSize: 8, colourJitter: 0.4, greyscale: 0.3 } as const;

  it('are those that a step of training has', async () => {
    const config = parseConfig(settings);
    const preprocessing = preprocessingOf(config);
    const hashes = imagesForTraining(engine.context.studio.library, pictures).map(({ hash }) => hash);
    const [seed, step] = [11, 3];
    const source = new BatchSource({
      pictures: { cache: engine.context.studio.cacheFor(preprocessing, cachedShortSide(64)), hashes },
      batchSize: 8,
      crops: 1,
      seed,
      cropScale: config.cropScale,
      cropAspect: config.cropAspect,
      flip: config.flip,
      colourJitter: config.colourJitter,
      greyscale: config.greyscale,
      targets: { target: { size: 64, patchSize: 8, mean: preprocessing.mean, std: preprocessing.std } },
    });
    const { patches } = await source.next(step);
    const images = await page.call('library.ids', { folder, filter: { status: 'ok' } });
    const details = await Promise.all([...images.ids].map(async (image) => page.call('library.details', { image })));
    for (const place of [0, 5]) {
      const hash = hashes[new BatchPlan(hashes.length, 8, seed).rows(step)[place]!]!;
      const { id } = details.find((one) => one.hash === hash)!;
      const { side, pixels } = await page.call('masks.crop', { image: id, settings, seed, step, place, whole: false });
      expect([side, pixels.length]).toEqual([64, 64 * 64 * 3]);
      const patch = patches.subarray(place * 64 * 64 * 3);
      let worst = 0;
      for (let y = 0; y < 64; y++)
        for (let x = 0; x < 64; x++)
          for (let c = 0; c < 3; c++) {
            const at = (8 * Math.floor(y / 8) + Math.floor(x / 8)) * 192 + c * 64 + 8 * (y % 8) + (x % 8);
            // Changed colours may lie beyond what a screen shows.
            const value = Math.min(255, Math.max(0, 255 * (patch[at]! * preprocessing.std[c]! + preprocessing.mean[c]!)));
            worst = Math.max(worst, Math.abs(value - pixels[3 * (64 * y + x) + c]!));
          }
      expect(worst).toBeLessThan(0.51);
    }
    await source.dispose();
  });

  it('are also shown for images that no cache has at that size, and as a whole', async () => {
    const crop = { image: row('cats/12.jpg').id, settings: { imageSize: 512, patchSize: 16 }, seed: 1, step: 0 };
    const [part, whole] = [
      await page.call('masks.crop', { ...crop, whole: false }),
      await page.call('masks.crop', { ...crop, whole: true }),
    ];
    expect([part.side, whole.side, whole.pixels.length]).toEqual([512, 512, 3 * 512 * 512]);
    expect(part.pixels).not.toEqual(whole.pixels);
    const corner = [whole.pixels[0]!, whole.pixels[1]!];
    expect(corner[0]).toBeGreaterThan(180);
    expect(corner[1]).toBeLessThan(90);
    await expect(page.call('masks.crop', { ...crop, image: row('dogs/damaged.jpg').id, whole: true })).rejects.toEqual(code('bad-file'));
  });

  it('are refused with the setting that is wrong', async () => {
    const sample = { seed: 0, step: 0, images: 1 };
    await expect(page.call('masks.sample', { ...sample, settings: { patchSize: 9 } })).rejects.toEqual(code('bad-config'));
    await expect(page.call('masks.sample', { ...sample, settings: { imageSize: 1024, patchSize: 1 } })).rejects.toEqual(code('bad-config'));
    const { grid, context } = await page.call('masks.sample', { ...sample, settings, images: 3 });
    expect([grid, context.length]).toEqual([8, 3]);
  });
});

describe('a page that may name some folders only', () => {
  it('neither adds nor moves others, nor reads a table there', async () => {
    const inside = join(place, 'inside');
    mkdirSync(inside);
    await picture(join(inside, 'a.jpg'), 70);
    writeFileSync(join(place, 'labels2.csv'), 'file,label\n');
    const { engine: served, page: guest } = openEngine(join(place, 'served'), { roots: [inside] });
    try {
      await expect(guest.call('library.scan', { path: pictures })).rejects.toEqual(code('not-allowed'));
      const labels = { kind: 'csv', file: join(place, 'labels2.csv') } as const;
      await expect(guest.call('library.scan', { path: inside, labels })).rejects.toEqual(code('not-allowed'));
      const added = await guest.call('library.scan', { path: inside });
      await guest.call('jobs.wait', { job: added.job });
      await expect(guest.call('library.relink', { folder: added.folder, path: pictures })).rejects.toEqual(code('not-allowed'));
      await expect(guest.call('system.folders', { path: place })).rejects.toEqual(code('not-allowed'));
      expect(await guest.call('system.folders', {})).toMatchObject({ folders: [{ path: inside }] });
      expect(await guest.call('system.folders', { path: inside })).toMatchObject({ images: 1, folders: [] });
    } finally {
      await served.dispose();
    }
  });
});

// The whole way through the channels on a small folder: trained, embedded, searched by everything, exported, gone.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddingSource, FeatureView, SearchResult } from '../../../shared/contract/contract-explore.ts';
import { exportFormats } from '../../../shared/contract/contract-explore.ts';
import { AppError } from '../../../shared/errors.ts';
import { imagePlace } from '../../library/image-details.ts';
import { until } from '../../trainer/testing/processes.ts';
import { checkpointOf } from '../runs/runs.ts';
import type { FolderSearch } from '../vectors/search.ts';
import type { Engine } from './engine.ts';
import { Searches } from './explore/explore-searches.ts';
import { FolderContentsCache } from './folders/folder-contents.ts';
import { drawPictures, openEngine, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

const perKind = 30;
let [place, pictures, home, run] = ['', '', '', ''];
let engine: Engine;
let page: Page;
let folder = 0;
let source: EmbeddingSource;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-explore-'));
  [pictures, home] = [join(place, 'pictures'), join(place, 'home')];
  await drawPictures(pictures, perKind);
  copyFileSync(join(pictures, 'dots', 'dots 000.png'), join(pictures, 'dots', 'dots 000 copy.png'));
  ({ engine, page } = openEngine(home));
  const scan = await page.call('library.scan', { path: pictures });
  folder = scan.folder;
  await page.call('jobs.wait', { job: scan.job });
  const settings = { ...quickSettings, steps: 6, evaluateSteps: 3, evaluateImages: 30 };
  const started = await page.call('runs.start', { folder, settings, usable: false });
  run = started.run;
  await page.call('jobs.wait', { job: started.job });
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

const idOf = async (search: string): Promise<number> => {
  const { rows } = await page.call('library.page', { folder, filter: { search }, offset: 0, limit: 1 });
  return rows[0]!.id;
};
type Given = Parameters<typeof page.call<'explore.search'>>[1];
const search = async (more: Partial<Given> & Pick<Given, 'plus'>): Promise<SearchResult> =>
  page.call('explore.search', { folder, run, step: source.step, layer: 'last', space: 'whitened', minus: [], k: 10, ...more });
const embed = async (): Promise<string> => {
  const { job } = await page.call('explore.embed', { folder, run, checkpoint: 'latest', layer: 'last' });
  return (await page.call('jobs.wait', { job })).detail;
};
const cosines = ({ neighbours }: SearchResult): number[] => neighbours.map(({ score }) => score);

describe('vectors of a folder', () => {
  it('are made after a scan of what is new, and are a source', async () => {
    expect(await page.call('explore.sources', { folder })).toEqual([]);
    await expect(
      page.call('explore.search', {
        folder,
        run,
        step: 6,
        layer: 'last',
        space: 'raw',
        plus: [{ image: await idOf('dots 001') }],
        minus: [],
        k: 3,
      }),
    ).rejects.toMatchObject({ code: 'not-found' });
    expect(await embed()).toBe(`${2 * perKind} vectors computed.`);
    const sources = await page.call('explore.sources', { folder });
    expect(sources).toEqual([{ run, step: 6, layer: 'last', dimension: 24, embedded: 2 * perKind, images: 2 * perKind }]);
    source = sources[0]!;
  });

  it('are searched by an image, several, and without some', async () => {
    const stripes = await idOf('stripes 004');
    const found = await search({ plus: [{ image: stripes }] });
    expect(found.neighbours.map(({ rank }) => rank)).toEqual(Array.from({ length: 10 }, (_, i) => i + 1));
    expect(cosines(found)).toEqual(cosines(found).toSorted((a, b) => b - a));
    expect(found.neighbours.map(({ image }) => image)).not.toContain(stripes);
    expect(found.neighbours[0]).toMatchObject({ width: 32, height: 32, path: expect.stringMatching(/^(dots|stripes)\//) as unknown });
    expect(found.source).toEqual(source);
    const [liked, disliked] = [found.neighbours[0]!.image, found.neighbours[1]!.image];
    const both = await search({ plus: [{ image: stripes }, { image: liked }], minus: [{ image: disliked }] });
    for (const image of [stripes, liked, disliked]) expect(both.neighbours.map((one) => one.image)).not.toContain(image);
    expect(both.neighbours.length).toBe(10);
    const floor = cosines(found)[4]!;
    expect((await search({ plus: [{ image: stripes }], minScore: floor })).neighbours.length).toBe(5);
    await expect(search({ plus: [{ image: stripes }], minus: [{ image: stripes }] })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('hide what is almost the same as one above', async () => {
    const plus = [{ image: await idOf('dots 007') }];
    const all = await search({ plus, k: 1000, space: 'raw' });
    expect([all.neighbours.length, all.hidden]).toEqual([2 * perKind - 1, 0]);
    expect((await search({ plus, k: 1000, space: 'raw', hideAbove: 1 })).neighbours).toEqual(all.neighbours);
    // Everything that is as like to the query as its median neighbour goes.
    const limit = cosines(all)[Math.floor(all.neighbours.length / 2)]!;
    const fewer = await search({ plus, k: 1000, space: 'raw', hideAbove: limit });
    expect(fewer.hidden + fewer.neighbours.length).toBe(all.neighbours.length);
    expect(fewer.hidden).toBeGreaterThanOrEqual(Math.floor(all.neighbours.length / 2));
    expect(fewer.neighbours.every(({ score }) => score <= limit)).toBe(true);
    expect(fewer.neighbours.map(({ rank }) => rank)).toEqual(fewer.neighbours.map((_, i) => i + 1));
  });

  it('are searched by a picture from outside, and by one that is of the folder after all', async () => {
    const bytes = new Uint8Array(readFileSync(join(pictures, 'stripes', 'stripes 010.png')));
    const { upload, width, height } = await page.call('explore.upload', { name: 'again.png', bytes });
    expect([width, height]).toEqual([32, 32]);
    const own = await idOf('stripes 010');
    expect((await search({ plus: [{ upload }] })).neighbours).toEqual((await search({ plus: [{ image: own }] })).neighbours);
    // The same picture in other bytes has almost the same vector, so that the original is found first.
    const other = new Uint8Array(await sharp(bytes).webp({ lossless: true }).toBuffer());
    const outside = await page.call('explore.upload', { name: 'outside.webp', bytes: other });
    const found = await search({ plus: [{ upload: outside.upload }] });
    expect(found.neighbours[0]).toMatchObject({ image: own });
    expect(found.neighbours[0]!.score).toBeGreaterThan(0.999);
    const again = await search({ plus: [{ upload: outside.upload }], k: 3 });
    expect(again.neighbours).toEqual(found.neighbours.slice(0, 3));
    for (const wrong of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new TextEncoder().encode('<script>')])
      await expect(page.call('explore.upload', { name: '../../x.png', bytes: wrong })).rejects.toMatchObject({ code: 'bad-file' });
    await expect(search({ plus: [{ upload: 999 }] })).rejects.toMatchObject({ code: 'not-found' });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('ijepa-upload-'))).toEqual([]);
  });

  it('show what their encoder sees, in a picture of the folder and in one from outside', async () => {
    const own = await idOf('dots 003');
    const ask = async (image: Parameters<typeof page.call<'explore.features'>>[1]['image']): Promise<FeatureView> =>
      page.call('explore.features', { folder, run, step: 6, image });
    const view = await ask({ image: own });
    const { imageSize, patchSize } = quickSettings;
    // Four patches along a side say little: where nobody says it is looked at closer.
    expect(view).toMatchObject({ side: 4 * imageSize, grid: (4 * imageSize) / patchSize, trained: 4, fittedOn: 48 });
    expect([view.seen.length, view.colours.length]).toEqual([3 * view.side ** 2, 3 * view.grid ** 2]);
    // Bytes travel as bytes, and they say something.
    expect(view.colours).toBeInstanceOf(Uint8Array);
    expect(new Set(view.colours).size).toBeGreaterThan(10);
    const bytes = new Uint8Array(
      await sharp(join(pictures, 'dots', 'dots 003.png'))
        .webp({ lossless: true })
        .toBuffer(),
    );
    const { upload } = await page.call('explore.upload', { name: 'same.webp', bytes });
    expect(await ask({ upload })).toEqual(view);
    expect((await ask({ image: await idOf('stripes 003') })).colours).not.toEqual(view.colours);
    const closer = await page.call('explore.features', { folder, run, step: 6, image: { image: own }, finer: 2 });
    expect(closer).toMatchObject({ side: 2 * imageSize, grid: 8, trained: 4, fittedOn: 48 });
    for (const image of [{ image: 99_999 }, { upload: 3 }]) await expect(ask(image)).rejects.toMatchObject({ code: 'not-found' });
    await expect(page.call('explore.features', { folder, run, step: 7, image: { image: own } })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('follow the folder: a new image is found once it is embedded', async () => {
    const before = await search({ plus: [{ image: await idOf('stripes 004') }], k: 1000 });
    const fresh = await sharp(readFileSync(join(pictures, 'stripes', 'stripes 004.png')))
      .webp({ lossless: true })
      .toBuffer();
    writeFileSync(join(pictures, 'stripes', 'twin.webp'), fresh);
    expect(await embed()).toBe('1 vector computed.');
    const after = await search({ plus: [{ image: await idOf('stripes 004') }], k: 1000 });
    expect(after.neighbours.length).toBe(before.neighbours.length + 1);
    expect(after.neighbours[0]!.path).toBe('stripes/twin.webp');
    expect((await page.call('explore.sources', { folder }))[0]).toMatchObject({ embedded: 2 * perKind + 1, images: 2 * perKind + 1 });
  });
});

describe('the map of a folder', () => {
  const asked = (): Parameters<typeof page.call<'map.view'>>[1] => ({ folder, run, step: source.step, layer: 'last', space: 'whitened' });

  it('is drawn when it is asked for, once, and kept', async () => {
    await expect(page.call('map.view', { ...asked(), layer: 'last4' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await page.call('map.view', asked())).toBeNull();
    const [first, second] = await Promise.all([page.call('map.draw', asked()), page.call('map.draw', asked())]);
    expect(second).toEqual(first);
    expect((await page.call('jobs.wait', first)).detail).toMatch(/^\d+ images are on the map\.$/);
    const map = (await page.call('map.view', asked()))!;
    expect(map.missing).toBe(0);
    expect(map.labels).toEqual(['dots', 'stripes']);
    // Each image with its own label and a place of its own; of two copies the first by path.
    expect(new Set(map.images).size).toBe(map.images.length);
    expect(map.images.length).toBeGreaterThanOrEqual(2 * perKind);
    for (const [i, image] of map.images.entries()) {
      const { path } = await page.call('library.details', { image });
      expect(path.startsWith(map.labels[map.labelOf[i]!]!)).toBe(true);
      expect(path).not.toBe('dots/dots 000.png');
      expect(map.places[2 * i]).toBeGreaterThanOrEqual(-1);
    }
    expect(await page.call('map.view', { ...asked(), space: 'raw' })).toBeNull();
  });
});

describe('open searches', () => {
  it('are used again, are two at most, and are closed with their run', async () => {
    const { studio } = engine.context;
    const searches = new Searches(studio, new FolderContentsCache(studio.library));
    const checkpoint = checkpointOf(join(home, 'runs', run), 'latest');
    const open = async (space: 'raw' | 'centred' | 'whitened'): Promise<FolderSearch> =>
      searches.use({ checkpoint, root: pictures, layer: 'last', space }, async (found) => Promise.resolve(found));
    const raw = await open('raw');
    expect(await open('raw')).toBe(raw);
    await open('centred');
    await open('whitened');
    expect(searches.size).toBe(2);
    // It was the least recently used.
    expect(await open('raw')).not.toBe(raw);
    await searches.release(join(home, 'runs', run));
    expect(searches.size).toBe(0);
    await searches.dispose();
  });

  it('stay open for a question that is under way when their run is given up, and after one that was cancelled', async () => {
    const { studio } = engine.context;
    const searches = new Searches(studio, new FolderContentsCache(studio.library));
    const setup = { checkpoint: checkpointOf(join(home, 'runs', run), 'latest'), root: pictures, layer: 'last', space: 'raw' } as const;
    const [begun, asked] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { hash } = imagePlace(studio.library, await idOf('dots 007'));
    const answer = searches.use(setup, async (open) => {
      begun.resolve();
      await asked.promise;
      return open.byHash(hash!, 3);
    });
    await Promise.race([begun.promise, answer]);
    let released = false;
    const release = searches.release(join(home, 'runs', run)).then(() => (released = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(released).toBe(false);
    asked.resolve();
    expect((await answer).length).toBe(3);
    await release;
    const given = new AppError('cancelled', 'Given up.', '');
    await expect(searches.use(setup, async () => Promise.reject(given))).rejects.toBe(given);
    expect(searches.size).toBe(1);
    await searches.dispose();
  });
});

describe('an export', () => {
  const options = { checkpoint: 'latest', layer: 'last', space: 'whitened', vectorColumn: 'vector "x"', neighbours: 2 } as const;

  it('is shown before, written, and read by others as was said', async () => {
    const target = join(place, "an 'export' ü");
    const preview = await page.call('export.preview', { folder, run, target, formats: [...exportFormats], ...options });
    expect(preview.images).toBe(2 * perKind + 1);
    // Its map was drawn above.
    expect(preview.columns).toEqual([
      'id',
      'file_name',
      'filepath',
      'vector "x"',
      'label',
      'split',
      'projection_x',
      'projection_y',
      'neighbors',
    ]);
    expect(preview.rows.length).toBe(5);
    expect(preview.code.map(({ reader }) => reader)).toEqual(
      expect.arrayContaining(['numpy', 'pandas', 'DuckDB', 'timm', 'transformers', 'onnxruntime']),
    );
    expect(existsSync(target)).toBe(false);
    const { job } = await page.call('export.start', { folder, run, target, formats: [...exportFormats], ...options });
    const { progress } = await page.call('jobs.wait', { job });
    expect(progress).toMatchObject({ done: preview.images, total: preview.images, unit: 'rows' });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(target, 'embeddings.parquet')) });
    expect(rows.length).toBe(preview.images);
    expect(rows.slice(0, 5).map((row) => row['filepath'])).toEqual(preview.rows.map((row) => row[2]));
    const first = (rows[0]!['vector "x"'] as number[]).slice(0, 3).map((value) => value.toPrecision(4));
    expect(preview.rows[0]![3]).toBe(`[${first.join(', ')}, …]`);
    const placed = rows.slice(0, 5).map((row) => ['projection_x', 'projection_y'].map((name) => (row[name] as number).toPrecision(4)));
    expect(preview.rows.map((row) => row.slice(6, 8))).toEqual(placed);
    const text = await page.call('export.preview', { folder, run, target: join(place, 'as text'), formats: ['csv'], ...options });
    expect(text.columns.slice(3, 8)).toEqual(['label', 'split', 'projection_x', 'projection_y', 'e0']);
    expect(text.rows.map((row) => row.slice(5, 7))).toEqual(placed);
    const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as { complete: boolean; files: { bytes: number }[] };
    expect(manifest.complete).toBe(true);
    const written = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(written / preview.bytes).toBeGreaterThan(0.3);
    expect(written / preview.bytes).toBeLessThan(4);
  });

  it('that is cancelled leaves nothing', async () => {
    const target = join(place, 'cancelled');
    const { job } = await page.call('export.start', { folder, run, target, formats: [...exportFormats], ...options });
    await until('its folder', () => existsSync(target));
    await page.call('jobs.cancel', { job });
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(target)).toBe(false);
  });

  it('goes nowhere where files of others are', async () => {
    const target = join(place, 'others');
    mkdirSync(target);
    writeFileSync(join(target, 'mine.txt'), 'mine');
    const { job } = await page.call('export.start', { folder, run, target, formats: ['npy'], ...options });
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'bad-input' });
    expect(readdirSync(target)).toEqual(['mine.txt']);
    await expect(page.call('export.start', { folder, run, target: 'relative', formats: ['npy'], ...options })).rejects.toMatchObject({
      code: 'bad-input',
    });
  });

  it('never lies among the images, also by a preview or a job that would begin', async () => {
    for (const target of [pictures, join(pictures, 'dots', 'vectors')]) {
      const among = { code: 'bad-input', message: expect.stringContaining(`lies in ${pictures}, among the images`) as unknown };
      const input = { folder, run, target, formats: ['projector' as const], ...options };
      await expect(page.call('export.preview', input)).rejects.toMatchObject(among);
      await expect(page.call('export.start', input)).rejects.toMatchObject(among);
    }
    expect(existsSync(join(pictures, 'dots', 'vectors'))).toBe(false);
  });

  it('is told of before another takes its place, and the images that it is of', async () => {
    const target = join(place, 'told');
    const input = { folder, run, target, formats: ['npy' as const], ...options };
    expect((await page.call('export.preview', input)).earlier).toBeUndefined();
    await page.call('jobs.wait', { job: (await page.call('export.start', input)).job });
    const there = { run, folder: 'pictures', created: expect.stringMatching(/^\d{4}-/) as unknown };
    expect((await page.call('export.preview', input)).earlier).toMatchObject({ ...there, replaced: false });
    expect((await page.call('export.preview', { ...input, formats: ['csv'] })).earlier).toMatchObject({ ...there, replaced: false });
    expect((await page.call('export.preview', { ...input, space: 'raw' })).earlier).toMatchObject({ ...there, replaced: true });
    // Weights stand beside vectors of any folder.
    expect((await page.call('export.preview', { ...input, formats: ['onnx'], space: 'raw' })).earlier).toMatchObject({ replaced: false });
    const manifest = join(target, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('"folder": "pictures"', '"folder": "others"').replace(/"rowsHash": "[^"]*"/, '"rowsHash": "0"'));
    expect((await page.call('export.preview', input)).earlier).toMatchObject({ run, folder: 'others', replaced: true });
  });

  it('is told to take the place when the map was drawn again, at once', async () => {
    const input = { folder, run, target: join(place, 'map told'), formats: ['csv' as const], ...options };
    await page.call('jobs.wait', { job: (await page.call('export.start', input)).job });
    const replaced = async (): Promise<boolean | undefined> => (await page.call('export.preview', input)).earlier?.replaced;
    expect(await replaced()).toBe(false);
    const map = { folder, run, step: source.step, layer: 'last', space: 'whitened' } as const;
    await page.call('jobs.wait', await page.call('map.draw', map));
    expect(await replaced()).toBe(true);
  });

  it('of a folder of the same name, or of images that have other labels by now, is told to take the place, as it then does', async () => {
    const target = join(place, 'twin told');
    const input = { run, target, formats: ['npy' as const], ...options };
    await page.call('jobs.wait', { job: (await page.call('export.start', { ...input, folder })).job });
    const replaced = async (of: number): Promise<boolean | undefined> =>
      (await page.call('export.preview', { ...input, folder: of })).earlier?.replaced;
    expect(await replaced(folder)).toBe(false);
    const twin = join(place, 'elsewhere', 'pictures');
    cpSync(pictures, twin, { recursive: true });
    const scan = await page.call('library.scan', { path: twin });
    await page.call('jobs.wait', { job: scan.job });
    expect(await replaced(scan.folder)).toBe(true);
    await page.call('jobs.wait', { job: (await page.call('export.start', { ...input, folder: scan.folder })).job });
    expect([await replaced(scan.folder), await replaced(folder)]).toEqual([false, true]);
    const unlabelled = await page.call('library.scan', { path: twin, labels: { kind: 'off' } });
    await page.call('jobs.wait', { job: unlabelled.job });
    expect(await replaced(scan.folder)).toBe(true);
    const { job } = await page.call('export.start', { ...input, folder: scan.folder });
    expect((await page.call('jobs.wait', { job })).detail).toMatch(/was replaced/);
    await page.call('library.remove', { folder: scan.folder });
  });

  it('goes to a folder of its own for each checkpoint when no other is named', async () => {
    expect((await page.call('export.target', { folder, run, checkpoint: 'best' })).path).toMatch(
      /ijepa-studio-exports[\\/].*-step-\d+-pictures$/,
    );
    const { step } = (await page.call('explore.sources', { folder })).find((one) => one.run === run)!;
    expect((await page.call('export.target', { folder, run, checkpoint: String(step) })).path).toMatch(
      new RegExp(`-step-${step}-pictures$`),
    );
  });
});

describe('a run with vectors', () => {
  it('keeps them under another name, and takes them with it when it goes', async () => {
    await page.call('runs.rename', { run, name: 'renamed' });
    [run, source] = ['renamed', { ...source, run: 'renamed' }];
    expect((await page.call('explore.sources', { folder }))[0]).toMatchObject({ run: 'renamed', embedded: 2 * perKind + 1 });
    expect((await search({ plus: [{ image: await idOf('dots 003') }] })).neighbours.length).toBe(10);
    const { bytes } = (await page.call('runs.list', {}))[0]!;
    const { freed } = await page.call('runs.delete', { run });
    expect(freed).toBe(bytes);
    expect(readdirSync(join(home, 'embeddings'))).toEqual([]);
    expect(readdirSync(join(home, 'runs'))).toEqual([]);
    expect(await page.call('explore.sources', { folder })).toEqual([]);
  });
});

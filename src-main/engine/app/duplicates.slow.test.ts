// Duplicates through the channels, on a small folder with copies of every kind: without vectors, compared, kept, extended, marked, undone.
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { DuplicateList } from '../../../shared/contract/contract-duplicates.ts';
import type { DuplicateLevel } from '../../../shared/contract/duplicate-terms.ts';
import { checkpointOf } from '../runs/runs.ts';
import { comparePictures } from '../vectors/similar-pictures.ts';
import type { Engine } from './engine.ts';
import type { engineContract } from './handlers.ts';
import { drawPictures, openEngine, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

const perKind = 30;
let [place, pictures, run] = ['', '', ''];
let engine: Engine;
let page: Page;
let folder = 0;

const read = async (): Promise<void> => {
  const { job } = await page.call('library.scan', { path: pictures });
  await page.call('jobs.wait', { job });
};
const embed = async (): Promise<void> => {
  const { job } = await page.call('explore.embed', { folder, run, checkpoint: 'latest', layer: 'last' });
  await page.call('jobs.wait', { job });
};
type Vectors = Exclude<InputOf<(typeof engineContract)['duplicates.list']>['vectors'], undefined>;
const vectors = (space: Vectors['space'] = 'whitened'): Vectors => ({ run, step: 4, layer: 'last', space });
const compare = async (space?: Vectors['space']): Promise<string> => {
  const { job } = await page.call('duplicates.compare', { folder, vectors: vectors(space) });
  return (await page.call('jobs.wait', { job })).detail;
};
const list = async (level: DuplicateLevel, similarity = 0.98, by: Vectors | null = vectors()): Promise<DuplicateList> =>
  page.call('duplicates.list', { folder, level, similarity, offset: 0, limit: 100, ...(by && { vectors: by }) });
const told = ({ rows }: DuplicateList): string[] =>
  rows.map(({ files }) => files.map(({ path, relation }) => `${path} (${relation})`).join(' '));
const dots = (name: string): string => join(pictures, 'dots', name);

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-duplicates-'));
  pictures = join(place, 'pictures');
  await drawPictures(pictures, perKind);
  copyFileSync(dots('dots 000.png'), dots('dots 000 copy.png'));
  await sharp(dots('dots 001.png')).resize(64, 64, { kernel: 'nearest' }).png().toFile(dots('dots 001 large.png'));
  await sharp(dots('dots 002.png')).webp({ lossless: true }).toFile(dots('dots 002 again.webp'));
  ({ engine, page } = openEngine(join(place, 'home')));
  folder = (await page.call('library.scan', { path: pictures })).folder;
  await read();
  const settings = { ...quickSettings, steps: 4, evaluateSteps: 4, evaluateImages: 30 };
  const started = await page.call('runs.start', { folder, settings, usable: false });
  run = started.run;
  await page.call('jobs.wait', { job: started.job });
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

/** What lies beside the vectors, with the times of the files. */
const kept = (): string[] => {
  const root = join(place, 'home', 'embeddings');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('pairs-'))
    .map((name) => `${name} ${statSync(join(root, name)).mtimeMs}`)
    .sort();
};
const copies = ['dots/dots 000 copy.png (file) dots/dots 000.png (file)', 'dots/dots 000.png (file) dots/dots 000 copy.png (file)'];

describe('duplicates of a folder', () => {
  it('of the same file are known without vectors', async () => {
    const found = await list('similar', 0.5, null);
    expect(told(found)).toHaveLength(1);
    expect(copies).toContain(told(found)[0]);
    expect(found).toMatchObject({ groups: 1, files: 2, spareBytes: statSync(dots('dots 000.png')).size });
    expect(found.compared).toBeUndefined();
    await expect(list('file')).rejects.toMatchObject({ code: 'not-found' });
    await expect(compare()).rejects.toMatchObject({ code: 'not-found' });
  });

  it('of the same picture are found once all are compared, and kept', async () => {
    await embed();
    expect((await list('picture')).compared).toBeUndefined();
    expect(told(await list('picture'))).toHaveLength(1);
    expect(await compare()).toMatch(/^[\d,]+ pairs? of similar images found\.$/);
    const found = await list('picture');
    expect(found.compared!.floor).toBeGreaterThanOrEqual(0.8);
    expect(told(found).filter((group) => !copies.includes(group))).toEqual([
      // Which of two is the centre is of no matter, which is best is: more pixels, then more bytes.
      expect.stringMatching(/^dots\/dots 001 large\.png \(\w+\) dots\/dots 001\.png \(\w+\)$/) as unknown,
      expect.stringMatching(/^dots\/dots 002(\.png| again\.webp) \(\w+\) dots\/dots 002(\.png| again\.webp) \(\w+\)$/) as unknown,
    ]);
    const files = kept();
    expect(files).toHaveLength(1);
    await compare();
    expect(kept()).toEqual(files);
  });

  it('whose pixels could not be looked at are counted, and looked at when they are compared again', async () => {
    const cache = join(place, 'home', 'cache');
    renameSync(cache, `${cache} away`);
    expect(await compare('centred')).toMatch(/The pixels of [\d,]+ pairs? were not compared\.$/);
    const before = await list('picture', 0.98, vectors('centred'));
    expect([before.compared!.unseen > 0, before.groups]).toEqual([true, 1]);
    rmSync(cache, { recursive: true, force: true });
    renameSync(`${cache} away`, cache);
    expect(await compare('centred')).not.toContain('not compared');
    const after = await list('picture', 0.98, vectors('centred'));
    expect([after.compared!.unseen, after.groups]).toEqual([0, 3]);
    for (const name of readdirSync(join(place, 'home', 'embeddings'), { recursive: true, encoding: 'utf8' }))
      if (name.includes('pairs-centred-')) unlinkSync(join(place, 'home', 'embeddings', name));
  });

  it('stay compared by their vectors when looking at the pictures is cancelled', async () => {
    const stop = new AbortController();
    const checkpoint = checkpointOf(join(place, 'home', 'runs', run), '4');
    const work = comparePictures(
      engine.context.studio,
      { checkpoint, root: pictures, layer: 'last', space: 'raw' },
      { signal: stop.signal, progress: (stage) => stage === 'pictures' && stop.abort() },
    );
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    expect((await list('picture', 0.98, vectors('raw'))).compared!.unseen).toBeGreaterThan(0);
    for (const name of readdirSync(join(place, 'home', 'embeddings'), { recursive: true, encoding: 'utf8' }))
      if (name.includes('pairs-raw-')) unlinkSync(join(place, 'home', 'embeddings', name));
  });

  it('of what is similar are all as similar as was asked for, and fewer the more that is', async () => {
    let before = Infinity;
    for (const similarity of [0.8, 0.9, 0.98, 0.9999]) {
      const { files, rows } = await list('similar', similarity);
      expect(files).toBeLessThanOrEqual(before);
      before = files;
      for (const group of rows)
        for (const one of group.files) if (one.relation === 'similar') expect(one.similarity).toBeGreaterThan(similarity);
    }
    expect((await list('similar', 1)).files).toBe((await list('picture')).files);
  });

  it('are marked but for the one to keep, and all of it can be undone', async () => {
    const { stamp, rows } = await list('picture');
    const [first] = rows;
    const keep = Int32Array.of(first!.files[1]!.image);
    const question = { folder, vectors: vectors(), level: 'picture', similarity: 0.98, stamp, keep } as const;
    const one = await page.call('duplicates.mark', { ...question, groups: Int32Array.of(first!.files[0]!.image) });
    expect([[...one.marked], [...one.unmarked]]).toEqual([[first!.files[0]!.image], []]);
    // Another one is kept after all.
    const all = await page.call('duplicates.mark', { ...question, keep: new Int32Array(0) });
    expect([...all.unmarked]).toEqual([first!.files[0]!.image]);
    expect(all.marked).toHaveLength(rows.length);
    const marks = async (): Promise<boolean[][]> => (await list('picture')).rows.map(({ files }) => files.map(({ marked }) => marked));
    expect(await marks()).toEqual(rows.map(() => [false, true]));
    await page.call('library.tag', { images: all.marked, name: 'duplicate', on: false });
    await page.call('library.tag', { images: all.unmarked, name: 'duplicate', on: true });
    expect(await marks()).toEqual(rows.map((_, i) => [i === 0, false]));
    await page.call('library.tag', { images: one.marked, name: 'duplicate', on: false });
    expect((await page.call('library.facets', { folder })).tags).toEqual([]);
  });

  it('of which some cannot be tagged are left as they were', async () => {
    const { stamp, rows } = await list('picture');
    const image = rows[0]!.files[0]!.image;
    await page.call('library.tag', { images: Int32Array.of(image), name: 'duplicate', on: true });
    const { database } = engine.context.studio.library;
    database.exec(`CREATE TRIGGER refuse BEFORE DELETE ON image_tags WHEN OLD.image_id = ${image} BEGIN SELECT RAISE(ABORT, 'no'); END`);
    const question = { folder, vectors: vectors(), level: 'picture', similarity: 0.98, stamp, keep: new Int32Array(0) } as const;
    await expect(page.call('duplicates.mark', question)).rejects.toThrow();
    database.exec('DROP TRIGGER refuse');
    expect((await page.call('library.facets', { folder })).tags).toEqual([{ value: 'duplicate', images: 1 }]);
    await page.call('library.tag', { images: Int32Array.of(image), name: 'duplicate', on: false });
  });

  it('are written down as they stand', async () => {
    const { stamp, files } = await list('picture');
    const question = { folder, vectors: vectors(), level: 'picture', similarity: 0.98, stamp, keep: new Int32Array(0) } as const;
    const { name, bytes } = await page.call('duplicates.file', question);
    const lines = new TextDecoder().decode(bytes).trimEnd().split('\r\n');
    expect([name, lines.length]).toEqual(['pictures - duplicates.csv', files + 1]);
    expect(lines.filter((line) => line.includes(',keep,same '))).toHaveLength(3);
    await expect(page.call('duplicates.file', { ...question, stamp: 'another' })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('duplicates.mark', { ...question, level: 'file' })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('stay known when files are deleted; with a new one only that is compared, and the same is found as if all were', async () => {
    unlinkSync(dots('dots 002 again.webp'));
    await read();
    const fewer = await list('picture');
    expect([fewer.compared !== undefined, fewer.groups]).toEqual([true, 2]);
    await sharp(dots('dots 003.png')).png({ palette: false, compressionLevel: 1 }).toFile(dots('dots 003 b.png'));
    await embed();
    expect((await list('picture')).compared).toBeUndefined();
    await compare();
    const extended = [await list('picture'), await list('similar', 0.9)];
    expect(told(extended[0]!).join()).toContain('dots 003 b.png');
    const root = join(place, 'home', 'embeddings');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('pairs-'));
    expect(files).toHaveLength(2);
    for (const name of files) unlinkSync(join(root, name));
    await compare();
    const anew = [await list('picture'), await list('similar', 0.9)];
    expect(anew.map(told)).toEqual(extended.map(told));
    expect(anew.map(({ files: count }) => count)).toEqual(extended.map(({ files: count }) => count));
  });

  it('leave the originals as they are', () => {
    expect(
      readdirSync(join(pictures, 'dots'))
        .filter((name) => /00[0-3]/.test(name))
        .sort(),
    ).toEqual(
      ['dots 000 copy.png', 'dots 000.png', 'dots 001 large.png', 'dots 001.png', 'dots 002.png', 'dots 003 b.png', 'dots 003.png'].sort(),
    );
    expect(readFileSync(dots('dots 000.png'))).toEqual(readFileSync(dots('dots 000 copy.png')));
  });
});

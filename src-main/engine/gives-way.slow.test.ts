// What the engine reads of a large folder is read in pieces: others are answered meanwhile, and once read it is kept.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { images } from '../library/catalogue.ts';
import { addFolder } from '../library/folders.ts';
import { fillLibrary } from '../library/testing/large-catalogue.ts';
import { FolderContentsCache } from './app/folders/folder-contents.ts';
import { planForPage } from './app/runs/run-plan.ts';
import { beginRun, planRun, settleRun } from './runs/runs.ts';
import { Studio } from './studio.ts';

/** 100,000 with IJEPA_LONG=1. */
const count = process.env['IJEPA_LONG'] === '1' ? 100_000 : 20_000;
const place = mkdtempSync(join(tmpdir(), 'gives-way-'));
const root = join(place, 'pictures');
let studio: Studio;
let folder = 0;

beforeAll(() => {
  studio = new Studio({ home: join(place, 'home') });
  folder = fillLibrary(studio.library, root, count).id;
});
afterAll(async () => {
  await studio.dispose();
  rmSync(place, { recursive: true, force: true });
});

const processorMs = (): number => process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000;

/** Longest time, in milliseconds of the processor, for which nothing else had its turn; and how often others had it. */
async function held(work: () => Promise<unknown>): Promise<{ readonly longest: number; readonly turns: number }> {
  let [longest, turns, over, last] = [0, 0, false, processorMs()];
  const turn = (): void => {
    const now = processorMs();
    longest = Math.max(longest, now - last);
    last = now;
    turns++;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  over = true;
  longest = Math.max(longest, processorMs() - last);
  return { longest, turns };
}

/** As a scan by another rule would. */
const setLabels = (image: number, label: string, split: string): unknown =>
  studio.library.write(() =>
    studio.library.database.prepare('UPDATE images SET label = ?, split = ? WHERE id = ?').run(label, split, image),
  );

/** At once, 100,000 images take 300 ms and more; in pieces about 10, the median of their sizes 35, the first trace of a graph up to 90. */
const mostHeld = 200;

it('a plan, a new run and its record hold nobody up, and read the images once', async () => {
  const first = await held(async () => planForPage(studio, root, {}));
  const again = await held(async () => planForPage(studio, root, { epochs: 3 }));
  const images = await studio.readImages(root);
  const begun = await held(async () => {
    const run = await beginRun(studio, root, planRun(studio, root, { epochs: 1 }, images), 'large');
    await settleRun(studio, run);
  });
  if (process.env['IJEPA_FIGURES'] === '1') process.stdout.write(`${JSON.stringify({ count, first, again, begun })}\n`);
  expect(images.all.length).toBeGreaterThan(0.98 * count);
  for (const { longest } of [first, again, begun]) expect(longest).toBeLessThan(mostHeld);
  expect(first.turns).toBeGreaterThan(3);
  expect(await studio.readImages(root)).toBe(images);
});

it('what is known of a folder is read again when it has changed', async () => {
  const before = await studio.readImages(root);
  const [some] = images(studio.library, { root: folder, status: 'ok' });
  setLabels(some!.id, 'other', 'test');
  const [after, both] = await Promise.all([studio.readImages(root), studio.readImages(root)]);
  expect(both).toBe(after);
  expect(after.trained).toBe(before.trained - 1);
  expect(after.fingerprint).toBe(before.fingerprint);
  expect(after.all.find(({ hash }) => hash === some!.hash)).toMatchObject({ label: 'other', split: 'test' });
  expect(studio.folderImages(root).all).toBe(after.all);
  expect(after.labelsFrom).toBeUndefined();
  addFolder(studio.library, root, { kind: 'csv', file: join(root, 'labels.csv') });
  expect(studio.folderImages(root).labelsFrom).toBe('file');
});

it('the contents of a folder hold nobody up, and other changes than theirs do not read them again', async () => {
  const contents = new FolderContentsCache(studio.library);
  const { longest, turns } = await held(async () => contents.of(folder));
  if (process.env['IJEPA_FIGURES'] === '1') process.stdout.write(`${JSON.stringify({ count, contents: { longest, turns } })}\n`);
  expect(longest).toBeLessThan(mostHeld);
  const known = await contents.of(folder);
  const [some] = images(studio.library, { root: folder, status: 'ok' });
  setLabels(some!.id, 'third', 'train');
  expect(await contents.of(folder)).toBe(known);
  expect(await known.count(Buffer.from(some!.hash!, 'hex'))).toBe(1);
  expect(await known.count(Buffer.alloc(32))).toBe(0);
  studio.library.database.prepare("UPDATE images SET status = 'missing' WHERE id = ?").run(some!.id);
  expect((await contents.of(folder)).images).toBe(known.images - 1);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { addFolder, removeFolder } from '../../library/folders.ts';
import { openLibrary } from '../../library/library.ts';
import { smallRecord } from '../../training/testing/small-run.ts';
import { homeAt } from '../home.ts';
import { learnedFrom, wasChosenOtherwise } from './learned-from.ts';

const home = homeAt(mkdtempSync(join(tmpdir(), 'ijepa-learned-')));
const library = openLibrary(home.path, 'write');
afterAll(() => {
  library.dispose();
  rmSync(home.path, { recursive: true });
});

/** A catalogued folder with these contents, by one letter of hexadecimal each. */
function catalogue(path: string, contents: string, { status = 'ok', isRead = true } = {}): void {
  const { id } = addFolder(library, path);
  const run = (sql: string, ...values: readonly (string | number | Buffer)[]) => library.database.prepare(sql).run(...values);
  const finished = isRead ? '2' : 'NULL';
  const { lastInsertRowid: scan } = run(`INSERT INTO scans (folder_id, started_at, finished_at) VALUES (?, 1, ${finished})`, id);
  for (const letter of contents) {
    const hash = Buffer.from(hashOf(letter), 'hex');
    run("INSERT OR IGNORE INTO contents (hash, size, width, height, format) VALUES (?, 1, 2, 3, 'png')", hash);
    run(
      `INSERT INTO images (folder_id, path, size, modified, content_id, status, scan_id)
         SELECT ?, ?, 1, 0, id, ?, ? FROM contents WHERE hash = ?`,
      id,
      `${letter}.png`,
      status,
      Number(scan),
      hash,
    );
  }
}
const hashOf = (letter: string): string => letter.repeat(64);

function run(name: string, folder: string, from?: string, created = smallRecord().created): string {
  const path = join(home.runs, name);
  mkdirSync(path, { recursive: true });
  const begun = from === undefined ? { labels: 'these' } : { from: { run: from, step: 3, checkpoint: '' } };
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...smallRecord(), name, folder, created, ...begun }));
  return path;
}
interface Now {
  readonly fingerprint?: string;
  readonly labels?: string;
  /** By letters. */
  readonly contents?: string;
}
const of = (path: string, root: string, { contents = '0', ...now }: Now = {}): ReturnType<typeof learnedFrom> =>
  learnedFrom({ home, library }, path, root, {
    fingerprint: smallRecord().fingerprint,
    labels: 'these',
    hashes: Array.from(contents, hashOf),
    ...now,
  });
const [here, changed, elsewhere, unknown] = (['here', 'changed', 'elsewhere', 'unknown'] as const).map((learned) => ({ learned }));

it('a run has learned from its own folder, and from no other as far as all it began with is known', async () => {
  for (const [path, contents] of Object.entries({ '/pictures/cells': 'abc', '/pictures/plants': 'de', '/stones': 'f' }))
    catalogue(path, contents);
  const own = run('own', '/pictures/cells');
  expect([await of(own, '/pictures/cells'), await of(own, '/pictures/plants')]).toEqual([here, elsewhere]);
  expect(await of(own, '/pictures/cells', { fingerprint: 'of other images' })).toEqual(changed);
  expect(await of(own, '/pictures/cells', { labels: 'others' })).toEqual(changed);
  // With images in common, whatever is known of their contents.
  expect([await of(own, '/pictures'), await of(own, '/pictures/cells/new')]).toEqual([unknown, unknown]);

  const second = run('second', '/pictures/plants', 'own');
  const third = run('third', '/stones', 'second');
  const places = ['/stones', '/pictures/cells', '/pictures/plants', '/shells'];
  expect(await Promise.all(places.map(async (root) => of(third, root)))).toEqual([here, unknown, unknown, elsewhere]);
  rmSync(second, { recursive: true });
  expect(await of(third, '/shells')).toEqual(unknown);
});

it('a run that was made after the one that names it is not what that began with', async () => {
  const days = ['2026-01-01', '2026-01-02', '2026-01-03'].map((day) => `${day}T00:00:00.000Z`) as [string, string, string];
  catalogue('/old', '1');
  catalogue('/new', '2');
  catalogue('/fine', '3');
  run('images-1', '/old', undefined, days[0]);
  const fine = run('fine', '/fine', 'images-1', days[1]);
  expect(await of(fine, '/shells')).toEqual(elsewhere);
  run('images-1', '/new', undefined, days[2]);
  expect(await of(fine, '/shells')).toEqual(unknown);
  // One that cannot say when it was made may be any.
  run('images-1', '/new', undefined, '');
  expect(await of(fine, '/shells')).toEqual(unknown);
  // It has been given that name itself.
  expect(await of(run('images-1', '/fine', 'images-1', days[1]), '/shells')).toEqual(unknown);
});

it('imported weights have learned from nobody’s folder', async () => {
  expect(await of(run('imported', ''), '/pictures')).toEqual(elsewhere);
});

it('a folder of copies is not one that it has never seen', async () => {
  catalogue('/sown', 'abc');
  catalogue('/gone', '45', { status: 'missing' });
  const first = run('first', '/sown');
  const later = run('later', '/gone', 'first');
  const shared = async (path: string, contents: string) => of(path, '/backup', { contents });
  expect(await shared(first, '1ab2')).toEqual({ ...unknown, common: 2 });
  expect(await shared(first, '12')).toEqual(elsewhere);
  // Those of all that it began with, and also what was moved from there since.
  expect(await shared(later, '1a4')).toEqual({ ...unknown, common: 2 });
  expect(await shared(later, '1')).toEqual(elsewhere);
});

it('what was in a folder that is not catalogued, or was not read through since, nobody knows', async () => {
  const lost = run('lost', '/forgotten');
  expect(await of(lost, '/backup')).toEqual(unknown);
  catalogue('/forgotten', '', { isRead: false });
  expect(await of(lost, '/backup')).toEqual(unknown);
  catalogue('/forgotten', '9');
  expect(await of(lost, '/backup')).toEqual(elsewhere);
  removeFolder(library, '/forgotten');
  expect(await of(run('after', '/stones', 'lost'), '/backup')).toEqual(unknown);
});

it('a run of an earlier version has made its choices by others than are asked now, if it made any by labels', () => {
  const path = run('chosen', '/pictures/cells');
  const log = (...scores: readonly object[]): void =>
    writeFileSync(
      join(path, 'metrics.jsonl'),
      scores.map((score) => `${JSON.stringify({ type: 'evaluation', step: 1, ...score })}\n`).join(''),
    );
  expect(wasChosenOtherwise(path)).toBe(false);
  log({ whitened: { knn: 0.5 }, asked: 'these' }, { whitened: { retrieval: 0.5 } });
  expect(wasChosenOtherwise(path)).toBe(false);
  log({ whitened: { knn: 0.5 }, asked: 'these' }, { whitened: { knn: 0.5 } });
  expect(wasChosenOtherwise(path)).toBe(true);
});

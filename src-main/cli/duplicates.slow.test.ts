// `duplicates` as a person meets it: before anything was trained, with vectors, as a table, and with wrong arguments.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { jsonLines, runCli } from './testing/run-cli.ts';

let [folder, pictures, home] = ['', '', ''];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-duplicates-'));
  [pictures, home] = [join(folder, 'pictures'), join(folder, 'home')];
  mkdirSync(pictures);
  for (let i = 0; i < 24; i++) {
    const random = new Random(3, 'test', i);
    const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, () => random.integer(256));
    await sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } })
      .resize(48, 48, { kernel: 'cubic' })
      .png()
      .toFile(join(pictures, `${i}.png`));
  }
  copyFileSync(join(pictures, '0.png'), join(pictures, 'copy of 0.png'));
  await sharp(join(pictures, '1.png')).resize(96).jpeg({ quality: 90 }).toFile(join(pictures, 'large 1.jpg'));
  expect((await runCli(['scan', pictures, '--home', home])).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const duplicates = async (...more: string[]) => runCli(['duplicates', ...more, '--home', home]);
interface Line {
  readonly type: string;
  readonly code?: string;
  readonly level?: string;
  readonly groups?: number;
  readonly files?: readonly { readonly path: string; readonly keep: boolean; readonly relation: string; readonly similarity: number }[];
}
const lines = (text: string): readonly Line[] => jsonLines(text) as unknown as readonly Line[];

it('before anything was trained the same files are listed, and that it is only these is said', async () => {
  const { code, stdout, stderr } = await duplicates(pictures);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('Nothing was trained yet. Only files with the same content are listed.');
  expect(stdout).toMatch(
    /keep +48×48 +\d+ kB {2}(copy of )?0\.png {2}\(same file\)\nother +48×48 +\d+ kB {2}(copy of )?0\.png {2}\(same file\)\n/,
  );
  expect(stdout).toMatch(/1 group of 2 files that are the same file; all but the first of each take \d+ kB\.\n$/);
  const told = lines((await duplicates(pictures, '--json')).stdout);
  expect(told.map(({ type }) => type)).toEqual(['no-vectors', 'group', 'duplicates']);
  expect(told.at(-1)).toMatchObject({ level: 'file', groups: 1, files: 2 });
});

it('with vectors the same picture is found in another file, compared once, and written as a table outside the originals', async () => {
  const tiny = ['--architecture', 'custom', '--width', '24', '--depth', '1', '--heads', '2', '--image-size', '32', '--patch-size', '8'];
  const sizes = [
    ...tiny,
    '--predictor-width',
    '12',
    '--predictor-depth',
    '1',
    '--predictor-heads',
    '2',
    '--batch-size',
    '8',
    '--threads',
    '1',
  ];
  const trained = await runCli(['train', pictures, ...sizes, '--steps', '3', '--evaluate-images', '0', '--home', home]);
  expect([trained.code, trained.stderr]).toEqual([0, '']);
  const without = await duplicates();
  expect([without.code, without.stdout]).toEqual([0, expect.stringContaining('Only files with the same content are listed.')]);
  expect((await runCli(['embed', '--home', home])).code).toBe(0);
  const before = readdirSync(pictures);
  const table = join(folder, 'duplicates.csv');
  const { code, stdout } = await duplicates('--json', '--csv', table);
  expect(code).toBe(0);
  const groups = lines(stdout).filter(({ type }) => type === 'group');
  expect(groups.map(({ files }) => files!.map(({ path, keep }) => `${path.slice(pictures.length + 1)} ${keep}`).sort())).toContainEqual([
    '1.png false',
    'large 1.jpg true',
  ]);
  expect(lines(stdout).at(-1)).toMatchObject({ type: 'duplicates', level: 'picture', groups: 2 });
  const rows = readFileSync(table, 'utf8').trimEnd().split('\r\n');
  expect(rows).toHaveLength(5);
  expect(rows.filter((row) => row.includes(',keep,same '))).toHaveLength(2);
  expect(readdirSync(pictures)).toEqual(before);
  const embeddings = readdirSync(join(home, 'embeddings'), { recursive: true, encoding: 'utf8' });
  expect(embeddings.filter((name) => name.includes('pairs-whitened-'))).toHaveLength(1);
  // The table is written over, nothing else is.
  expect((await duplicates('--similarity', '0.9', '--csv', table)).code).toBe(0);
  const mine = join(folder, 'mine.csv');
  writeFileSync(mine, 'a,b\n');
  const refused = await duplicates('--csv', mine);
  expect([refused.code, readFileSync(mine, 'utf8')]).toEqual([2, 'a,b\n']);
  const inside = join(pictures, 'list.csv');
  expect([(await duplicates('--csv', inside)).code, existsSync(inside)]).toEqual([2, false]);
});

it.each([
  [['--similarity', '2'], 2, '--similarity'],
  [['--similarity', '0.5'], 2, 'from 0.8 to 1'],
  [['--similarity', 'much'], 2, '--similarity'],
  [['--level', 'all'], 2, '--level'],
  [['--level', 'file', '--similarity', '0.9'], 2, '--similarity'],
  [['--space', 'curved'], 2, '--space'],
  [['--run', 'nobody'], 3, 'nobody'],
])('%j ends with %i and names %s', async (wrong, expected, named) => {
  const { code, stdout, stderr } = await duplicates(pictures, ...wrong);
  expect([code, stdout.includes('group')]).toEqual([expected, false]);
  expect(stderr).toContain(named);
});

it('a folder that was never scanned is not found', async () => {
  expect((await duplicates(join(folder, 'elsewhere'))).code).toBe(3);
});

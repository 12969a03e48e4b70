// The command on a small folder with real vectors: drawn, kept, written as a table and a picture; and the export that draws it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { drawPictures } from '../../engine/app/testing/open-engine.ts';
import { scanFolder } from '../../engine/folders/scan-folder.ts';
import { importWeights } from '../../engine/runs/import-weights.ts';
import type { Imported } from '../../engine/runs/import-weights.ts';
import { checkpointOf } from '../../engine/runs/runs.ts';
import { Studio } from '../../engine/studio.ts';
import { embedFolder } from '../../engine/vectors/embeddings.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { fixturesFolder, readJson } from '../../jepa/testing/reference-values.ts';
import { parseCsv } from '../../library/csv.ts';
import { jsonLines, runCli } from '../testing/run-cli.ts';
import type { CliResult } from '../testing/run-cli.ts';

const perKind = 12;
let folder: string;
let pictures: string;
let imported: Imported;
const home = (): string => join(folder, 'home');
const at = (name: string): string => join(folder, name);
const cli = async (...args: string[]): Promise<CliResult> => runCli([...args, '--home', home()]);
const map = async (...args: string[]): Promise<CliResult> => cli('map', pictures, ...args);

async function read(work: (studio: Studio) => Promise<unknown>): Promise<void> {
  const studio = new Studio({ home: home() });
  try {
    const { config } = imported;
    const shortSide = cachedShortSide(config.imageSize);
    for await (const event of scanFolder(studio, pictures, { settings: preprocessingOf(config), shortSide }))
      if ('counts' in event) expect(event.counts.failed).toBe(0);
    await work(studio);
  } finally {
    await studio.dispose();
  }
}
const embed = async (studio: Studio): Promise<unknown> =>
  embedFolder(studio, { checkpoint: checkpointOf(imported.run), root: pictures, layer: 'last', threads: 1 }, () => {});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-map-'));
  pictures = at('pictures');
  await drawPictures(pictures, perKind);
  const studio = new Studio({ home: home() });
  const { heads } = readJson<{ heads: number }>('step.json');
  imported = importWeights(studio.home, join(fixturesFolder, 'authors-checkpoint.pth.tar'), { heads, name: 'theirs' });
  await studio.dispose();
  await read(async () => Promise.resolve());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('map', () => {
  it('says that vectors are computed first, and refuses what it may not write over before it draws', async () => {
    const none = await map();
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('ijepa-studio embed') as unknown]);
    await read(embed);
    const photo = join(pictures, 'dots', 'dots 000.png');
    const before = readFileSync(photo);
    writeFileSync(at('notes.csv'), 'mine');
    for (const args of [
      ['--sheet', photo],
      ['--sheet', join(pictures, 'map.png')],
      ['--table', join(pictures, 'map.csv')],
      ['--table', at('notes.csv')],
      ['--sheet', at('map.jpg')],
      ['--space', 'round'],
    ]) {
      const { code, stderr, stdout } = await map(...args);
      expect([args, code, stderr.trim().split('\n').length]).toEqual([args, 2, 2]);
      expect(stdout).not.toContain('on the map');
    }
    expect((await map('--table', at('nowhere/map.csv'))).code).toBe(3);
    expect(readFileSync(photo).equals(before)).toBe(true);
    expect([readdirSync(pictures).toSorted(), readFileSync(at('notes.csv'), 'utf8')]).toEqual([['dots', 'stripes'], 'mine']);
    const store = readdirSync(join(home(), 'embeddings'))[0]!;
    expect(readdirSync(join(home(), 'embeddings', store)).filter((name) => name.startsWith('map-'))).toEqual([]);
  });

  it('draws it with progress, and writes the places of all images and a picture', async () => {
    const drawn = await map('--table', at('map.csv'), '--sheet', at('map.png'), '--json');
    expect([drawn.code, drawn.stderr]).toEqual([0, '']);
    const events = jsonLines(drawn.stdout);
    expect(events.filter(({ type }) => type === 'map-progress').length).toBeGreaterThan(0);
    expect(events.at(-1)).toEqual({
      type: 'map',
      space: 'whitened',
      images: 2 * perKind,
      withoutVector: 0,
      drawn: true,
      table: at('map.csv'),
      sheet: at('map.png'),
      pictures: expect.any(Number) as unknown,
      unread: 0,
    });
    const [header, ...rows] = parseCsv(readFileSync(at('map.csv'), 'utf8')).map(({ fields }) => fields);
    expect(header).toEqual(['filepath', 'label', 'x', 'y']);
    const files = ['dots', 'stripes'].flatMap((kind) =>
      readdirSync(join(pictures, kind)).map((name) => `${join(pictures, kind, name)},${kind}`),
    );
    expect(rows.map((row) => row.slice(0, 2).join()).toSorted()).toEqual(files.toSorted());
    const numbers = rows.flatMap((row) => row.slice(2).map(Number));
    expect(numbers.every((value) => Math.abs(value) <= 1)).toBe(true);
    expect(new Set(rows.map((row) => row.slice(2).join())).size).toBe(2 * perKind);
    expect(await sharp(at('map.png')).metadata()).toMatchObject({ width: 2048, height: 2048 + 44 + 24, format: 'png' });
    expect(events.at(-1)!['pictures']).toBeGreaterThan(1);
  });

  it('draws a kept one again only when it is told to, or when images are missing on it', async () => {
    const before = readFileSync(at('map.csv'), 'utf8');
    const kept = await map('--table', at('map.csv'));
    expect(kept.stdout).toContain(`${2 * perKind} images are on the map (whitened), as it was drawn before (--again draws it again).`);
    expect(kept.stdout).toContain('projection_x and projection_y');
    expect(readFileSync(at('map.csv'), 'utf8')).toBe(before);
    const again = await map('--again', '--table', at('map.csv'));
    expect(again.stdout).toContain(`${2 * perKind} images are on the map (whitened).\n`);
    expect(readFileSync(at('map.csv'), 'utf8')).not.toBe(before);
    await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: 250, g: 120, b: 10 } } })
      .png()
      .toFile(join(pictures, 'dots', 'new.png'));
    await read(async () => Promise.resolve());
    expect((await map()).stdout).toContain('1 image has no vector yet and is not on it: ijepa-studio embed computes it.');
    await read(embed);
    expect(jsonLines((await map('--json')).stdout).at(-1)).toMatchObject({ images: 2 * perKind + 1, withoutVector: 0, drawn: true });
  });
});

describe('export --map', () => {
  const exported = async (target: string, ...args: string[]): Promise<CliResult> =>
    cli('export', pictures, at(target), '--run', 'theirs', ...args);
  const projectionOf = (target: string): unknown =>
    (JSON.parse(readFileSync(join(at(target), 'manifest.json'), 'utf8')) as Record<string, unknown>)['projection'];

  it('refuses formats and targets for which no map is to be drawn', async () => {
    const projector = await exported('projector', '--format', 'projector,onnx', '--map');
    expect([projector.code, projector.stderr]).toEqual([2, expect.stringContaining('--map: only Parquet, CSV') as unknown]);
    const among = await exported('pictures/vectors', '--space', 'centred', '--map');
    expect([among.code, among.stderr]).toEqual([2, expect.stringContaining('among the images') as unknown]);
    expect([existsSync(at('projector')), existsSync(join(pictures, 'vectors'))]).toEqual([false, false]);
  });

  it('draws what is not there: of its space, or the whitened one for vectors as they are; and says what the columns are', async () => {
    const store = join(home(), 'embeddings', readdirSync(join(home(), 'embeddings'))[0]!);
    const maps = (): string[] => readdirSync(store).filter((name) => name.startsWith('map-'));
    for (const name of maps()) rmSync(join(store, name));
    const without = await exported('plain', '--format', 'csv');
    expect([without.code, without.stdout.includes('projection_x')]).toEqual([0, false]);
    expect([projectionOf('plain'), maps()]).toEqual([undefined, []]);
    const centred = await exported('centred', '--format', 'csv', '--space', 'centred', '--map');
    expect([centred.code, centred.stderr]).toEqual([0, '']);
    expect(centred.stdout).toContain(`${2 * perKind + 1} images are on the map.`);
    expect(centred.stdout).toContain('projection_x and projection_y are places on the map of the folder (centred).');
    expect(projectionOf('centred')).toMatchObject({ space: 'centred', method: 'umap' });
    for (const name of maps()) rmSync(join(store, name));
    const raw = await exported('raw', '--format', 'parquet', '--map', '--json');
    expect(jsonLines(raw.stdout).at(-1)).toMatchObject({ type: 'done', rows: 2 * perKind + 1, map: { space: 'whitened', missing: 0 } });
    expect(projectionOf('raw')).toMatchObject({ space: 'whitened' });
    const [name] = maps();
    const time = statSync(join(store, name!)).mtimeMs;
    expect((await exported('raw', '--format', 'csv', '--map')).stdout).not.toContain('images are on the map.');
    expect([maps(), statSync(join(store, name!)).mtimeMs]).toEqual([[name], time]);
    expect(readdirSync(at('raw')).toSorted()).toEqual(['embeddings.csv', 'embeddings.parquet', 'manifest.json']);
  });
});

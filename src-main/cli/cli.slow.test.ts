// The program as a person uses it: each command once, on generated pictures, with its exit code and what it prints.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { Studio } from '../engine/studio.ts';
import { jsonLines, otherNode, runCli } from './testing/run-cli.ts';
import type { CliResult } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-cli-'));
const home = join(folder, 'home');
const pictures = join(folder, 'pictures');
const classes = ['blue', 'green', 'red', 'yellow'];
const perClass = 130;
const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  blue: [40, 60, 220],
  green: [40, 200, 60],
  red: [220, 50, 40],
  yellow: [230, 220, 50],
};

/** A noisy square of a class's colour: neighbours of it must be of its class whatever the encoder has learned. */
async function picture(label: string, index: number): Promise<void> {
  const random = new Random(7, 'test', classes.indexOf(label), index);
  const side = 24;
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) =>
    Math.max(0, Math.min(255, colours[label]![i % 3]! + 25 * random.normal())),
  );
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(join(pictures, label, `${index}.png`));
}

const cli = async (...args: string[]): Promise<CliResult> => runCli([...args, '--home', home]);
const small = ['--architecture', 'custom', '--width', '16', '--depth', '2', '--heads', '2', '--image-size', '16', '--patch-size', '4'];
const smaller = ['--predictor-width', '8', '--predictor-depth', '1', '--predictor-heads', '2', '--batch-size', '8', '--threads', '1'];

beforeAll(async () => {
  for (const label of classes) {
    mkdirSync(join(pictures, label), { recursive: true });
    await Promise.all(Array.from({ length: perClass }, async (_, i) => picture(label, i)));
  }
  writeFileSync(join(pictures, 'red', 'torn.jpg'), '');
  writeFileSync(join(pictures, 'notes.txt'), 'no image');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the story of a folder', () => {
  it('scans it, lists what could not be read, and finds nothing new the second time', async () => {
    const list = join(folder, 'failures.csv');
    const first = await cli('scan', pictures, '--failures', list);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('521 files, 1 unreadable: 520 different images');
    expect(first.stdout).toContain('Labels from folders: 4 labels for 520 images.');
    expect(first.stdout).toMatch(/The decode cache takes about 0\.9 MB \(limit [\d.]+ GB\)/);
    expect(first.stdout).toContain('red/torn.jpg: This file is empty.');
    expect(readFileSync(list, 'utf8')).toContain('red/torn.jpg,empty,');
    const second = await cli('scan', pictures, '--json');
    const finished = jsonLines(second.stdout).at(-1)!;
    expect(finished).toMatchObject({ command: 'scan', type: 'finished', counts: { found: 521, unchanged: 520, decoded: 0 } });
  });

  it('plans without training', async () => {
    const { code, stdout } = await cli('train', pictures, '--plan', '--epochs', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/520 images/);
    for (const words of [
      '32×32 px in 16 patches of 8 px',
      '; before that 14 steps of 16 px crops with nothing hidden',
      '128 wide × 2 deep',
      '17 steps of 64 images, 2 crops of each: 2.1 epochs',
    ])
      expect(stdout).toContain(words);
    // What the setting needs beside it is suggested for the folder; what it cannot have is said.
    expect((await cli('train', pictures, '--plan', '--epochs', '2', '--small-first', '0.5')).stdout).toContain(
      'before that 8 steps of 16 px crops with nothing hidden',
    );
    const odd = await cli('train', pictures, '--plan', '--small-first', '0.5', '--image-size', '40', '--patch-size', '8');
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('half of 40 px is no whole number of patches') as unknown]);
    expect((await cli('train', pictures, '--plan', '--run', 'a/b')).code).toBe(2);
    expect(existsSync(join(home, 'runs'))).toBe(false);
  });

  it('trains, and says each step to machines', async () => {
    const { code, stdout } = await cli('train', pictures, ...small, ...smaller, '--steps', '6', '--evaluate-images', '400', '--json');
    expect(code).toBe(0);
    const events = jsonLines(stdout);
    expect(events.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['plan', 'started', 'baselines', 'evaluation', 'checkpoint']));
    expect(events.at(-2)).toMatchObject({ type: 'finished', reason: 'done', step: 6 });
    // What came of it, as a person is told.
    const best = events.findLast((event) => event['type'] === 'evaluation' && event['best'] === true)!;
    expect(events.at(-1)).toMatchObject({
      type: 'result',
      run: 'pictures-1',
      best: best['step'],
      verdict: expect.stringMatching(/better/) as unknown,
      headline: expect.stringMatching(/^Neighbours agree .* queries\)$/) as unknown,
      statement: expect.stringMatching(/\.$/) as unknown,
    });
  });

  it('embeds, and only what is new the second time', async () => {
    const first = await cli('embed', '--json');
    expect(jsonLines(first.stdout).at(-1)).toMatchObject({ type: 'done', rows: 520, added: 520 });
    const second = await cli('embed', '--json');
    expect(jsonLines(second.stdout).at(-1)).toMatchObject({ type: 'done', rows: 520, added: 0 });
  });

  it('says what vectors are made on and why, as it was told or on its own', async () => {
    const told = await cli('embed', '--device', 'cpu', '--json');
    expect(jsonLines(told.stdout).find(({ type }) => type === 'device')).toEqual({
      type: 'device',
      device: 'cpu',
      reason: 'The processor, as asked.',
    });
    expect(jsonLines(told.stdout).at(-1)).toMatchObject({ type: 'done', added: 0, devices: {} });
    expect((await cli('embed')).stdout).toMatch(/^Embeds on: The processor/m);
    expect(jsonLines((await cli('inspect', '--json')).stdout).at(-1)).toMatchObject({ embeddings: [{ rows: 520, devices: { cpu: 520 } }] });
  });

  it('evaluates beside both baselines in three spaces', async () => {
    const { code, stdout } = await cli('evaluate', '--json');
    expect(code).toBe(0);
    const report = jsonLines(stdout).at(-1)!;
    expect(report).toMatchObject({ type: 'report', task: 'labels', classes });
    // A bit of each content says whether it asks for reports: of 520 about half do.
    expect(Math.abs(Number(report['queries']) - 260)).toBeLessThan(40);
    const rows = report['rows'] as { source: string; spaces: Record<string, { neighbours: number; probe: number }> }[];
    expect(rows.map(({ source }) => source)).toEqual(['run', 'untrained', 'pixels']);
    for (const { spaces } of rows) expect(Object.keys(spaces)).toEqual(['raw', 'centred', 'whitened']);
    // The classes differ by colour alone, so whoever looks at the picture at all gets them right.
    expect(rows[2]!.spaces['raw']!.neighbours).toBe(1);
    expect(rows[0]!.spaces['centred']!.neighbours).toBeGreaterThan(0.9);
    expect(report['notes']).toContain('These are held-out queries: none helped choose the checkpoint.');
    const text = await cli('evaluate', '--no-probe', '--choosing');
    expect(text.stdout).toContain('These are validation queries, which help choose the best checkpoint');
    expect(text.stdout).toContain('raw pixels');
    expect(text.stdout).not.toContain('linear probe');
  });

  it('searches by an image of the folder and by one from outside, and draws what it found', async () => {
    const query = join(pictures, 'green', '5.png');
    const outside = join(folder, 'outside.jpg');
    await sharp({ create: { width: 90, height: 60, channels: 3, background: { r: 225, g: 48, b: 44 } } }).toFile(outside);
    const sheet = join(folder, 'found.png');
    const inside = jsonLines(
      (await cli('search', '--image', query, '--space', 'centred', '-k', '5', '--sheet', sheet, '--json')).stdout,
    ).at(-1)!;
    const found = inside['neighbours'] as { rank: number; score: number; label: string; path: string }[];
    expect(found.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
    expect(found.map(({ label }) => label)).toEqual(['green', 'green', 'green', 'green', 'green']);
    expect(found.map(({ path }) => path)).not.toContain(query);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).toSorted((a, b) => b - a));
    expect((await sharp(sheet).metadata()).width).toBeGreaterThan(600);
    const other = await cli('search', '--image', outside, '--minus', query, '--space', 'centred', '-k', '3');
    expect(other.stdout.match(/\[red\]/g)).toHaveLength(3);
    const strict = jsonLines((await cli('search', '--image', query, '--min-score', '1', '--json')).stdout).at(-1)!;
    expect(strict['neighbours']).toEqual([]);
  });

  it('draws what the encoder sees in pictures', async () => {
    const [image, other] = [join(pictures, 'green', '5.png'), join(folder, 'outside.jpg')];
    const sheet = join(folder, 'seen.png');
    const { code, stdout } = await cli('features', '--image', image, other, '--sheet', sheet, '--json');
    expect(code).toBe(0);
    expect(jsonLines(stdout).at(-1)).toMatchObject({ type: 'features', images: [image, other], grid: 16, fittedOn: 48, sheet });
    const drawn = await sharp(sheet).metadata();
    expect([drawn.width, drawn.height]).toEqual([336, 400]);
    // The left column is the pictures: green, then red, each inside its frame.
    const { data } = await sharp(sheet).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number): number[] => [...data.subarray(3 * (y * drawn.width + x), 3 * (y * drawn.width + x) + 3)];
    const [green, red] = [pixel(88, 88), pixel(88, 272)];
    expect(green[1]! - green[0]!).toBeGreaterThan(40);
    expect(red[0]! - red[1]!).toBeGreaterThan(40);
    const refused = async (...args: string[]): Promise<unknown> => {
      const { code: exit, stderr } = await cli('features', ...args);
      return [exit, stderr];
    };
    expect(await refused('--sheet', sheet)).toEqual([2, expect.stringContaining('--image FILE')]);
    expect(await refused('--image', image)).toEqual([2, expect.stringContaining('--sheet seen.png')]);
    expect(await refused('--image', image, '--sheet', join(pictures, 'seen.png'))).toEqual([
      2,
      expect.stringContaining('among the images'),
    ]);
    expect(await refused('--image', join(folder, 'none.png'), '--sheet', sheet)).toEqual([3, expect.stringContaining('There is no file')]);
  });

  it('says which run is used, and what to do where it has no vectors or the folder is a part of another', async () => {
    const query = join(pictures, 'green', '5.png');
    expect((await cli('search', '--image', query)).stdout).toMatch(/^Run pictures-1, step \d\.\n/);
    const layer = await cli('search', '--image', query, '--layer', 'last4');
    expect([layer.code, layer.stderr]).toEqual([
      3,
      expect.stringMatching(/embed --run "pictures-1" --layer last4; or .* --layer last\)\.$/m),
    ]);
    for (const command of ['search', 'embed']) {
      const part = await cli(command, join(pictures, 'green'), ...(command === 'search' ? ['--image', query] : []));
      expect([part.code, part.stderr]).toEqual([3, expect.stringContaining(`Give the whole folder: ${JSON.stringify(pictures)}`)]);
    }
    expect((await cli('train', '--resume')).stdout).toContain('Run pictures-1 is finished already, at step 6 of 6.');
  });

  it('draws no sheet over an original or among the images', async () => {
    const original = join(pictures, 'red', '1.png');
    const before = readFileSync(original);
    for (const target of [original, join(pictures, 'found.png'), join(folder, 'outside.jpg'), folder])
      expect((await cli('search', '--image', join(pictures, 'green', '5.png'), '--sheet', target)).code).toBe(2);
    expect(readFileSync(original).equals(before)).toBe(true);
    expect(existsSync(join(pictures, 'found.png'))).toBe(false);
  });

  it('searches and exports while another engine has the home open, and says so where it must write', async () => {
    const studio = new Studio({ home });
    try {
      const { code, stdout } = await cli('search', '--image', join(pictures, 'red', '1.png'), '-k', '2', '--json');
      expect(code).toBe(0);
      expect(jsonLines(stdout).at(-1)!['neighbours']).toHaveLength(2);
      expect(await cli('export', pictures, join(folder, 'exported'), '--format', 'csv')).toMatchObject({ code: 0, stderr: '' });
      const locked = await cli('scan', pictures);
      expect([locked.code, locked.stderr]).toEqual([
        5,
        expect.stringMatching(new RegExp(`process ${process.pid} \\(.+\\), since .*\\n.* ${process.pid}\\n`)),
      ]);
    } finally {
      await studio.dispose();
    }
  });

  it('shows what there is: home, run, checkpoint', async () => {
    const whole = (await cli('inspect')).stdout;
    expect(whole).toContain('pictures-1  step 6/6  520 images');
    expect(whole).toContain(`${pictures}  520 different images, 4 labels`);
    expect(whole).toMatch(/vectors of pictures-1, step \d: 520/);
    expect((await cli('inspect', pictures)).stdout).toContain('520 different images, 4 labels');
    const run = await cli('inspect', 'pictures-1');
    expect(run.stdout).toContain('checkpoint of step 6');
    const file = join(home, 'runs', 'pictures-1', 'checkpoints', 'step-000000006.safetensors');
    const checkpoint = await cli('inspect', file);
    expect(checkpoint.stdout).toContain('checksum right');
    expect(checkpoint.stdout).toContain('width: 16');
    const damaged = join(folder, 'damaged.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(damaged, bytes);
    expect(await cli('inspect', damaged)).toMatchObject({ code: 4, stdout: '' });
  });

  it('follows a folder that was renamed, and its runs with it, without decoding or embedding again', async () => {
    const renamed = join(folder, 'renamed');
    renameSync(pictures, renamed);
    const lost = await cli('embed');
    expect([lost.code, lost.stderr]).toEqual([3, expect.stringContaining(`--moved-from ${JSON.stringify(pictures)}`)]);
    const moved = await cli('scan', renamed, '--moved-from', pictures, '--json');
    expect(jsonLines(moved.stdout)[0]).toMatchObject({ type: 'moved', matched: 520, missing: 0 });
    expect(jsonLines(moved.stdout).at(-1)).toMatchObject({ counts: { unchanged: 520, decoded: 0 } });
    expect(jsonLines((await cli('embed', '--json')).stdout).at(-1)).toMatchObject({ rows: 520, added: 0 });
    expect(jsonLines((await cli('train', '--resume', '--json')).stdout).at(-1)).toMatchObject({ type: 'finished', step: 6 });
    renameSync(renamed, pictures);
    expect(await cli('scan', pictures, '--moved-from', join(folder, 'nowhere'))).toMatchObject({ code: 3 });
    expect((await cli('scan', pictures, '--moved-from', renamed, '--trust-times')).code).toBe(0);
  });

  it('gives the cache back, and makes it again when it is needed', async () => {
    const cleaned = jsonLines((await cli('clean', '--json')).stdout).at(-1)!;
    expect(cleaned['bytes']).toBeGreaterThan(520 * 24 * 24 * 3);
    const again = jsonLines((await cli('embed', '--layer', 'last4', '--json')).stdout);
    expect(again.find(({ command, type }) => command === 'scan' && type === 'finished')).toMatchObject({ counts: { decoded: 520 } });
    expect(again.at(-1)).toMatchObject({ type: 'done', rows: 520, added: 520 });
  });

  it('looks and cleans without making a home', async () => {
    const none = join(folder, 'no home');
    for (const command of ['inspect', 'clean']) expect((await runCli([command, '--home', none])).code).toBe(0);
    expect(existsSync(none)).toBe(false);
    const file = await runCli(['scan', pictures, '--home', join(pictures, 'notes.txt')]);
    expect([file.code, file.stderr]).toEqual([2, expect.stringContaining('is a file')]);
  });

  it('checks the machine', async () => {
    const { code, stdout } = await cli('doctor', '--json');
    expect(code).toBe(0);
    const found = jsonLines(stdout).at(-1)!;
    const [cpu] = found['devices'] as readonly Readonly<Record<'id' | 'state' | 'deviation' | 'stepSeconds', unknown>>[];
    expect(cpu).toMatchObject({ id: 'cpu', state: 'ready' });
    expect(cpu!.deviation).toBeLessThan(1e-4);
    expect(cpu!.stepSeconds).toBeGreaterThan(0);
    expect(found['chosen']).toBe('cpu');
    expect(found['chosenReason']).toMatch(/processor|Processor/);
    expect([found['vectors'], found['vectorsReason']]).toEqual(['cpu', expect.stringMatching(/^The processor/)]);
  });
});

describe('what is wrong is said with what to do', () => {
  it.each([
    [2, ['train', 'PICTURES', '--batch-size', '0'], /batch/i],
    [2, ['train', 'PICTURES', '--learning-rate', 'NaN'], /learning/i],
    [2, ['train', 'PICTURES', '--image-size', '30', '--patch-size', '4'], /patch/i],
    [2, ['train'], /folder/i],
    [2, ['train', '--resume', '--batch-size', '4'], /settings/i],
    [2, ['train', '--resume', '--labels', 'off'], /--labels/],
    [3, ['train', 'EMPTY', '--resume'], /No run learns from/],
    [2, ['train', 'EMPTY', '--resume', '--run', 'pictures-1'], /learns from .*pictures/],
    [2, ['train', 'PICTURES', '--run', '../outside'], /cannot be called/],
    [2, ['evaluate', '--bank-split', 'train'], /--query-split/],
    [2, ['train', '--resume', '--from-step', 'latest'], /needs --from/],
    [2, ['scan', '.', '--trust-times'], /needs --moved-from/],
    [2, ['clean', '--yes'], /needs --run/],
    [2, ['evaluate', '--pixel-side', '2.5'], /whole number/],
    [2, ['search', '--image', 'NOTES', '-k', '5000'], /1 to 1000/],
    [2, ['search'], /--image/],
    [2, ['evaluate', '--bank', 'many'], /--bank/],
    [2, ['evaluate', '--query-split', 'val'], /split train/],
    [3, ['scan', 'ABSENT'], /exist/i],
    [3, ['scan', 'EMPTY'], /no images/i],
    [2, ['embed', '--device', 'gpu'], /--device: 'gpu' .*\n.*auto, cpu, webgpu/],
    [2, ['evaluate', '--device', 'gpu'], /--device/],
    [3, ['embed', '--run', 'nobody'], /pictures-1/],
    [3, ['embed', '--checkpoint', '99'], /99/],
    [3, ['search', '--image', 'ABSENT'], /no file/i],
    [4, ['search', '--image', 'NOTES'], /image format/i],
    [4, ['embed', '--checkpoint', 'NOTES'], /cannot be used/],
  ] as const)('exit %i: %j', async (code, args, words) => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const places: Readonly<Record<string, string>> = {
      PICTURES: pictures,
      ABSENT: join(folder, 'absent'),
      EMPTY: join(folder, 'empty'),
      NOTES: join(pictures, 'notes.txt'),
    };
    const result = await cli(...args.map((arg) => places[arg] ?? arg));
    expect(result.code).toBe(code);
    const lines = result.stderr.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^ijepa-studio: /);
    expect(result.stderr).toMatch(words);
  });

  it('rejects an unknown command and an unknown flag', async () => {
    expect((await runCli(['trian'])).code).toBe(2);
    expect((await runCli(['scan', '.', '--fast'])).code).toBe(2);
    const told = await runCli(['scan', '.', '--fast', '--json']);
    expect([told.code, told.stderr]).toEqual([2, '']);
    expect(jsonLines(told.stdout)).toEqual([
      {
        type: 'error',
        code: 'bad-config',
        message: expect.stringContaining('--fast') as unknown,
        hint: expect.stringContaining('--help') as unknown,
      },
    ]);
  });
});

describe('what is not wanted any more', () => {
  it('deletes a run with its vectors when it is told so, and nothing without', async () => {
    const asked = await cli('clean', '--run', 'pictures-1');
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    expect(existsSync(join(home, 'runs', 'pictures-1', 'config.json'))).toBe(true);
    const gone = jsonLines((await cli('clean', '--run', 'pictures-1', '--yes', '--json')).stdout).at(-1)!;
    expect(gone).toMatchObject({ type: 'deleted', run: 'pictures-1' });
    expect(gone['bytes']).toBeGreaterThan(2 * 520 * 16 * 4);
    expect(existsSync(join(home, 'runs', 'pictures-1'))).toBe(false);
    expect(jsonLines((await cli('inspect', '--json')).stdout).at(-1)).toMatchObject({ runs: [], embeddings: [] });
  });
});

describe('help', () => {
  it('is there for every command, with examples', async () => {
    const { stdout } = await runCli(['--help']);
    expect(stdout).toContain('Exit codes:');
    const commands = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[options\])? /gm)].map((match) => match[1]!).filter((name) => name !== 'help');
    expect(commands).toEqual(expect.arrayContaining(['demo', 'scan', 'train', 'embed', 'evaluate', 'search', 'map', 'inspect', 'doctor']));
    for (const command of commands) expect((await runCli([command, '--help'])).stdout).toContain('Examples:\n  ijepa-studio ');
  });

  it('starts itself again under its own Node 22 when another starts it', async (context) => {
    const other = otherNode();
    if (!other) return context.skip('no other Node on the PATH');
    expect(await runCli(['--version'], other)).toMatchObject({ code: 0, stdout: '0.1.0\n' });
    expect((await runCli(['inspect', 'nobody', '--home', home], other)).code).toBe(3);
  });
});

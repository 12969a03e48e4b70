// Ctrl-C as a terminal sends it: to the whole group of processes at once.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { onePressMs } from './interrupt.ts';
import { jsonLines, otherNode, program, runCli } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-interrupt-'));
const home = join(folder, 'home');
const pictures = join(folder, 'pictures');
const images = 60;
const small = ['--architecture', 'custom', '--width', '16', '--depth', '1', '--heads', '2', '--image-size', '16', '--patch-size', '4'];
const smaller = ['--predictor-width', '8', '--predictor-depth', '1', '--predictor-heads', '2', '--batch-size', '8', '--threads', '1'];

async function noise(file: string, side: number, seed: number): Promise<void> {
  const random = new Random(4, 'test', seed);
  const pixels = Uint8Array.from({ length: 3 * side ** 2 }, () => random.word() >>> 24);
  await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(file);
}

beforeAll(async () => {
  mkdirSync(pictures);
  for (let i = 0; i < images; i++) await noise(join(pictures, `${i}.png`), 24, i);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Programs that a test began and that have not ended. */
const running = new Set<ChildProcess>();
afterEach(() => {
  // What a failed test leaves would make the next ones wait for its lock.
  for (const { pid } of running) process.kill(-pid!, 'SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly code: Promise<number | null>;
}

/** Starts the program as the head of a process group, as a shell does. */
const start = (...args: string[]): Started => startUnder(process.execPath, ...args);

function startUnder(node: string, ...args: string[]): Started {
  const child = spawn(node, [program, ...args, '--home', home], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  running.add(child);
  child.once('close', () => running.delete(child));
  return { child, stdout: () => text, code: new Promise((resolve) => child.once('close', resolve)) };
}

const interrupt = ({ child }: Started): boolean => process.kill(-child.pid!, 'SIGINT');

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, condition: () => boolean): Promise<void> {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > 90_000) throw new Error(`waited in vain for ${what}`);
    await pause(10);
  }
}

/** Living processes of a group. */
function groupOf(leader: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, , group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
        return Number(group) === leader && state !== 'Z' && state !== 'X';
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe.skipIf(process.platform === 'win32')('Ctrl-C', () => {
  it('ends a run with a checkpoint and exit code 0, and the run goes on from there', async () => {
    const run = start('train', pictures, ...small, ...smaller, '--steps', '100000', '--evaluate-images', '0', '--json');
    await until('some steps', () => run.stdout().includes('"type":"step","step":5,'));
    interrupt(run);
    expect(await run.code).toBe(0);
    const events = jsonLines(run.stdout());
    const last = events.at(-1)!;
    expect(last).toMatchObject({ type: 'finished', reason: 'stopped' });
    expect(events.at(-2)).toMatchObject({ type: 'checkpoint', step: last['step'] });

    // One of its pictures is deleted meanwhile.
    rmSync(join(pictures, '7.png'));
    const again = start('train', '--resume', '--json');
    const from = last['step'] as number;
    await until('steps after those', () => again.stdout().includes(`"type":"step","step":${from + 3},`));
    interrupt(again);
    expect(await again.code).toBe(0);
    const more = jsonLines(again.stdout());
    expect(more.find(({ type }) => type === 'started')).toMatchObject({ step: from });
    expect(more.find(({ type }) => type === 'note')).toMatchObject({ message: expect.stringContaining('have changed') as unknown });
    expect(more.find(({ type }) => type === 'step')).toMatchObject({ step: from + 1, skippedImages: 0 });
  });

  it('ends an evaluation at once, and every process of it', async () => {
    const evaluation = start('evaluate', '--run', 'pictures-1');
    await until('the scan before it', () => evaluation.stdout().includes('different images'));
    interrupt(evaluation);
    expect(await evaluation.code).toBe(130);
    if (process.platform === 'linux') await until('the end of all processes', () => groupOf(evaluation.child.pid!).length === 0);
  });

  it('twice ends the program at once, and every process of it', async () => {
    // A pass of many seconds through the whole batch, within which nothing looks for a stop.
    const run = start(
      'train',
      pictures,
      '--evaluate-images',
      '0',
      '--micro-batch',
      '2048',
      '--image-size',
      '64',
      '--patch-size',
      '8',
      '--batch-size',
      '2048',
      '--threads',
      '1',
      '--steps',
      '50',
    );
    await until('what it says before its first step', () => run.stdout().includes(': 50 steps on'));
    await pause(2000);
    interrupt(run);
    await until('the answer', () => run.stdout().includes('Press Ctrl-C again'));
    // A second signal at once is taken for the same key press; one too many would meet a program without listeners on its way out.
    await pause(1.2 * onePressMs);
    interrupt(run);
    expect(await run.code).toBe(130);
    if (process.platform === 'linux') await until('the end of all processes', () => groupOf(run.child.pid!).length === 0);
    // Nothing is locked or half written.
    const { code, stdout } = await runCli(['inspect', '--home', home, '--json']);
    expect(code).toBe(0);
    expect(stdout).toContain('pictures-2');
  });

  it('in a scan keeps what was read, and blames no file for it', async () => {
    const large = join(folder, 'large');
    mkdirSync(large);
    await noise(join(folder, 'one.png'), 500, 1);
    const bytes = readFileSync(join(folder, 'one.png'));
    // Bytes after the end of a PNG are none of its image, but make it another file.
    for (let i = 0; i < 80; i++) writeFileSync(join(large, `${i}.png`), Buffer.concat([bytes, Buffer.from(`${i}`)]));
    const scan = start('scan', large, '--json');
    await until('the first decoded file', () => /"decoded":[1-9]/.test(scan.stdout()));
    interrupt(scan);
    expect([0, 130]).toContain(await scan.code);
    const rest = await runCli(['scan', large, '--home', home, '--json']);
    expect(jsonLines(rest.stdout).at(-1)).toMatchObject({ type: 'finished', counts: { found: 80, failed: 0 } });
  });
});

/** Files of a run's checkpoints. */
const checkpointsOf = (run: string): string[] =>
  readdirSync(join(home, 'runs', run, 'checkpoints')).filter((name) => /^step-\d+\.safetensors$/.test(name));

const launched = otherNode();
describe.skipIf(process.platform !== 'linux' || launched === undefined)('a run that another Node started', () => {
  const begin = async (run: string): Promise<Started> => {
    const started = startUnder(
      launched!,
      'train',
      pictures,
      '--run',
      run,
      ...small,
      ...smaller,
      '--steps',
      '100000',
      '--evaluate-images',
      '0',
      '--json',
    );
    await until('some steps', () => started.stdout().includes('"type":"step","step":5,'));
    return started;
  };

  it('ends with a checkpoint, and all its processes, when the launcher is killed', async () => {
    const run = await begin('orphan');
    run.child.kill('SIGKILL');
    await until('the end of all processes', () => groupOf(run.child.pid!).length === 0);
    expect(checkpointsOf('orphan')).toHaveLength(1);
    expect((await runCli(['scan', pictures, '--home', home])).code).toBe(0);
  });

  it('keeps a checkpoint and exit code 0 when the signal comes to the group, twice, or to the launcher alone', async () => {
    const group = await begin('group');
    interrupt(group);
    group.child.kill('SIGINT');
    expect(await group.code).toBe(0);
    expect(jsonLines(group.stdout()).at(-1)).toMatchObject({ type: 'finished', reason: 'stopped' });
    const alone = await begin('alone');
    alone.child.kill('SIGINT');
    expect(await alone.code).toBe(0);
    expect(checkpointsOf('alone')).toHaveLength(1);
  });
});

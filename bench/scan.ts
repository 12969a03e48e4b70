// A scan against what sharp alone needs to decode the same files on all cores, in turns; batches from the decode cache; a large folder.
// node bench/scan.ts [--images 10000] [--rounds 3] [--many 100000]
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { imagenetMean, imagenetStd } from '../shared/config/preprocessing.ts';
import type { DecodeSettings } from '../shared/config/preprocessing.ts';
import { Random } from '../shared/random.ts';
import { nodeArguments } from '../src-main/files/node-arguments.ts';
import { BatchSource } from '../src-main/images/batches.ts';
import { DecodeCache } from '../src-main/images/cache.ts';
import { DecoderPool } from '../src-main/images/decoder-pool.ts';
import { imagesForTraining } from '../src-main/library/catalogue.ts';
import { openLibrary } from '../src-main/library/library.ts';
import { scan } from '../src-main/library/scan.ts';

const shortSide = 256;
const settings: DecodeSettings = {
  background: [255, 255, 255],
  intensity: 'full',
  intensityPercentile: [1, 99],
  intensityWindow: [0, 65535],
  channels: 'rgb',
};
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** A JPEG about as detailed as a photograph: noise at three scales. */
async function photograph(seed: number, width: number, height: number): Promise<Buffer> {
  const random = new Random(seed, 'test');
  const layer = async (w: number, h: number): Promise<Buffer> =>
    sharp(
      Uint8Array.from({ length: w * h * 3 }, () => random.integer(256)),
      { raw: { width: w, height: h, channels: 3 } },
    )
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .raw()
      .toBuffer();
  const layers = [await layer(5, 4), await layer(Math.ceil(width / 12), Math.ceil(height / 12)), await layer(width, height)] as const;
  const mixed = layers[0].map((value, i) => Math.round(0.7 * value + 0.22 * layers[1][i]! + 0.08 * layers[2][i]!));
  return sharp(mixed, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 88 })
    .toBuffer();
}

/** Writes `count` files whose contents and sizes differ as those of photographs do: a few pictures, with other bytes behind their end. */
async function makeFolder(folder: string, count: number, width: number, height: number): Promise<string[]> {
  const pictures = await Promise.all(Array.from({ length: 32 }, async (_, i) => photograph(i, width, height)));
  const files: string[] = [];
  const random = new Random(2, 'test');
  const tail = Math.round(pictures[0]!.length / 4);
  for (let i = 0; i < count; i++) {
    const inner = join(folder, `class-${i % 100}`);
    if (i < 100) mkdirSync(inner, { recursive: true });
    files.push(join(inner, `${i}.jpg`));
    writeFileSync(files[i]!, Buffer.concat([pictures[i % pictures.length]!, Buffer.alloc(random.integer(tail)), Buffer.from(String(i))]));
  }
  return files;
}

type Job =
  | { readonly kind: 'decode'; readonly files: readonly string[] }
  | { readonly kind: 'scan'; readonly photos: string; readonly place: string };

/** A process of its own, ready to work. */
async function helper(): Promise<ChildProcess> {
  const child = fork(import.meta.filename, ['--helper'], { execArgv: [...nodeArguments] });
  await once(child, 'message');
  return child;
}
async function ask(child: ChildProcess, job: Job): Promise<number> {
  child.send(job);
  const [answer] = (await once(child, 'message')) as [number];
  return answer;
}

/** Processor time that a process has used, milliseconds; 0 where there is no /proc. */
function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12])); // ticks of user and system, a hundred a second
  } catch {
    return 0;
  }
}
const cpuOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0);

/** Milliseconds that a scan takes, decoders started before. */
async function scanMs(photos: string, place: string, pool: DecoderPool): Promise<number> {
  const library = openLibrary(join(place, 'library'));
  const cache = new DecodeCache(join(place, 'cache'), { access: 'write' });
  try {
    const began = performance.now();
    for await (const event of scan(library, photos, { decoder: pool, cache, settings, shortSide }))
      if (event.type === 'finished' && event.counts.failed > 0) throw new Error(`${event.counts.failed} files failed`);
    return performance.now() - began;
  } finally {
    cache.dispose();
    library.dispose();
  }
}

/** Milliseconds for `sharp(file).resize().raw()` of all files, in one process per core that takes every n-th file. */
async function bareMs(files: readonly string[], helpers: readonly ChildProcess[]): Promise<number> {
  const began = performance.now();
  await Promise.all(
    helpers.map(async (child, n) => ask(child, { kind: 'decode', files: files.filter((_, i) => i % helpers.length === n) })),
  );
  return performance.now() - began;
}

async function decodeBare(files: readonly string[]): Promise<number> {
  sharp.concurrency(1);
  sharp.cache(false);
  for (const file of files) await sharp(file, { failOn: 'warning' }).autoOrient().resize({ height: shortSide }).raw().toBuffer();
  return files.length;
}

export interface ScanFigures {
  readonly images: number;
  readonly scanMs: number;
  readonly sharpMs: number;
  /** Of the medians; the goal is 1.2. */
  readonly ratio: number;
  /** Of the processor time of all processes: the same on a machine that others use too. NaN where there is no /proc. */
  readonly cpuRatio: number;
  /** One thread, batches of 64 images at 224 px; the goal is 1,000. */
  readonly cropsPerSecond: number;
  /** The same per second of processor time. */
  readonly cropsPerCpuSecond: number;
}

/** Crops that one thread makes from the cache of a scanned place, per second and per second of processor time. */
async function batchRates(
  place: string,
  photos: string,
  steps: number,
): Promise<Pick<ScanFigures, 'cropsPerSecond' | 'cropsPerCpuSecond'>> {
  const library = openLibrary(join(place, 'library'), 'read');
  const hashes = imagesForTraining(library, photos).map(({ hash }) => hash);
  library.dispose();
  const source = new BatchSource(
    {
      pictures: { cache: join(place, 'cache'), hashes },
      batchSize: 64,
      crops: 1,
      seed: 1,
      cropScale: [0.3, 1],
      cropAspect: [3 / 4, 4 / 3],
      flip: true,
      colourJitter: 0,
      greyscale: 0,
      targets: { target: { size: 224, patchSize: 16, mean: imagenetMean, std: imagenetStd } },
    },
    { most: 1 },
  );
  try {
    for (let step = 0; step < 3; step++) await source.next(step);
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let step = 3; step < 3 + steps; step++) await source.next(step);
    const { user, system } = process.cpuUsage(cpuBefore);
    const crops = 64 * steps;
    return { cropsPerSecond: crops / ((performance.now() - began) / 1000), cropsPerCpuSecond: crops / ((user + system) / 1e6) };
  } finally {
    await source.dispose();
  }
}

/** Scans `images` JPEGs of 500×400 and decodes them with sharp alone, in turns; medians of `rounds`. */
export async function measureScan(images = 2000, rounds = 3): Promise<ScanFigures> {
  const root = mkdtempSync(join(tmpdir(), 'bench-scan-'));
  const pool = new DecoderPool();
  const helpers = await Promise.all(Array.from({ length: availableParallelism() }, helper));
  try {
    const photos = join(root, 'photos');
    const files = await makeFolder(photos, images, 500, 400);
    await Promise.all(files.slice(0, 8).map(async (path) => pool.decode({ path, settings, shortSide })));
    await bareMs(files.slice(0, 8), helpers);
    const [scans, bare, scanCpu, bareCpu]: [number[], number[], number[], number[]] = [[], [], [], []];
    const helperPids = helpers.map(({ pid }) => pid!);
    const timed = async (pids: readonly number[], cpu: number[], work: () => Promise<number>): Promise<number> => {
      const before = cpuOf(pids);
      const ms = await work();
      cpu.push(cpuOf(pids) - before);
      return ms;
    };
    for (let round = 0; round < rounds; round++) {
      bare.push(await timed(helperPids, bareCpu, async () => bareMs(files, helpers)));
      const place = join(root, `place-${round}`);
      mkdirSync(place);
      scans.push(await timed([process.pid, ...pool.pids], scanCpu, async () => scanMs(photos, place, pool)));
      if (round + 1 < rounds) rmSync(place, { recursive: true });
    }
    const [a, b] = [median(scans), median(bare)];
    const rates = await batchRates(join(root, `place-${rounds - 1}`), photos, 40);
    return { images, scanMs: a, sharpMs: b, ratio: a / b, cpuRatio: median(scanCpu) / median(bareCpu), ...rates };
  } finally {
    for (const child of helpers) child.disconnect();
    await pool.dispose();
    rmSync(root, { recursive: true, force: true });
  }
}

export interface LargeFolderFigures {
  readonly files: number;
  readonly firstSeconds: number;
  /** Highest resident memory of the scanning process, decoders left out, bytes; 0 where there is no /proc. */
  readonly firstPeak: number;
  /** The same for a second scan of the unchanged folder, in a process of its own. */
  readonly secondSeconds: number;
  readonly secondPeak: number;
}

/** Time and memory of a scan of many tiny files, and of an unchanged one. */
export async function measureLargeFolder(files = 100_000): Promise<LargeFolderFigures> {
  const root = mkdtempSync(join(tmpdir(), 'bench-many-'));
  try {
    const photos = join(root, 'photos');
    await makeFolder(photos, files, 32, 32);
    const once = async (): Promise<{ seconds: number; peak: number }> => {
      const child = await helper();
      const seconds = (await ask(child, { kind: 'scan', photos, place: root })) / 1000;
      const peak = peakBytes(child.pid!);
      child.disconnect();
      return { seconds, peak };
    };
    const [first, second] = [await once(), await once()];
    return { files, firstSeconds: first.seconds, firstPeak: first.peak, secondSeconds: second.seconds, secondPeak: second.peak };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function peakBytes(pid: number): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  } catch {
    return 0;
  }
}

/** Rows of the table: scan against sharp, and batches. */
export async function benchScan(images?: number, rounds?: number): Promise<{ rows: { name: string; value: string }[] }> {
  const figures = await measureScan(images, rounds);
  const rate = (ms: number): string => `${Math.round(figures.images / (ms / 1000))} images/s`;
  return {
    rows: [
      {
        name: `scan of ${figures.images.toLocaleString('en')} JPEGs of 500×400 to ${shortSide} px, ${availableParallelism()} cores`,
        value: `${(figures.scanMs / 1000).toFixed(2)} s (${rate(figures.scanMs)}), sharp alone ${(figures.sharpMs / 1000).toFixed(2)} s (${rate(figures.sharpMs)}), ratio ${figures.ratio.toFixed(2)}, of processor time ${figures.cpuRatio.toFixed(2)}`,
      },
      {
        name: 'random crops of 224 px from the cache, one core',
        value: `${Math.round(figures.cropsPerSecond)} images/s, ${Math.round(figures.cropsPerCpuSecond)} per second of processor time`,
      },
    ],
  };
}

function serve(): void {
  process.on('message', (job: Job) => {
    const work = job.kind === 'decode' ? decodeBare(job.files) : withPool(async (pool) => scanMs(job.photos, job.place, pool));
    void work.then((answer) => process.send!(answer));
  });
  process.on('disconnect', () => process.exit(0));
  process.send!('ready');
}

async function withPool<T>(work: (pool: DecoderPool) => Promise<T>): Promise<T> {
  const pool = new DecoderPool();
  try {
    return await work(pool);
  } finally {
    await pool.dispose();
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { helper: { type: 'boolean' }, images: { type: 'string' }, rounds: { type: 'string' }, many: { type: 'string' } },
  });
  if (values.helper) serve();
  else if (values.many !== undefined) {
    const figures = await measureLargeFolder(Number(values.many));
    const line = (what: string, seconds: number, peak: number): void =>
      console.log(
        `${what} of ${figures.files.toLocaleString('en')} files of 32×32: ${seconds.toFixed(1)} s, ${Math.round(peak / 1e6)} MB at most`,
      );
    line('scan', figures.firstSeconds, figures.firstPeak);
    line('unchanged scan', figures.secondSeconds, figures.secondPeak);
  } else {
    const { rows } = await benchScan(Number(values.images ?? 2000), Number(values.rounds ?? 3));
    for (const { name, value } of rows) console.log(`${name}: ${value}`);
  }
}

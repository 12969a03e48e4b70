// kill -9 at random moments of a scan. IJEPA_LONG=1 kills 200 times instead of 20.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { DecodeCache } from '../images/cache.ts';
import { images } from './catalogue.ts';
import { failures, retryFailed } from './failures.ts';
import { openLibrary } from './library.ts';
import { CountingDecoder, png, scanned } from './testing/scan-fixtures.ts';

const kills = process.env['IJEPA_LONG'] === '1' ? 200 : 20;
/** Milliseconds: a kill takes one to three seconds. */
const timeout = kills * 9000;
const imageCount = 300;
let root = '';
let photos = '';

async function makePhotos(): Promise<void> {
  const random = new Random(1, 'test');
  const noise = new Uint8Array(640 * 480 * 3);
  for (let i = 0; i < noise.length; i++) noise[i] = 100 + (i % 97) + random.integer(30);
  const base = sharp(noise, { raw: { width: 640, height: 480, channels: 3 } });
  const whole = await base.jpeg().toBuffer();
  for (let i = 0; i < imageCount; i++) {
    const folder = join(photos, i % 3 === 0 ? 'test' : 'train', i % 2 === 0 ? 'cat' : 'dog', `${i % 7}`);
    mkdirSync(folder, { recursive: true });
    // Bytes behind the end of the image make contents that differ cheaply; every tenth is a copy.
    const tail = Buffer.from(`picture ${i % 10 === 9 ? i - 1 : i}`);
    writeFileSync(join(folder, `${i}.jpg`), i % 60 === 30 ? whole.subarray(0, 500 + i) : Buffer.concat([whole, tail]));
  }
  writeFileSync(join(photos, 'letter.jpg'), 'a letter');
  writeFileSync(join(photos, 'empty.png'), '');
}

interface Run {
  readonly child: ChildProcess;
  /** Everything it has said. */
  said(): string;
  readonly exit: Promise<unknown>;
}

function start(place: string, ...more: string[]): Run {
  const script = join(import.meta.dirname, 'testing/scan-once.ts');
  const child = spawn(process.execPath, [...nodeArguments, script, photos, place, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  return { child, said: () => said, exit: once(child, 'close') };
}
async function until(run: Run, word: string): Promise<void> {
  while (!run.said().includes(word)) {
    if (run.child.exitCode !== null) throw new Error(`The scan ended without "${word}": ${run.said()}`);
    await sleep(5);
  }
}

/** What a library knows, without numbers and times. */
function contents(place: string): unknown {
  const library = openLibrary(join(place, 'library'));
  const rows = images(library, {}, { limit: 100_000 }).map(({ path, size, status, hash, width, height, format, label, split }) => [
    path,
    size,
    status,
    hash,
    width,
    height,
    format,
    label,
    split,
  ]);
  const failed = failures(library).map(({ path, reason }) => [path, reason]);
  library.dispose();
  return { rows, failed };
}

/** Opens what a killed scan left and checks all of it. Returns the images that are known so far. */
async function check(place: string): Promise<number> {
  const library = openLibrary(join(place, 'library'));
  const cache = new DecodeCache(join(place, 'cache'), { access: 'write' });
  try {
    expect(library.database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(library.database.pragma('foreign_key_check')).toEqual([]);
    const rows = images(library, { status: 'ok' }, { limit: 100_000 });
    for (const { hash } of rows) expect(cache.has(hash!)).toBe(true);
    expect(await cache.forgetDamaged()).toBe(0);
    return rows.length;
  } finally {
    cache.dispose();
    library.dispose();
  }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'scan-kill-'));
  photos = join(root, 'photos');
  mkdirSync(photos);
  await makePhotos();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a scan that is killed', () => {
  it(
    `at ${kills} random moments leaves everything readable, and in the end knows what one that was never killed knows`,
    async () => {
      const reference = join(root, 'reference');
      mkdirSync(reference);
      const began = performance.now();
      const whole = start(reference);
      await whole.exit;
      const fullMs = performance.now() - began;
      expect(whole.said()).toContain('finished');
      const wanted = contents(reference);
      const pictures = new DecodeCache(join(reference, 'cache'), { access: 'read' });

      const random = new Random(Date.now(), 'test');
      let [killed, libraries, duringScan] = [0, 0, 0];
      while (killed < kills) {
        const place = join(root, `place-${libraries++}`);
        mkdirSync(place);
        for (let over = false; !over;) {
          const run = start(place);
          if (killed < kills) {
            await Promise.race([run.exit, sleep(fullMs * random.uniform())]);
            run.child.kill('SIGKILL');
          }
          await run.exit;
          over = run.said().includes('finished');
          if (over) continue;
          killed++;
          if (run.said().includes('begun')) duringScan++;
          await check(place);
        }
        await check(place);
        const library = openLibrary(join(place, 'library'));
        // A file during whose decode the program ended three times is left alone: a person would ask for another try.
        const unlucky = failures(library).filter(({ reason }) => reason === 'crashed-the-decoder');
        if (unlucky.length > 0) {
          retryFailed(
            library,
            photos,
            unlucky.map(({ imageId }) => imageId!),
          );
          await scanned(library, photos, { decoder: new CountingDecoder(photos) });
        }
        library.dispose();
        expect(unlucky.length).toBeLessThan(3);
        expect(contents(place)).toEqual(wanted);
        const cache = new DecodeCache(join(place, 'cache'), { access: 'read' });
        expect(cache.size).toBe(pictures.size);
        for (const [, , status, hash] of (wanted as { rows: [string, number, string, string | null][] }).rows)
          if (status === 'ok') expect(await cache.get(hash!)).toEqual(await pictures.get(hash!));
        cache.dispose();
        rmSync(place, { recursive: true });
      }
      expect(duringScan).toBeGreaterThan(kills / 4);
      pictures.dispose();
    },
    timeout,
  );

  it('three times by the same file leaves that file alone, and only that one, until a person asks', async () => {
    const few = photos;
    photos = join(root, 'few');
    mkdirSync(photos);
    try {
      for (let i = 0; i < 5; i++) writeFileSync(join(photos, `${i}.png`), await png(i));
      const place = join(root, 'evil');
      mkdirSync(place);
      for (let time = 0; time < 3; time++) {
        const run = start(place, '2.png');
        await until(run, 'hanging');
        run.child.kill('SIGKILL');
        await run.exit;
      }
      const run = start(place, '2.png');
      await run.exit;
      expect(run.said()).not.toContain('hanging');
      expect(run.said()).toMatch(/finished .*"failed":1/);
      const library = openLibrary(join(place, 'library'));
      expect(failures(library)).toMatchObject([
        { path: '2.png', reason: 'crashed-the-decoder', message: expect.stringContaining('three times') as string },
      ]);
      retryFailed(library, photos);
      const decoder = new CountingDecoder(photos);
      expect((await scanned(library, photos, { decoder })).counts).toMatchObject({ unchanged: 4, decoded: 1, failed: 0 });
      expect(decoder.taken()).toEqual(['2.png']);
      library.dispose();
    } finally {
      photos = few;
    }
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { DecoderPool } from './decoder-pool.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodeRequest } from './decoder.ts';
import { coloursOf, distance, imageOf, plainSettings, quadrantColours, quadrants, quadrantsHeic } from './testing/test-images.ts';

let root = '';
/** Takes a second or so to decode. */
let long = '';
const small: string[] = [];
const request = (path: string): DecodeRequest => ({ path, settings: plainSettings, shortSide: 32 });

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'decoder-pool-'));
  for (let i = 0; i < 12; i++) {
    small.push(join(root, `${i}.png`));
    await quadrants(64 + i, 48)
      .png()
      .toFile(small[i]!);
  }
  long = join(root, 'long.png');
  await sharp({ create: { width: 9000, height: 9000, channels: 3, background: '#777' } })
    .png({ compressionLevel: 1 })
    .toFile(long);
});
afterAll(() => rmSync(root, { recursive: true }));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}
/** A pool of one process that has loaded its libraries. */
async function readyPool(timeoutMs = defaultLimits.timeoutMs): Promise<DecoderPool> {
  const pool = new DecoderPool({ processes: 1, limits: { ...defaultLimits, timeoutMs } });
  imageOf(await pool.decode(request(small[0]!)));
  return pool;
}

describe('decoder pool', () => {
  it('decodes many files at once, each with its own answer', async () => {
    const pool = new DecoderPool({ processes: 2 });
    const results = await Promise.all(small.map(async (path) => pool.decode(request(path))));
    expect(results.map((result) => imageOf(result).originalWidth)).toEqual(small.map((_, i) => 64 + i));
    for (const result of results) expect(distance(coloursOf(imageOf(result)), quadrantColours)).toBeLessThan(3);
    expect(pool.pids.length).toBeLessThanOrEqual(2);
    expect(pool.pids).not.toContain(process.pid);
    await pool.dispose();
    expect(pool.pids.filter(isAlive)).toEqual([]);
  });

  it('loses one file to a crash; those behind it go to another process', async () => {
    for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const) {
      const pool = await readyPool();
      const [pid] = pool.pids;
      const crashing = pool.decode(request(long));
      const behind = [1, 2, 3, 4].map(async (i) => pool.decode(request(small[i]!)));
      process.kill(pid!, signal);
      expect(await crashing).toMatchObject({ ok: false, failure: { reason: 'crashed-the-decoder' } });
      expect((await Promise.all(behind)).map((result) => imageOf(result).originalWidth)).toEqual([65, 66, 67, 68]);
      expect(pool.pids).not.toContain(pid);
      await pool.dispose();
    }
  });

  it('gives a file up that takes longer than the limit, blames it only once its bytes were read, and goes on with the next', async () => {
    const stall = join(root, 'stall.cjs');
    const [heavy, stalled, late] = [join(root, 'heavy.heic'), join(root, 'stalled.heic'), join(root, 'late.heic')];
    for (const path of [heavy, stalled, late]) writeFileSync(path, quadrantsHeic);
    // A drive that does not answer, or late; a picture that is never decoded, or late.
    writeFileSync(
      stall,
      `const { createRequire, syncBuiltinESMExports } = require('node:module');
      const fs = require('node:fs');
      const heic = createRequire(${JSON.stringify(import.meta.filename)})('heic-decode');
      const { all } = heic;
      const { openSync } = fs;
      const forever = 2 ** 31 - 1;
      let waits = 0;
      fs.openSync = (path, ...rest) => {
        const name = String(path);
        waits = name.endsWith('heavy.heic') ? forever : name.endsWith('late.heic') ? 2000 : 0;
        const drive = name.endsWith('stalled.heic') ? forever : waits === 2000 ? 2000 : 0;
        if (drive > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, drive);
        return openSync(path, ...rest);
      };
      heic.all = async (options) => {
        await new Promise((resolve) => setTimeout(resolve, waits));
        return all(options);
      };
      syncBuiltinESMExports();`,
    );
    vi.stubEnv('NODE_OPTIONS', `--require ${stall}`);
    try {
      const pool = await readyPool(3000);
      const [pid] = pool.pids;
      const [slow, behind] = [pool.decode(request(heavy)), pool.decode(request(small[2]!))];
      expect(await slow).toEqual({ ok: false, failure: { reason: 'too-slow', message: 'Decoding took longer than 3 seconds.' } });
      expect(imageOf(await behind).originalWidth).toBe(66);
      await until(() => !isAlive(pid!));
      const [unread, next] = [pool.decode(request(stalled)), pool.decode(request(small[3]!))];
      expect(await unread).toEqual({
        ok: false,
        failure: {
          reason: 'unreadable',
          message: 'Reading took longer than 3 seconds; the file is tried again when the folder is read next.',
        },
      });
      expect(imageOf(await next).originalWidth).toBe(67);
      // Two seconds of each.
      expect(imageOf(await pool.decode(request(late))).originalWidth).toBe(64);
      await pool.dispose();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('tries a file again in a new process where the decoder ran out of its own memory, and blames it when that one does too', async () => {
    const abort = join(root, 'abort.cjs');
    const heic = join(root, 'photo.heic');
    const always = join(root, 'always.heic');
    writeFileSync(heic, quadrantsHeic);
    writeFileSync(always, Buffer.concat([quadrantsHeic, Buffer.from([0, 0, 0, 8]), Buffer.from('free')]));
    // As libheif does: where nothing waits for it, after the first photo of a process; with one file at the very call.
    writeFileSync(
      abort,
      `const { createRequire } = require('node:module');
      const heic = createRequire(${JSON.stringify(import.meta.filename)})('heic-decode');
      const { all } = heic;
      let calls = 0;
      heic.all = async (options) => {
        const error = new WebAssembly.RuntimeError('Aborted(OOM)');
        if (options.buffer.length > ${quadrantsHeic.length}) throw error;
        if (calls++ === 0) return all(options);
        setTimeout(async () => { throw error; }, 0);
        return new Promise(() => {});
      };`,
    );
    vi.stubEnv('NODE_OPTIONS', `--require ${abort}`);
    try {
      const pool = new DecoderPool({ processes: 1 });
      imageOf(await pool.decode(request(heic)));
      const [pid] = pool.pids;
      const [again, behind] = [pool.decode(request(heic)), pool.decode(request(small[1]!))];
      imageOf(await again);
      expect(imageOf(await behind).originalWidth).toBe(65);
      expect(pool.pids).not.toContain(pid);
      const [bad, next] = [pool.decode(request(always)), pool.decode(request(small[2]!))];
      expect(await bad).toMatchObject({ ok: false, failure: { reason: 'crashed-the-decoder' } });
      expect(imageOf(await next).originalWidth).toBe(66);
      await pool.dispose();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('blames no file when its processes do not even start, and says so', async () => {
    vi.stubEnv('NODE_OPTIONS', '--require /nonexistent/module.cjs');
    try {
      const pool = new DecoderPool({ processes: 2 });
      for (const path of small.slice(0, 3)) await expect(pool.decode(request(path))).rejects.toMatchObject({ code: 'decoder-crashed' });
      await pool.dispose();
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('tells those who wait when it is shut down', async () => {
    const pool = await readyPool();
    const { pids } = pool;
    const waiting = [long, ...small].map(async (path) =>
      pool.decode(request(path)).then(
        () => 'decoded',
        (error: unknown) => error,
      ),
    );
    const over = pool.dispose();
    const ends = await Promise.all(waiting);
    await over;
    expect(ends.at(-1)).toMatchObject({ code: 'cancelled' });
    for (const end of ends) expect(end === 'decoded' || (end as { code?: string }).code === 'cancelled').toBe(true);
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(pool.decode(request(long))).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('has processes that end with their parent, however it ends', async () => {
    const child = spawn(process.execPath, [...nodeArguments, join(import.meta.dirname, 'testing/hold-pool.ts'), small[0]!], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(said.toString()) as number[];
    expect(pids.length).toBeGreaterThan(0);
    expect(pids.every(isAlive)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(() => !pids.some(isAlive));
  });

  it('tells a file that changes while it is read', async () => {
    const path = join(root, 'growing.png');
    writeFileSync(path, await quadrants().png().toBuffer());
    const pool = await readyPool();
    let [changed, rounds] = [false, 0];
    let growing = true;
    const grow = (async (): Promise<void> => {
      while (growing) {
        for (let i = 0; i < 50; i++) appendFileSync(path, Buffer.alloc(4096));
        await sleep(1);
      }
    })();
    for (; !changed && rounds < 500; rounds++) {
      const result = await pool.decode(request(path));
      changed = !result.ok && result.failure.reason === 'changed-while-reading';
    }
    growing = false;
    await grow;
    expect(changed).toBe(true);
    // The picture is whole, and what lies behind its end does no harm once it keeps still.
    expect(imageOf(await pool.decode(request(path))).width).toBe(43);
    await pool.dispose();
  });
});

import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { download } from './download.ts';
import type { DownloadProgress } from './download.ts';

const random = new Random(1, 'test');
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, () => random.word() >>> 24));
const sha256 = createHash('sha256').update(content).digest('hex');

let folder = '';
let server: Server;
let base = '';
const requests: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** The whole, or the part that is asked for. */
function serve(request: IncomingMessage, response: ServerResponse, until = content.length): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length && from > 0) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const ranged = request.headers.range !== undefined;
  response.writeHead(ranged ? 206 : 200, {
    'content-length': content.length - from,
    ...(ranged && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  if (until >= content.length) response.end(content.subarray(from));
  else response.write(content.subarray(from, until), () => response.destroy());
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-download-'));
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
let target = '';
let count = 0;
beforeEach(() => {
  answer = serve;
  requests.length = 0;
  target = join(folder, String(++count), 'model.bin');
});
afterEach(() => {
  // Nothing but the file itself, or what is left to go on from.
  expect(existsSync(target) && ['.part', '.part.json'].some((end) => existsSync(target + end))).toBe(false);
});

/** Answers that say which version they are of. */
const versioned =
  (headers: Readonly<Record<string, string>>, until?: number) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    serve(request, response, until);
  };
/** A first try that is cut in the middle. */
async function cutAt(bytes: number, headers: Readonly<Record<string, string>>): Promise<void> {
  answer = versioned(headers, bytes);
  await expect(download(`${base}/a`, target)).rejects.toMatchObject({ code: 'network' });
  expect(readFileSync(`${target}.part`).length).toBeGreaterThan(0);
  requests.length = 0;
}
const rangesAsked = (): boolean[] => requests.map(({ headers }) => headers.range !== undefined);

describe('a download', () => {
  it('arrives whole and says how far it is', async () => {
    const told: DownloadProgress[] = [];
    expect(await download(`${base}/a`, target, { sha256 }, { onProgress: (one) => told.push(one) })).toBe('known');
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(told.at(-1)).toEqual({ file: 'model.bin', done: content.length, total: content.length });
  });

  it('that is cut goes on from there', async () => {
    answer = (request, response) => serve(request, response, 120_000);
    await expect(download(`${base}/a`, target, { sha256 })).rejects.toMatchObject({ code: 'network' });
    const kept = readFileSync(`${target}.part`).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(content.length);
    answer = serve;
    await download(`${base}/a`, target, { sha256 });
    expect(requests.at(-1)!.headers.range).toBe(`bytes=${kept}-`);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it('without any checksum goes on with the same version alone, and says that nothing proves its content', async () => {
    const first = { etag: '"one"', 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT' };
    await cutAt(120_000, first);
    answer = versioned(first);
    expect(await download(`${base}/a`, target)).toBe('nothing');
    expect(rangesAsked()).toEqual([true]);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it.each([
    ['another tag', { etag: '"one"' }, { etag: '"two"' }],
    ['another time', { 'last-modified': 'Sun, 01 Nov 2026' }, { 'last-modified': 'Mon, 02 Nov 2026' }],
    ['nothing that tells versions apart', {}, {}],
    ['a weak tag, which may stand for other bytes', { etag: 'W/"one"' }, { etag: 'W/"one"' }],
  ])('begins anew at %s', async (_name, before, now) => {
    await cutAt(120_000, before as Record<string, string>);
    // What is mixed of two versions would be seen.
    writeFileSync(`${target}.part`, Buffer.alloc(100_000, 1));
    answer = versioned(now as Record<string, string>);
    expect(await download(`${base}/a`, target)).toBe('nothing');
    expect(rangesAsked()).toEqual([true, false]);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it('begins anew where it has another size by now', async () => {
    await cutAt(120_000, { etag: '"one"' });
    writeFileSync(`${target}.part.json`, JSON.stringify({ etag: '"one"', total: content.length - 1 }));
    answer = versioned({ etag: '"one"' });
    await download(`${base}/a`, target);
    expect(rangesAsked()).toEqual([true, false]);
  });

  it('of another size than expected is refused before it has come, and after where the server did not say', async () => {
    const expected = { bytes: 2 * content.length, tolerance: 0.01 };
    answer = (request, response) => serve(request, response, 1000);
    await expect(download(`${base}/a`, target, expected)).rejects.toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('600,000') as unknown,
    });
    answer = (_, response) => response.writeHead(200).end(content);
    await expect(download(`${base}/a`, target, expected)).rejects.toMatchObject({ code: 'bad-file' });
    expect(existsSync(`${target}.part`)).toBe(false);
    await download(`${base}/a`, target, { bytes: 1.005 * content.length, tolerance: 0.01 });
    expect(existsSync(target)).toBe(true);
  });

  it('is asked for as it is, not compressed', async () => {
    await download(`${base}/a`, target);
    expect(requests[0]!.headers['accept-encoding']).toBe('identity');
  });

  it('begins anew where a server knows no parts', async () => {
    await expect(
      (async () => {
        answer = (request, response) => serve(request, response, 50_000);
        await download(`${base}/a`, target, { sha256 });
      })(),
    ).rejects.toMatchObject({ code: 'network' });
    answer = (request, response) => {
      delete request.headers.range;
      serve(request, response);
    };
    await download(`${base}/a`, target, { sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it('that had ended before it got its name is only checked', async () => {
    answer = (request, response) => serve(request, response, 1000);
    await download(`${base}/a`, target, { sha256 }).catch(() => {});
    writeFileSync(`${target}.part`, content);
    answer = serve;
    await download(`${base}/a`, target, { sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  it('with a wrong checksum leaves nothing behind, and the next try is right', async () => {
    await expect(download(`${base}/a`, target, { sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'bad-file' });
    expect(existsSync(target) || existsSync(`${target}.part`)).toBe(false);
    await download(`${base}/a`, target, { sha256 });
    expect(existsSync(target)).toBe(true);
  });

  it('follows to where a file is kept, and takes the checksum that the first server states', async () => {
    let stated = sha256;
    answer = (request, response) => {
      if (request.url === '/kept') return serve(request, response);
      response.writeHead(302, { location: '/kept', 'x-linked-etag': `"${stated}"` }).end();
    };
    expect(await download(`${base}/a`, target)).toBe('stated');
    expect(readFileSync(target).equals(content)).toBe(true);
    stated = '1'.repeat(64);
    await expect(download(`${base}/a`, join(folder, 'other.bin'))).rejects.toMatchObject({ code: 'bad-file' });
  });

  it('says what to do when there is no file, no server, or no end to redirects', async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(download(`${base}/a`, target)).rejects.toMatchObject({ code: 'not-found' });
    expect(await download(`${base}/a`, target, { optional: true })).toBe('absent');
    answer = (_, response) => response.writeHead(503).end();
    await expect(download(`${base}/a`, target)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringContaining('503') as unknown,
    });
    answer = (_, response) => response.writeHead(302, { location: '/a' }).end();
    await expect(download(`${base}/a`, target)).rejects.toMatchObject({ message: expect.stringContaining('circle') as unknown });
    await expect(download('http://127.0.0.1:1/a', target)).rejects.toMatchObject({
      code: 'network',
      hint: expect.stringContaining('import') as unknown,
    });
  });

  it('that is cancelled keeps what came', async () => {
    const stop = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000));
    };
    const failed = download(`${base}/a`, target, { sha256 }, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(failed).rejects.toMatchObject({ code: 'cancelled' });
    expect(readFileSync(`${target}.part`).length).toBeGreaterThan(0);
    answer = serve;
    await download(`${base}/a`, target, { sha256 });
    expect(readFileSync(target).equals(content)).toBe(true);
  });
});

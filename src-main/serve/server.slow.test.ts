import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { channel } from '../../shared/contract/channel.ts';
import { addressKey, scriptParameter } from '../../shared/contract/face.ts';
import { encodeFrame } from '../../shared/contract/frames.ts';
import { otherVersion, RpcClient } from '../../shared/contract/rpc-client.ts';
import { startServer } from './server.ts';
import type { StudioServer } from './server.ts';
import { ask, endOf, enter, pagePort, socketTo } from './testing/visitor.ts';
import type { Entry } from './testing/visitor.ts';

const contract = { echo: channel<unknown>()(v.unknown()), facts: channel<{ pages: number[] }>()(v.unknown()) };
const root = join(import.meta.dirname, '..', '..');
const script = `export const words = '${'many words of a script '.repeat(200)}';`;

let folder: string;
let server: StudioServer;
let entry: Entry;
let [at, cookie] = ['', ''];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-serve-'));
  const page = join(folder, 'page');
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><script type="module" src="./assets/main-12345678.js"></script>');
  writeFileSync(join(page, 'assets', 'main-12345678.js'), script);
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  const engine = join(root, 'src-main', 'link', 'testing', 'fake-engine.ts');
  server = await startServer({ root, home: folder, roots: [], host: '127.0.0.1', port: 0, page, engine });
  entry = await enter(server.urls[0]!);
  ({ at, cookie } = entry);
});
afterAll(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true });
});

const rpc = async (): Promise<{ client: RpcClient<typeof contract>; socket: WebSocket }> => {
  const port = await pagePort(server.port, entry);
  const client = new RpcClient<typeof contract>(port);
  await new Promise<void>((resolve) => client.watch((state) => state === 'ready' && resolve()));
  return { client, socket: port.socket };
};

describe('the way in', () => {
  it('is the token, which leaves the address bar at once', async () => {
    const [url] = server.urls;
    const { pathname, search } = new URL(url!);
    const reply = await ask(server.port, pathname + search);
    expect(reply.status).toBe(303);
    expect(reply.headers.location).toBe(`.${at}/`);
    expect(reply.headers['set-cookie']![0]).toMatch(new RegExp(`; Path=${at}/; HttpOnly; SameSite=Strict`));
    expect((await ask(server.port, `${at}/`, { cookie })).status).toBe(200);
  });

  it.each([
    ['no cookie', '/', {}, 401],
    ['a file without the cookie', '/assets/main-12345678.js', {}, 401],
    ['a picture without the cookie', '/picture/1', {}, 401],
    ['a wrong cookie', '/', { cookie: 'ijepa-studio=1' }, 401],
    ['a wrong token', `/?token=${'A'.repeat(43)}`, {}, 403],
    ['an empty token', '/?token=', {}, 403],
  ])('is closed to %s', async (_what, path, headers, status) => {
    const reply = await ask(server.port, path, headers);
    expect(reply.status).toBe(status);
    expect(reply.headers['set-cookie']).toBeUndefined();
  });

  // Another server of this host name gets what browsers send to every address but those below the path.
  it('is closed to who has the cookie and not the path, or the path and not the cookie', async () => {
    const all = [
      '/',
      '/picture/1',
      '/thumbnail/1?side=64',
      '/index.html',
      '/assets/main-12345678.js',
      'http://evil.example/',
      '*',
      `${at}`,
    ];
    for (const path of [...all, `/${'A'.repeat(43)}/`]) expect((await ask(server.port, path, { cookie })).status).toBe(401);
    for (const path of ['/', '/picture/1', '/index.html']) expect((await ask(server.port, at + path)).status).toBe(401);
    for (const path of ['/engine', `/${'A'.repeat(43)}/engine`])
      expect((await endOf(socketTo(server.port, path, { cookie }))).code).toBe(401);
    expect((await endOf(socketTo(server.port, `${at}/engine`, {}))).code).toBe(401);
  });

  it('is found again from the bare address by a browser that was let in, and by no other', async () => {
    const bare = await ask(server.port, '/');
    const [, name] = /<script src="([^"]+)">/.exec(bare.body.toString())!;
    const { status, headers, body } = await ask(server.port, `/${name}`);
    expect([status, headers['content-type'], body.toString().includes(at)]).toEqual([200, 'text/javascript; charset=utf-8', false]);
    expect((await ask(server.port, '/', {}, 'HEAD')).body.length).toBe(0);
    const gone = (kept: string | null): string[] => {
      const went: string[] = [];
      const localStorage = { getItem: (key: string) => (key === addressKey ? kept : null) };
      runInNewContext(body.toString(), { localStorage, location: { hash: '#/train', replace: (to: string) => went.push(to) } });
      return went;
    };
    expect(gone(`${at}/`)).toEqual([`${at}/#/train`]);
    for (const kept of [null, '/', '//evil.example/', 'javascript:alert(1)', `/${at}/`]) expect(gone(kept)).toEqual([]);
  });

  it('has the same path after a new start, and another cookie', async () => {
    const page = join(folder, 'page');
    const engine = join(root, 'src-main', 'link', 'testing', 'fake-engine.ts');
    const next = await startServer({ root, home: folder, roots: [], host: '127.0.0.1', port: 0, page, engine });
    try {
      const again = await enter(next.urls[0]!);
      expect(again.at).toBe(at);
      expect((await ask(next.port, `${at}/`, { cookie: again.cookie })).status).toBe(200);
      expect((await ask(next.port, `${at}/`, { cookie: cookie.replace(`${server.port}`, `${next.port}`) })).status).toBe(401);
    } finally {
      await next.dispose();
    }
  });

  it('is closed to a page whose name was rebound to this machine, whatever it knows', async () => {
    for (const host of [`evil.example:${server.port}`, 'evil.example', 'localhost.evil.example'])
      expect((await ask(server.port, `${at}/`, { host, cookie })).status).toBe(421);
    const { search } = new URL(server.urls[0]!);
    expect((await ask(server.port, `/${search}`, { host: 'evil.example' })).status).toBe(421);
  });

  it('changes nothing by a request', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask(server.port, `${at}/`, { cookie }, method)).status).toBe(405);
  });
});

describe('the page', () => {
  it('comes with the policy that it runs under, compressed, and is asked for again only by its tag', async () => {
    const html = await ask(server.port, `${at}/`, { cookie });
    expect(html.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(html.headers['content-security-policy']).toContain("default-src 'none'");
    expect(html.headers['cache-control']).toContain('no-cache');
    const path = `${at}/assets/main-12345678.js`;
    const unpacked = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const encoding of ['br', 'gzip'] as const) {
      // Compressing goes on while the first answers are given.
      const reply = await expect
        .poll(async () => ask(server.port, path, { cookie, 'accept-encoding': encoding }))
        .toMatchObject({ headers: { 'content-encoding': encoding } })
        .then(() => ask(server.port, path, { cookie, 'accept-encoding': encoding }));
      expect(unpacked[encoding](reply.body).toString()).toBe(script);
      expect(reply.body.length).toBeLessThan(script.length / 4);
    }
    const plain = await ask(server.port, path, { cookie, 'accept-encoding': 'br;q=0, identity' });
    expect(plain.body.toString()).toBe(script);
    expect(plain.headers['cache-control']).toContain('immutable');
    const known = await ask(server.port, path, { cookie, 'if-none-match': plain.headers.etag! });
    expect([known.status, known.body.length]).toEqual([304, 0]);
    const head = await ask(server.port, path, { cookie }, 'HEAD');
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String(script.length)]);
  });

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/assets/%00',
    '//etc/passwd',
    '/etc/passwd',
    '/thumbnail/../../secret.txt',
    '/thumbnail/..%2f..%2fsecret.txt?side=128',
    '/picture/%2e%2e%2f',
    '/constructor',
    '/__proto__',
    '/assets/',
    '/secret.txt',
  ])('is all that an address finds: %s', async (path) => {
    const reply = await ask(server.port, at + path, { cookie });
    expect(reply.status).toBe(404);
    expect(reply.body.toString()).not.toContain('secret');
  });
});

describe('sockets', () => {
  it('carry calls of two pages at once, and a reloaded page begins anew', async () => {
    const [one, two] = [await rpc(), await rpc()];
    const bytes = new Uint8Array(1000).fill(7);
    const [first, second] = await Promise.all([one.client.call('echo', { bytes }), two.client.call('echo', 'two')]);
    expect(first).toEqual({ bytes });
    expect(second).toBe('two');
    one.socket.close();
    await endOf(one.socket);
    const again = await rpc();
    expect(await again.client.call('echo', 3)).toBe(3);
    expect(await two.client.call('echo', 4)).toBe(4);
    again.socket.close();
    two.socket.close();
  });

  it.each([
    ['another origin', () => ({ cookie, origin: 'http://evil.example' }), 403],
    ['no origin', () => ({ cookie, origin: '' }), 403],
    ['another host', () => ({ cookie, host: 'evil.example', origin: 'http://evil.example' }), 421],
    ['no cookie', () => ({}), 401],
  ] as const)('are refused to %s', async (_what, headers, status) => {
    expect((await endOf(socketTo(server.port, `${at}/engine`, headers()))).code).toBe(status);
  });

  it('are open to a page at the near end of a tunnel, which has another port', async () => {
    const near = 'localhost:9000';
    const socket = socketTo(server.port, `${at}/engine`, { cookie, host: near, origin: `http://${near}` });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.close();
    expect((await endOf(socketTo(server.port, `${at}/engine`, { cookie, host: near, origin: 'http://localhost:9001' }))).code).toBe(403);
  });

  it('of a page that was built before the program was replaced tell it to reload, and have no engine', async () => {
    const script = (name: string): string => `?${new URLSearchParams({ [scriptParameter]: `./assets/${name}` }).toString()}`;
    const own = new RpcClient<typeof contract>(await pagePort(server.port, entry, script('main-12345678.js')));
    await new Promise<void>((resolve) => own.watch((state) => state === 'ready' && resolve()));
    expect(await own.call('echo', 1)).toBe(1);
    const port = await pagePort(server.port, entry, script('main-87654321.js'));
    const reasons: (string | undefined)[] = [];
    const old = new RpcClient<typeof contract>(port);
    old.watch((_state, reason) => reasons.push(reason));
    await expect.poll(() => old.state).toBe('ended');
    expect(reasons.at(-1)).toBe(otherVersion);
    await expect(old.call('echo', 1)).rejects.toMatchObject({ code: 'engine-crashed' });
    // What it sent before it heard reaches nobody.
    const heard: unknown[] = [];
    port.socket.on('message', (data) => heard.push(data));
    port.send({ type: 'call', id: 9, channel: 'echo', input: 1 });
    expect(await own.call('echo', 2)).toBe(2);
    expect(heard).toEqual([]);
    port.socket.close();
  });

  it('are refused anywhere else', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${at}/other`, {
      headers: { origin: `http://127.0.0.1:${server.port}`, cookie },
    });
    expect((await endOf(socket)).code).toBe(404);
  });

  it('end with a reason when they send garbage, and no other socket with them', async () => {
    const { client, socket: other } = await rpc();
    const garbage = [
      'text',
      Buffer.alloc(0),
      Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]),
      Buffer.from(encodeFrame({ type: 'engine', state: 'ended' })),
      Buffer.from(encodeFrame('a text')),
      Buffer.from(encodeFrame({ type: 'call', id: 1e99, channel: 'echo' })),
      claim({ type: 'call', id: 1, channel: 'echo', input: { $array: ['Float64Array', 0, 2 ** 27] } }),
      claim({ $array: ['__proto__', 0, 0] }),
    ];
    for (const bytes of garbage) {
      const socket = socketTo(server.port, `${at}/engine`, { cookie });
      const end = endOf(socket);
      socket.on('open', () => socket.send(bytes));
      const { code, reason } = await end;
      expect(code).toBe(1007);
      expect(reason).not.toBe('');
    }
    expect(await client.call('echo', 'still here')).toBe('still here');
    other.close();
  });

  it('are closed at the claim of a gigabyte, before it comes', async () => {
    const raw = await rawSocket();
    const header = Buffer.alloc(14);
    header[0] = 0x82;
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(2n ** 30n, 2);
    raw.write(header);
    const reply = await new Promise<Buffer>((resolve) => raw.once('data', resolve));
    // A close frame with the code 1009: message too big.
    expect(reply[0]).toBe(0x88);
    expect(reply.readUInt16BE(2)).toBe(1009);
    raw.destroy();
  });

  it('are closed when their page gives no sign of life', async () => {
    const page = join(folder, 'page');
    const engine = join(root, 'src-main', 'link', 'testing', 'fake-engine.ts');
    const strict = await startServer({ root, home: folder, roots: [], host: '127.0.0.1', port: 0, page, engine, heartbeatMs: 100 });
    try {
      const key = await enter(strict.urls[0]!);
      const answering = await pagePort(strict.port, key);
      const raw = await rawSocket(strict.port, key);
      await new Promise((resolve) => raw.once('close', resolve).resume());
      expect(answering.socket.readyState).toBe(WebSocket.OPEN);
    } finally {
      await strict.dispose();
    }
  });

  it('are closed when their page reads nothing', async () => {
    const { client, socket } = await rpc();
    const watching = await rpc();
    await client.call('echo', 1);
    const { pages } = await watching.client.call('facts', {});
    const chunk = new Uint8Array(8 * 2 ** 20);
    socket.pause();
    for (let call = 0; call < 12; call++) client.call('echo', chunk).catch(() => {});
    await expect.poll(async () => (await watching.client.call('facts', {})).pages, { timeout: 20_000 }).toHaveLength(pages.length - 1);
    watching.socket.close();
    socket.terminate();
  });
});

/** JSON as a frame of its own, with no array behind it. */
function claim(value: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(value));
  const frame = Buffer.alloc(Math.ceil((4 + json.length) / 8) * 8);
  frame.writeUInt32LE(json.length);
  json.copy(frame, 4);
  return frame;
}

/** An open WebSocket that is only a TCP connection: it answers nothing by itself. */
async function rawSocket(port = server.port, key = entry): Promise<ReturnType<typeof connect>> {
  const raw = connect(port, '127.0.0.1');
  const host = `127.0.0.1:${port}`;
  raw.write(
    `GET ${key.at}/engine HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nCookie: ${key.cookie}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  const head = await new Promise<Buffer>((resolve) => raw.once('data', resolve));
  expect(head.toString()).toMatch(/^HTTP\/1\.1 101/);
  return raw;
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

// Skipped without openssl, which makes the certificate.
describe.skipIf(!hasOpenssl)('a server with a certificate', () => {
  it('encrypts page and socket, with a cookie that never goes out in the clear', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      ...names,
    ]);
    expect(made.status).toBe(0);
    const engine = join(root, 'src-main', 'link', 'testing', 'fake-engine.ts');
    const page = join(folder, 'page');
    const secure = await startServer({ root, home: folder, roots: [], host: '127.0.0.1', port: 0, page, engine, tls: { cert, key } });
    try {
      const [url] = secure.urls;
      expect(url).toMatch(/^https:/);
      const trusted = { ca: readFileSync(cert), agent: false } as const;
      const reply = await new Promise<IncomingMessage>((resolve, reject) => get(url!, trusted, resolve).on('error', reject));
      reply.resume();
      const [given] = reply.headers['set-cookie']!;
      expect(given).toMatch(/; Secure$/);
      const headers = { cookie: given!.split(';')[0]! };
      const own = `https://127.0.0.1:${secure.port}`;
      const address = `wss://127.0.0.1:${secure.port}${reply.headers.location!.slice(1)}engine`;
      const socket = new WebSocket(address, { ca: trusted.ca, headers: { ...headers, origin: own } });
      await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
      // A page of the same name without encryption is another origin.
      const plain = new WebSocket(address, { ca: trusted.ca, headers: { ...headers, origin: own.replace('https', 'http') } });
      expect((await endOf(plain)).code).toBe(403);
      await expect(ask(secure.port, '/')).rejects.toThrow();
    } finally {
      await secure.dispose();
    }
  });
});

describe('a start that cannot be', () => {
  it('says that the page is not built, or that the port is in use', async () => {
    const options = { root, home: folder, roots: [], host: '127.0.0.1', port: 0 };
    await expect(startServer({ ...options, page: join(folder, 'nothing') })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('npm run build') as string,
    });
    const page = join(folder, 'page');
    await expect(startServer({ ...options, page, port: server.port })).rejects.toMatchObject({ code: 'locked' });
    await expect(startServer({ ...options, page, host: '203.0.113.9' })).rejects.toMatchObject({ code: 'bad-config' });
    await expect(startServer({ ...options, page, tls: { cert: join(folder, 'no'), key: join(folder, 'no') } })).rejects.toMatchObject({
      code: 'not-found',
    });
    const text = join(folder, 'secret.txt');
    await expect(startServer({ ...options, page, tls: { cert: text, key: text } })).rejects.toMatchObject({ code: 'bad-file' });
  });
});

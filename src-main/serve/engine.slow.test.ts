// The server over the real engine: pictures, what pages may name, and what is left when one of them is killed.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { EngineState } from '../../shared/contract/messages.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { isRunning } from '../trainer/testing/processes.ts';
import { startServer } from './server.ts';
import type { StudioServer } from './server.ts';
import { ask, enter, pagePort } from './testing/visitor.ts';
import type { Entry } from './testing/visitor.ts';

const root = join(import.meta.dirname, '..', '..');
let folder: string;
let server: StudioServer;
let entry: Entry;
let [at, cookie] = ['', ''];
let page: RpcClient<AppContract>;

const reached = (client: RpcClient<AppContract>, wanted: EngineState): Promise<string | undefined> =>
  new Promise((resolve) => client.watch((state, reason) => state === wanted && resolve(reason)));

async function openPage(port: number, key: Entry): Promise<RpcClient<AppContract>> {
  const client = new RpcClient<AppContract>(await pagePort(port, key));
  await reached(client, 'ready');
  return client;
}

/** Processes that another has started, where the system lists them. */
function childrenOf(parent: number): number[] {
  const file = `/proc/${parent}/task/${parent}/children`;
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').map(Number) : [];
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-serve-'));
  mkdirSync(join(folder, 'page'));
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html>');
  const pictures = join(folder, 'allowed', 'pictures');
  mkdirSync(pictures, { recursive: true });
  for (const [index, background] of ['#c33', '#3c3', '#33c'].entries())
    await sharp({ create: { width: 300, height: 200, channels: 3, background } })
      .png()
      .toFile(join(pictures, `${index}.png`));
  writeFileSync(join(pictures, 'broken.png'), 'no picture');
  mkdirSync(join(folder, 'forbidden'));
  symlinkSync(join(folder, 'forbidden'), join(folder, 'allowed', 'link'));
  server = await startServer({
    root,
    home: join(folder, 'home'),
    roots: [join(folder, 'allowed')],
    host: '127.0.0.1',
    port: 0,
    page: join(folder, 'page'),
  });
  entry = await enter(server.urls[0]!);
  ({ at, cookie } = entry);
  page = await openPage(server.port, entry);
});
afterAll(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('a server over the real engine', () => {
  it('shows pictures of the catalogue, with tags, and says why another cannot be shown', async () => {
    const { job, folder: id } = await page.call('library.scan', { path: join(folder, 'allowed', 'pictures') });
    await page.call('jobs.wait', { job });
    const { total, rows } = await page.call('library.page', { folder: id, filter: {}, offset: 0, limit: 10 });
    expect(total).toBe(4);
    const whole = rows.find(({ path }) => path === '0.png')!;
    const broken = rows.find(({ path }) => path === 'broken.png')!;

    const thumbnail = await ask(server.port, `${at}/thumbnail/${whole.id}?side=64`, { cookie });
    expect([thumbnail.status, thumbnail.headers['content-security-policy']]).toEqual([200, expect.stringContaining("default-src 'none'")]);
    const size = await sharp(thumbnail.body).metadata();
    expect(Math.max(size.width, size.height)).toBe(64);
    const { etag } = thumbnail.headers;
    expect(await ask(server.port, `${at}/thumbnail/${whole.id}?side=64`, { cookie, 'if-none-match': etag! })).toMatchObject({
      status: 304,
    });
    expect((await ask(server.port, `${at}/thumbnail/${whole.id}?side=256`, { cookie, 'if-none-match': etag! })).status).toBe(200);

    const picture = await ask(server.port, `${at}/picture/${whole.id}`, { cookie });
    expect(await sharp(picture.body).metadata()).toMatchObject({ width: 300, height: 200 });
    expect((await ask(server.port, `${at}/picture/${broken.id}`, { cookie })).status).toBe(422);
    expect((await ask(server.port, `${at}/picture/999999`, { cookie })).status).toBe(404);
    expect((await ask(server.port, `${at}/picture/${whole.id}`)).status).toBe(401);
  });

  it('lets pages name only folders below the roots, through links too', async () => {
    for (const path of ['/', join(folder, 'forbidden'), join(folder, 'allowed', 'link'), join(folder, 'allowed', '..', 'forbidden')]) {
      await expect(page.call('system.folders', { path })).rejects.toMatchObject({ code: 'not-allowed' });
      await expect(page.call('library.scan', { path })).rejects.toMatchObject({ code: 'not-allowed' });
    }
    expect((await page.call('system.folders', {})).folders.map(({ path }) => path)).toEqual([join(folder, 'allowed')]);
  });

  it('tells pages when the engine was killed, starts it again, and answers', async () => {
    const crashed = reached(page, 'crashed');
    const before = server.link.pid!;
    process.kill(before, 'SIGKILL');
    expect(await crashed).toContain('SIGKILL');
    await reached(page, 'ready');
    expect(server.link.pid).not.toBe(before);
    expect(await page.call('library.folders', {})).toHaveLength(1);
    const [first] = (await page.call('library.page', { folder: 1, filter: { status: 'ok' }, offset: 0, limit: 1 })).rows;
    expect((await ask(server.port, `${at}/thumbnail/${first!.id}`, { cookie })).status).toBe(200);
  });

  it('leaves no process behind when it is killed itself', async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'testing', 'serve-process.ts'), join(folder, 'allowed'), join(folder, 'page')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.setEncoding('utf8').once('data', resolve);
      child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
    });
    const { url, engine } = JSON.parse(line) as { url: string; engine: number };
    const other = await openPage(Number(new URL(url).port), await enter(url));
    // A decoder has been started too, below the engine.
    const { job } = await other.call('library.scan', { path: join(folder, 'allowed', 'pictures') });
    await other.call('jobs.wait', { job });
    const family = [engine, ...childrenOf(engine)];
    if (process.platform === 'linux') expect(family.length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    expect(await reached(other, 'ended')).toContain('no longer connected');
    await expect.poll(() => family.filter(isRunning), { timeout: 15_000 }).toEqual([]);
  });

  it('refuses a second engine for the same home, with the reason', async () => {
    const second = await startServer({
      root,
      home: join(folder, 'home'),
      roots: [],
      host: '127.0.0.1',
      port: 0,
      page: join(folder, 'page'),
    });
    await new Promise<void>((resolve) => second.link.watch((state) => state === 'ended' && resolve()));
    expect(second.link.refusal).toMatchObject({ code: 'locked' });
    await second.dispose();
  });
});

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { FromEngine, ToEngine } from '../../shared/contract/messages.ts';
import { protocolMark, protocolVersion } from '../../shared/contract/protocol-version.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { AppError } from '../../shared/errors.ts';
import { readEngineArguments, writeEngineArguments } from './engine-arguments.ts';
import { EngineLog } from './engine-log.ts';
import { answerPicture, parsePictureRequest } from './picture-request.ts';
import { engineEntry, programNode, runsProgram } from './program-node.ts';
import { pageScript, readRendererFiles, securityHeaders } from './renderer-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-link-'));
afterAll(() => rmSync(folder, { recursive: true }));
const root = join(import.meta.dirname, '..', '..');

describe('the engine’s arguments', () => {
  it('are read as they were written, also where a folder looks like a flag', () => {
    for (const given of [
      { home: '/h', roots: [], resumeInterrupted: false },
      { home: '/a b', roots: ['/x', '/y z'], resumeInterrupted: true },
    ])
      expect(readEngineArguments(writeEngineArguments(given))).toEqual(given);
    expect(readEngineArguments([])).toEqual({ home: '', roots: [], resumeInterrupted: false });
  });
});

describe('the program’s Node', () => {
  it('is a plain Node 22', () => {
    expect(runsProgram({ node: '22.18.0' })).toBe(true);
    expect(runsProgram({ node: '22.17.1' })).toBe(false);
    expect(runsProgram({ node: '24.1.0' })).toBe(false);
    expect(runsProgram({ node: '22.20.0', electron: '45.0.0' })).toBe(false);
    expect(programNode(root)).toMatch(/node/);
  });

  it('is none on a Mac with an Intel processor, however new its own is', () => {
    for (const node of ['22.20.0', '20.11.0', '24.1.0']) {
      const own = { platform: 'darwin', arch: 'x64', versions: { ...process.versions, node }, execPath: '/usr/local/bin/node' } as const;
      expect(() => programNode(root, own)).toThrow(
        expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('Intel') as string }),
      );
      if (node === '22.20.0') expect(programNode(root, { ...own, arch: 'arm64' })).toBe(own.execPath);
    }
  });

  it('runs the sources, or what they were compiled to', () => {
    const at = join(folder, 'program', 'src-main', 'engine');
    mkdirSync(at, { recursive: true });
    expect(engineEntry(join(folder, 'program'))).toBe(join(at, 'engine-process.ts'));
    writeFileSync(join(at, 'engine-process.js'), '');
    expect(engineEntry(join(folder, 'program'))).toBe(join(at, 'engine-process.js'));
  });
});

describe('the engine’s log', () => {
  it('keeps the last lines of any pieces and survives a place that cannot be written', () => {
    const log = new EngineLog(join(folder, 'no', 'such', 'engine.log'));
    log.add('half ');
    log.add('a line\n');
    for (let line = 0; line < 300; line++) log.add(`${line}\n`);
    log.add('no end');
    log.note('over');
    expect(log.lines).toHaveLength(200);
    expect(log.lines.at(-2)).toBe('no end');
    expect(log.lines[0]).toBe('102');
    expect(log.write()).toBe(true);
    writeFileSync(join(folder, 'file'), '');
    expect(new EngineLog(join(folder, 'file', 'engine.log')).write()).toBe(false);
  });
});

describe('picture addresses', () => {
  it('name an image and a size and nothing else', () => {
    expect(parsePictureRequest('/thumbnail/7')).toEqual({ kind: 'thumbnail', image: 7, side: 128 });
    expect(parsePictureRequest('/thumbnail/7?side=512')).toEqual({ kind: 'thumbnail', image: 7, side: 512 });
    expect(parsePictureRequest('/picture/2147483647')).toEqual({ kind: 'picture', image: 2147483647 });
  });

  it.each([
    '/picture/0',
    '/picture/01',
    '/picture/-1',
    '/picture/2147483648',
    '/picture/1e3',
    '/picture/7/',
    '/picture/7%00',
    '/picture/../etc/passwd',
    '/picture/%2e%2e/7',
    '/picture/..%2f7',
    '/thumbnail/7?side=100',
    '/thumbnail/7?side=128&x=1',
    '/thumbnail/7?side=128\n',
    '/thumbnail/',
    '/thumbnails/7',
    '//picture/7',
    'picture/7',
    '',
  ])('are nothing else: %j', (address) => {
    expect(parsePictureRequest(address)).toBeUndefined();
  });
});

/** A client whose engine answers every call by `answerTo`. */
function clientOf(answerTo: (call: ToEngine & { type: 'call' }) => FromEngine | undefined): RpcClient<AppContract> {
  let receive: (message: FromEngine) => void = () => {};
  const client = new RpcClient<AppContract>({
    send: (message) => {
      const answer = message.type === 'call' ? answerTo(message) : undefined;
      if (answer) queueMicrotask(() => receive(answer));
    },
    onMessage: (handler) => (receive = handler),
    onClose: () => {},
  });
  receive({ type: 'engine', state: 'ready', protocol: protocolVersion });
  return client;
}

describe('picture answers', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const picture = (type = 'image/webp') =>
    clientOf(({ id, channel, input }) => ({
      type: 'ok',
      id,
      output: { bytes, type, tag: `${channel}:${JSON.stringify(input)}` },
    }));
  const never = new AbortController().signal;

  it('have a tag of the content, and no body for who knows it', async () => {
    const request = { kind: 'thumbnail', image: 7, side: 256 } as const;
    const first = await answerPicture(picture(), request, undefined, never);
    expect(first).toMatchObject({ status: 200, headers: { 'content-type': 'image/webp', 'content-length': '3' }, body: bytes });
    const etag = first.headers['etag']!;
    expect(etag).toMatch(/^"library\.thumbnail_[\w.-]+256[\w.-]+"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`])
      expect(await answerPicture(picture(), request, known, never)).toMatchObject({ status: 304, body: new Uint8Array() });
    expect((await answerPicture(picture(), { kind: 'picture', image: 7 }, etag, never)).status).toBe(200);
  });

  it('are never a page', async () => {
    const answer = await answerPicture(picture('text/html'), { kind: 'picture', image: 1 }, undefined, never);
    expect(answer.status).toBe(500);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
  });

  it.each([
    ['not-found', 404],
    ['bad-file', 422],
    ['engine-crashed', 503],
    ['internal', 500],
  ] as const)('say why there is none: %s', async (code, status) => {
    const client = clientOf(({ id }) => ({ type: 'fail', id, error: { code, message: 'What.', hint: 'Do.' } }));
    const answer = await answerPicture(client, { kind: 'picture', image: 1 }, undefined, never);
    expect(answer.status).toBe(status);
    expect(new TextDecoder().decode(answer.body)).toBe('What. Do.');
  });

  it('end with a request that is given up', async () => {
    const controller = new AbortController();
    const answer = answerPicture(
      clientOf(() => undefined),
      { kind: 'picture', image: 1 },
      undefined,
      controller.signal,
    );
    controller.abort();
    expect((await answer).status).toBe(500);
  });
});

describe('the page’s files', () => {
  it('are a table of addresses, without what a page does not need', () => {
    const at = join(folder, 'renderer');
    mkdirSync(join(at, 'assets'), { recursive: true });
    expect(() => readRendererFiles(at)).toThrow(AppError);
    writeFileSync(join(at, 'index.html'), '<!doctype html>');
    writeFileSync(join(at, 'assets', 'main-Ab_c-123.js'), '1');
    writeFileSync(join(at, 'assets', 'main-Ab_c-123.js.map'), '{}');
    writeFileSync(join(at, 'assets', 'plain.svg'), '<svg/>');
    const files = readRendererFiles(at);
    expect([...files.keys()].toSorted()).toEqual(['/', '/assets/main-Ab_c-123.js', '/assets/plain.svg', '/index.html']);
    expect(files.get('/')).toMatchObject({ type: 'text/html; charset=utf-8', hashed: false });
    expect(files.get('/assets/main-Ab_c-123.js')).toMatchObject({ type: 'text/javascript; charset=utf-8', hashed: true });
    expect(files.get('/assets/plain.svg')).toMatchObject({ hashed: false });
  });

  it('say which script the page has', () => {
    const at = join(folder, 'scripted-renderer');
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'index.html'), '<!doctype html><script type="module" crossorigin src="./assets/index-Ab_c-123.js"></script>');
    expect(pageScript(readRendererFiles(at))).toBe('./assets/index-Ab_c-123.js');
    writeFileSync(join(at, 'index.html'), '<!doctype html>');
    expect(pageScript(readRendererFiles(at))).toBeUndefined();
  });

  it('are refused where they were built of another version, which no reload would mend', () => {
    const at = join(folder, 'other-renderer');
    mkdirSync(at, { recursive: true });
    const marked = (version: string): void =>
      writeFileSync(join(at, 'index.html'), `<!doctype html><head><meta name="${protocolMark}" content="${version}"></head>`);
    marked(protocolVersion);
    expect(readRendererFiles(at).has('/')).toBe(true);
    marked('0.0.9-00000000');
    expect(() => readRendererFiles(at)).toThrow(
      expect.objectContaining({ code: 'bad-file', hint: expect.stringContaining('npm run build') as string }),
    );
  });

  it('let in of what is inline just what the page has', () => {
    const at = join(folder, 'inline-renderer');
    mkdirSync(at, { recursive: true });
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    writeFileSync(
      join(at, 'index.html'),
      '<!doctype html><style data-of="./a.css">p {\n}</style><script>one()</script><script type="module" src="./a.js"></script><p>',
    );
    const files = readRendererFiles(at);
    for (const address of ['/', '/index.html']) {
      const policy = files.get(address)!.policy!;
      expect(policy).toContain(`; script-src 'self' ${hash('one()')}; style-src 'self' ${hash('p {\n}')}; style-src-attr`);
    }
    writeFileSync(join(at, 'index.html'), '<!doctype html><script type="module" src="./a.js"></script>');
    expect(readRendererFiles(at).get('/')!.policy).toBe(securityHeaders['content-security-policy']);
  });

  it('run under a policy that lets in nothing from outside', () => {
    const policy = securityHeaders['content-security-policy']!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/script-src 'self';/);
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  });
});

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tensorflowBinding, tensorflowVariable } from '../../../shared/tensorflow.ts';
import { replaceFolder } from '../../files/replace-folder.ts';
import { findTensorflow } from '../../runtime/tensorflow-library.ts';
import { noTensorflow, whySkipped } from '../../runtime/testing/tensorflow-here.ts';
import { homeAt } from '../home.ts';
import type { Home } from '../home.ts';
import { installTensorflow, offerTensorflow, versionOf } from './install-tensorflow.ts';
import type { InstallTools } from './install-tensorflow.ts';
import { nativeParts } from './tensorflow-parts.ts';

let folder: string;
let home: Home;
let server: Server;
/** What the server has, by path, and how often each was asked for. */
let offered: Record<string, Buffer>;
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-install-'));
  home = homeAt(join(folder, 'home'));
  offered = {};
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url!);
    const body = offered[request.url!];
    response.writeHead(body ? 200 : 404, body && { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await new Promise((resolve) => server.close(resolve));
});

/** A gzipped tar of files by their path in it; a content that is a path of its own is linked to. */
function archive(name: string, files: Readonly<Record<string, { readonly text: string } | { readonly link: string }>>): string {
  const root = mkdtempSync(join(folder, 'tree-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if ('text' in content) writeFileSync(join(root, path), content.text);
    else symlinkSync(content.link, join(root, path));
  }
  const file = join(folder, name);
  execFileSync('tar', ['-czf', file, '-C', root, '.']);
  return file;
}
const library = (): string => archive('library.tar.gz', { 'lib/libtensorflow.so': { text: 'a library' }, LICENSE: { text: 'Apache' } });
const binding = (): string => archive('binding.tar.gz', { 'napi-v8/tfjs_binding.node': { text: 'a binding' } });

const tools = (rest: Partial<InstallTools> = {}): InstallTools => {
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const parts = { library: { address: `${at}/library.tar.gz` }, binding: { address: `${at}/binding.tar.gz` } };
  return { system: 'here', parts: { here: parts }, probe: async () => Promise.resolve('2.9.1'), replace: replaceFolder, ...rest };
};
const left = (): readonly string[] => readdirSync(join(home.path, 'tensorflow')).toSorted();
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('the native part of TensorFlow', () => {
  it('is fetched, unpacked, tried and put in its place, with nothing left beside it', async () => {
    offered = { '/library.tar.gz': readFileSync(library()), '/binding.tar.gz': readFileSync(binding()) };
    const tried: string[] = [];
    const heard: string[] = [];
    const probe = async (file: string): Promise<string> => {
      tried.push(readFileSync(file, 'utf8'));
      return Promise.resolve('2.9.1');
    };
    const result = await installTensorflow(home, { onProgress: ({ file }) => heard.push(file) }, tools({ probe }));
    expect(result).toEqual({ version: '2.9.1', folder: join(home.path, 'tensorflow', 'installed') });
    expect(tried).toEqual(['a binding']);
    expect(new Set(heard)).toEqual(new Set(['library.tar.gz', 'binding.tar.gz']));
    expect(left()).toEqual(['installed']);
    expect(readFileSync(join(result.folder, 'deps/lib/libtensorflow.so'), 'utf8')).toBe('a library');
  });

  it('goes on where it was interrupted: what is here is not fetched again', async () => {
    offered = { '/library.tar.gz': readFileSync(library()) };
    const notThere = { code: 'not-found', hint: expect.stringContaining('--binding FILE') as string };
    await expect(installTensorflow(home, {}, tools())).rejects.toMatchObject(notThere);
    expect(left()).toEqual(['library.tar.gz']);
    offered['/binding.tar.gz'] = readFileSync(binding());
    await installTensorflow(home, {}, tools());
    expect(asked.filter((path) => path === '/library.tar.gz')).toHaveLength(1);
  });

  it('is taken from files of the person without asking anybody, and they stay', async () => {
    const files = { library: library(), binding: binding() };
    await installTensorflow(home, { files }, tools());
    expect(asked).toEqual([]);
    expect(Object.values(files).every((file) => existsSync(file))).toBe(true);
    await expect(installTensorflow(home, { files: { library: join(folder, 'none') } }, tools())).rejects.toEqual(code('not-found'));
  });

  it('is refused when an archive is another than was published, is cut off, or holds something else; the next try fetches it anew', async () => {
    const whole = readFileSync(library());
    offered = { '/library.tar.gz': whole.subarray(0, whole.length - 40), '/binding.tar.gz': readFileSync(binding()) };
    await expect(installTensorflow(home, {}, tools())).rejects.toEqual(code('bad-file'));
    expect(left()).toEqual([]);
    const sha256 = createHash('sha256').update(whole).digest('hex');
    const pinned = tools();
    const parts = { here: { ...pinned.parts['here']!, library: { ...pinned.parts['here']!.library, sha256 } } };
    await expect(installTensorflow(home, {}, { ...pinned, parts })).rejects.toEqual(code('bad-file'));
    offered['/library.tar.gz'] = offered['/binding.tar.gz']!;
    await expect(installTensorflow(home, {}, tools())).rejects.toThrow('no libtensorflow is in it');
    offered = { '/library.tar.gz': whole, '/binding.tar.gz': whole };
    await expect(installTensorflow(home, {}, tools())).rejects.toThrow('no tfjs_binding.node is in it');
    offered['/binding.tar.gz'] = readFileSync(binding());
    await expect(installTensorflow(home, {}, { ...pinned, parts })).resolves.toMatchObject({ version: '2.9.1' });
  });

  it('leaves what was installed before when the new one cannot be loaded', async () => {
    const files = { library: library(), binding: binding() };
    const { folder: installed } = await installTensorflow(home, { files }, tools());
    writeFileSync(join(installed, 'mark'), '');
    const { probe: _, ...rest } = tools();
    const broken = { ...rest, probe: async (): Promise<string> => Promise.reject(new Error('undefined symbol: TF_Version')) };
    await expect(installTensorflow(home, { files }, broken)).rejects.toThrow('undefined symbol');
    expect([existsSync(join(installed, 'mark')), ...left()]).toEqual([true, 'installed']);
  });

  it('keeps what was fetched where it is whole and cannot be loaded here, and does not fetch it again', async () => {
    offered = { '/library.tar.gz': readFileSync(library()), '/binding.tar.gz': readFileSync(binding()) };
    const probe = async (): Promise<string> => Promise.reject(new Error("libc.so.6: version `GLIBC_2.33' not found"));
    const hint = expect.stringContaining('what was fetched is kept') as string;
    await expect(installTensorflow(home, {}, tools({ probe }))).rejects.toMatchObject({ code: 'device-failed', hint });
    expect(left()).toEqual(['binding.tar.gz', 'library.tar.gz']);
    const before = asked.length;
    await installTensorflow(home, {}, tools());
    expect([asked.length, ...left()]).toEqual([before, 'installed']);
  });

  it('leaves what was installed before, and says what to do, where the system does not let go of it', async () => {
    offered = { '/library.tar.gz': readFileSync(library()), '/binding.tar.gz': readFileSync(binding()) };
    const { folder: installed } = await installTensorflow(home, {}, tools());
    writeFileSync(join(installed, 'mark'), '');
    const replace = (): never => {
      throw Object.assign(new Error('EPERM: operation not permitted, rename'), { code: 'EPERM' });
    };
    const hint = expect.stringContaining('what was fetched is kept') as string;
    await expect(installTensorflow(home, {}, tools({ replace }))).rejects.toMatchObject({ code: 'locked', hint });
    expect([existsSync(join(installed, 'mark')), ...left()]).toEqual([true, 'binding.tar.gz', 'installed', 'library.tar.gz']);
    const before = asked.length;
    await installTensorflow(home, {}, tools());
    expect([existsSync(join(installed, 'mark')), asked.length, ...left()]).toEqual([false, before, 'installed']);
  });

  it('can be stopped, and is not for systems without one', async () => {
    const controller = new AbortController();
    const probe = async (): Promise<string> => {
      controller.abort();
      return Promise.reject(new Error('aborted'));
    };
    const files = { library: library(), binding: binding() };
    await expect(installTensorflow(home, { files, signal: controller.signal }, tools({ probe }))).rejects.toEqual(code('cancelled'));
    expect(left()).toEqual([]);
    await expect(installTensorflow(home, {}, tools({ system: 'darwin-arm64' }))).rejects.toEqual(code('unsupported'));
  });

  it('is published for the systems whose cards it can use, at addresses without a redirect to another protocol', () => {
    expect(Object.keys(nativeParts)).toEqual(['linux-x64', 'win32-x64']);
    for (const { library: one, binding: other } of Object.values(nativeParts))
      for (const { address, sha256 } of [one, other]) {
        expect(new URL(address).protocol).toBe('https:');
        if (sha256 !== undefined) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      }
  });
});

describe.skipIf(noTensorflow !== undefined)(`a real one${whySkipped}`, () => {
  it('is loaded to see that it works, and is then what is found', async () => {
    const real = findTensorflow().binding;
    const libraries = realpathSync(join(real, '../../../deps/lib'));
    const links = readdirSync(libraries).map((name) => [`lib/${name}`, { link: join(libraries, name) }] as const);
    const files = {
      library: archive('library.tar.gz', Object.fromEntries(links)),
      binding: archive('binding.tar.gz', { 'napi-v8/tfjs_binding.node': { link: real } }),
    };
    const before = process.env[tensorflowVariable];
    try {
      const { folder: installed, version } = await installTensorflow(home, { files }, { ...tools(), probe: versionOf });
      expect(version).toMatch(/^2\.\d+\.\d+/);
      delete process.env[tensorflowVariable];
      offerTensorflow(home);
      expect(findTensorflow()).toEqual({ binding: join(installed, tensorflowBinding) });
    } finally {
      delete process.env[tensorflowVariable];
      if (before !== undefined) process.env[tensorflowVariable] = before;
    }
  });
});

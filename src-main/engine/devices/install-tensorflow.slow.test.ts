import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../../shared/errors.ts';
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
    if ('text' in content) writeFileSync(join(root, path), content.text, 'latin1');
    else symlinkSync(content.link, join(root, path));
  }
  const file = join(folder, name);
  execFileSync('tar', ['-czf', file, '-C', root, '.']);
  return file;
}
/** The beginning of a program library for Linux on a processor (62: x86-64, 183: ARM), and what it holds. */
const built = (what: string, processor = 62): { readonly text: string } => ({
  text: `\x7fELF\x02\x01\x01${'\0'.repeat(11)}${String.fromCharCode(processor)}\0${what}`,
});
const library = (): string => archive('library.tar.gz', { 'lib/libtensorflow.so': built('a library'), LICENSE: { text: 'Apache' } });
const binding = (): string => archive('binding.tar.gz', { 'napi-v8/tfjs_binding.node': built('a binding') });

const tools = (rest: Partial<InstallTools> = {}): InstallTools => {
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const parts = { library: { address: `${at}/library.tar.gz` }, binding: { address: `${at}/binding.tar.gz` } };
  return {
    system: 'linux-x64',
    parts: { 'linux-x64': parts },
    probe: async () => Promise.resolve('2.9.1'),
    replace: replaceFolder,
    ...rest,
  };
};
/** With a checksum of the library that is published. */
const withChecksum = (sha256: string): InstallTools => {
  const pinned = tools();
  const parts = pinned.parts['linux-x64']!;
  return { ...pinned, parts: { 'linux-x64': { ...parts, library: { ...parts.library, sha256 } } } };
};
const left = (): readonly string[] => readdirSync(join(home.path, 'tensorflow')).toSorted();
const code = (expected: string): object => expect.objectContaining({ code: expected });

describe('the native part of TensorFlow', () => {
  it('is fetched, unpacked, tried and put in its place, with nothing left beside it', async () => {
    offered = { '/library.tar.gz': readFileSync(library()), '/binding.tar.gz': readFileSync(binding()) };
    const tried: string[] = [];
    const heard: string[] = [];
    const probe = async (file: string): Promise<string> => {
      tried.push(readFileSync(file, 'latin1').slice(-'a binding'.length));
      return Promise.resolve('2.9.1');
    };
    const result = await installTensorflow(home, { onProgress: ({ file }) => heard.push(file) }, tools({ probe }));
    expect(result).toEqual({ version: '2.9.1', folder: join(home.path, 'tensorflow', 'installed') });
    expect(tried).toEqual(['a binding']);
    expect(new Set(heard)).toEqual(new Set(['library.tar.gz', 'binding.tar.gz']));
    expect(left()).toEqual(['installed']);
    expect(readFileSync(join(result.folder, 'deps/lib/libtensorflow.so'), 'latin1')).toMatch(/a library$/);
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
    await expect(installTensorflow(home, {}, withChecksum(sha256))).rejects.toEqual(code('bad-file'));
    offered['/library.tar.gz'] = readFileSync(archive('other.tar.gz', { README: { text: 'something else' } }));
    await expect(installTensorflow(home, {}, tools())).rejects.toMatchObject({
      code: 'bad-file',
      message: 'library.tar.gz is another archive: no libtensorflow is in it.',
      hint: 'Try again: it is fetched anew.',
    });
    offered = { '/library.tar.gz': whole, '/binding.tar.gz': whole };
    await expect(installTensorflow(home, {}, tools())).rejects.toThrow('binding.tar.gz is the library and not the binding.');
    // What was right is not fetched once more for the other's sake.
    expect(left()).toEqual(['library.tar.gz']);
    offered['/binding.tar.gz'] = readFileSync(binding());
    await expect(installTensorflow(home, {}, withChecksum(sha256))).resolves.toMatchObject({ version: '2.9.1' });
  });

  it('is refused in a sentence where a file of the person is not what it should be, and what was fetched stays', async () => {
    offered = { '/binding.tar.gz': readFileSync(binding()) };
    const whole = readFileSync(library());
    const file = (name: string, content: Buffer): string => {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    };
    const refused = async (given: string, tool = tools()): Promise<string> =>
      installTensorflow(home, { files: { library: given } }, tool).then(
        () => 'accepted',
        ({ code: is, message, hint }: AppError) => `${is}: ${message} ${hint}`,
      );
    const choose = (where: string): string => `Choose library.tar.gz from ${where}/library.tar.gz, as it was downloaded.`;
    const at = tools().parts['linux-x64']!.library.address.replace('/library.tar.gz', '');
    expect(await refused(file('library.tar (1).gz', whole.subarray(0, whole.length - 40)))).toBe(
      `bad-file: library.tar (1).gz is cut off: it was not downloaded or copied to its end. ${choose(at)}`,
    );
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 6]! ^= 1;
    expect(await refused(file('flipped.tar.gz', flipped))).toContain('bad-file: flipped.tar.gz is damaged');
    const other = createHash('sha256').update('another').digest('hex');
    expect(await refused(file('library.tar.gz', whole), withChecksum(other))).toContain(
      'bad-file: library.tar.gz is not the file that was published: its checksum is wrong.',
    );
    // A checksum is that of one file: another build has another name.
    expect(await refused(file('my-own.tar.gz', whole), withChecksum(other))).toBe('accepted');
    const arm = archive('arm.tar.gz', { 'lib/libtensorflow.so': built('a library', 183) });
    expect(await refused(arm)).toContain('bad-file: arm.tar.gz is for Linux on ARM processors, and this is Linux on x86-64 processors.');
    const text = archive('text.tar.gz', { 'lib/libtensorflow.so': { text: 'version https://git-lfs.github.com/spec/v1' } });
    expect(await refused(text)).toContain('bad-file: text.tar.gz is damaged: its libtensorflow.so is no program library.');
    expect(await refused(binding())).toContain('bad-file: binding.tar.gz is the binding and not the library.');
    const old = async (): Promise<string> => Promise.resolve('2.4.0');
    expect(await refused(file('old.tar.gz', whole), tools({ probe: old }))).toContain(
      'bad-file: This is not a TensorFlow to install here. It is not known which CUDA TensorFlow 2.4.0 wants: install one of 2.9 (CUDA 11.2',
    );
    expect(left()).toContain('installed');
    expect(asked.filter((path) => path === '/library.tar.gz')).toEqual([]);
  });

  it('says what it does, and how far it has read what it checks', async () => {
    offered = { '/binding.tar.gz': readFileSync(binding()) };
    const heard: string[] = [];
    const given = library();
    const { length } = readFileSync(given);
    await installTensorflow(
      home,
      {
        files: { library: given },
        onStage: (stage) => heard.push(stage),
        onProgress: ({ file, done, total }) => file === 'library.tar.gz' && heard.push(`${done === length} ${total === length}`),
      },
      tools(),
    );
    expect(heard).toEqual([
      'Checks library.tar.gz.',
      'true true',
      'Unpacks library.tar.gz.',
      'Fetches the binding.',
      'Checks binding.tar.gz.',
      'Unpacks binding.tar.gz.',
      'Loads it, to see that it works.',
    ]);
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

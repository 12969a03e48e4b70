// TensorFlow from archives that a page names: only those it may name, with what is wrong said before anything is begun.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { tensorflowVariable } from '../../../shared/tensorflow.ts';
import { replaceFolder } from '../../files/replace-folder.ts';
import { nativeParts } from '../devices/tensorflow-parts.ts';
import { homeAt } from '../home.ts';
import type { EngineContext } from './context.ts';
import { installJob } from './install-job.ts';
import { Jobs } from './jobs.ts';
import { Roots } from './roots.ts';

const place = mkdtempSync(join(tmpdir(), 'ijepa-install-job-'));
const root = join(place, 'root');
const system = 'linux-x64';
const before = process.env[tensorflowVariable];
afterAll(() => {
  delete process.env[tensorflowVariable];
  if (before !== undefined) process.env[tensorflowVariable] = before;
  rmSync(place, { recursive: true, force: true });
});

const nvidia = { name: 'NVIDIA GeForce RTX 3060', driver: '550.54.14', computeCapability: 8.6 };
const jobs = new Jobs();
const contextWith = (cards: readonly object[]): EngineContext =>
  ({
    jobs,
    roots: new Roots([root], () => []),
    studio: { home: homeAt(join(place, 'home')), devices: { list: async () => Promise.resolve({ cards, devices: [] }) } },
  }) as unknown as EngineContext;
const nowhere = { address: 'https://nowhere.invalid/a.tar.gz' };
const tools = {
  system,
  parts: { [system]: { library: nowhere, binding: nowhere } },
  probe: async () => Promise.resolve('2.9.1'),
  replace: replaceFolder,
};

function archive(folder: string, name: string, inside: string): string {
  const tree = mkdtempSync(join(place, 'tree-'));
  mkdirSync(dirname(join(tree, inside)), { recursive: true });
  writeFileSync(join(tree, inside), `\x7fELF\x02\x01\x01${'\0'.repeat(11)}\x3e\0`, 'latin1');
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-czf', join(folder, name), '-C', tree, '.']);
  return join(folder, name);
}
const library = archive(root, 'library.tar.gz', 'lib/libtensorflow.so');
const binding = archive(root, 'binding.tar.gz', 'napi-v8/tfjs_binding.node');

describe.skipIf(nativeParts[`${process.platform}-${process.arch}`] === undefined)('TensorFlow from archives of the computer', () => {
  it('is installed by a job, and what came of it is said', async () => {
    const { job } = await installJob(contextWith([nvidia]), { library, binding }, tools);
    expect(await jobs.wait(job)).toMatchObject({
      kind: 'install',
      subject: 'TensorFlow 2.9.1',
      detail: 'TensorFlow 2.9.1 loads; test this computer to have it tried.',
    });
  });

  it('is not begun with a file outside of the folders that the page may name, nor with another file or for a card that cannot use it', async () => {
    const outside = archive(join(place, 'elsewhere'), 'library.tar.gz', 'lib/libtensorflow.so');
    const count = jobs.list().length;
    const refused = async (context: EngineContext, files: { library?: string; binding?: string }): Promise<unknown> =>
      installJob(context, { library: undefined, binding: undefined, ...files }, tools).catch((error: unknown) => error);
    const card = contextWith([nvidia]);
    for (const file of [outside, join(root, '..', 'elsewhere', 'library.tar.gz'), '/etc/passwd'])
      expect(await refused(card, { library: file })).toMatchObject({ code: 'not-allowed' });
    expect(await refused(card, { binding: outside })).toMatchObject({ code: 'not-allowed' });
    expect(await refused(card, { library: 'library.tar.gz' })).toMatchObject({ code: 'bad-input' });
    expect(await refused(card, { library: join(root, 'none.tar.gz') })).toMatchObject({ code: 'not-found' });
    expect(await refused(card, { library: root })).toMatchObject({ code: 'bad-input' });
    writeFileSync(join(root, 'page.tar.gz'), '<html>');
    expect(await refused(card, { binding: join(root, 'page.tar.gz') })).toMatchObject({ code: 'bad-file' });
    expect(await refused(contextWith([]), { library })).toMatchObject({ code: 'unsupported' });
    expect(jobs.list()).toHaveLength(count);
  });
});

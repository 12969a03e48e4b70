// The engine as a process: how it begins, is refused, ends, and what is left of it when whoever started it is killed.
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FromEngine, ToEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { programVersion } from '../../shared/version.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { openLibrary } from '../library/library.ts';
import { refusedExitCode } from '../link/engine-messages.ts';
import type { FromEngineProcess } from '../link/engine-messages.ts';
import { isRunning, until } from '../trainer/testing/processes.ts';
import { listCheckpoints } from '../training/run-folder/run-folder.ts';
import { drawPictures } from './app/testing/open-engine.ts';

const place = mkdtempSync(join(tmpdir(), 'ijepa-engine-'));
const pictures = join(place, 'pictures');
beforeAll(async () => drawPictures(pictures, 30));
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly messages: FromEngineProcess[];
  readonly stderr: () => string;
  readonly call: (client: number, id: number, channel: string, input: unknown) => void;
  readonly answer: (client: number, id: number) => Promise<FromEngine>;
}

function start(home: string): Started {
  const child = fork(join(import.meta.dirname, 'engine-process.ts'), ['--home', home], {
    serialization: 'advanced',
    execArgv: [...nodeArguments],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const messages: FromEngineProcess[] = [];
  let text = '';
  child.on('message', (message: FromEngineProcess) => messages.push(message));
  child.stderr!.setEncoding('utf8').on('data', (more: string) => (text += more));
  const find = (client: number, id: number): FromEngine | undefined =>
    messages
      .flatMap((one) => ('client' in one && one.client === client ? [one.message] : []))
      .find((message) => (message.type === 'ok' || message.type === 'fail') && message.id === id);
  return {
    child,
    messages,
    stderr: () => text,
    call: (client, id, channel, input) => child.send({ client, message: { type: 'call', id, channel, input } satisfies ToEngine }),
    answer: async (client, id) => {
      await until(`answer ${id} to page ${client}`, () => find(client, id) !== undefined);
      return find(client, id)!;
    },
  };
}

/** All processes below one, of Linux's own list. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const text = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), parent: Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]) }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
  const below = (of: number): number[] => parents.filter(({ parent }) => parent === of).flatMap((one) => [one.pid, ...below(one.pid)]);
  return below(pid);
}

describe("the engine's process", () => {
  it('says hello, answers several pages apart, and lets go of everything when it is told to end', async () => {
    const home = join(place, 'home');
    const { child, messages, call, answer } = start(home);
    await until('hello', () => messages.length > 0);
    expect(messages[0]).toEqual({ type: 'hello', protocol: protocolVersion, program: programVersion });
    call(1, 1, 'system.info', {});
    call(2, 1, 'library.page', { folder: 1, filter: {}, offset: 0, limit: 10 });
    expect(await answer(1, 1)).toMatchObject({ type: 'ok', output: { program: programVersion, home } });
    expect(await answer(2, 1)).toMatchObject({ type: 'fail', error: { code: 'not-found' } });

    // Nothing that a page sends ends it; a page that is gone hears nothing more, another one does.
    for (const message of ['x', null, undefined, {}, { type: 'call', id: 5 }, { type: 'cancel', id: 99 }, { type: 'shutdown' }])
      child.send({ client: 3, message });
    call(1, 2, 'jobs.watch', {});
    call(2, 2, 'jobs.watch', {});
    child.send({ client: 1, closed: true });
    call(2, 3, 'library.scan', { path: pictures });
    const scan = await answer(2, 3);
    if (scan.type !== 'ok') throw new Error(JSON.stringify(scan));
    const { job, folder } = scan.output as { readonly job: number; readonly folder: number };
    call(2, 4, 'jobs.wait', { job });
    expect(await answer(2, 4)).toMatchObject({ type: 'ok', output: { state: 'done', detail: '60 found' } });
    const heard = (client: number): number =>
      messages.filter((one) => 'client' in one && one.client === client && one.message.type === 'event').length;
    expect(heard(2)).toBeGreaterThan(1);
    expect(heard(1)).toBeLessThanOrEqual(1);

    // Typed arrays pass the process as what they are.
    call(2, 5, 'library.ids', { folder, filter: {} });
    const ids = await answer(2, 5);
    expect(ids).toMatchObject({ type: 'ok', output: { ids: expect.any(Int32Array) as unknown } });

    child.send({ type: 'shutdown' });
    expect(await once(child, 'exit')).toEqual([0, null]);
    openLibrary(home).dispose();
  });

  it('refuses a home that another engine has open, and says who has it', async () => {
    const home = join(place, 'taken');
    const library = openLibrary(home);
    const { child, messages, stderr } = start(home);
    expect(await once(child, 'exit')).toEqual([refusedExitCode, null]);
    library.dispose();
    expect(messages).toEqual([]);
    const refusal = JSON.parse(stderr().trim().split('\n').at(-1)!) as unknown;
    expect(refusal).toMatchObject({ code: 'locked', message: expect.stringContaining(`process ${process.pid}`) as string });
  });

  it.skipIf(process.platform !== 'linux')(
    'leaves no process behind when its window is killed, and the run keeps a checkpoint',
    async () => {
      const home = join(place, 'owned');
      const script = join(import.meta.dirname, 'testing/own-an-engine.ts');
      const owner = spawn(process.execPath, [...nodeArguments, script, home, pictures], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      owner.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
      await until('training', () => said.includes('trains'), 120);
      const processes = descendants(owner.pid!);
      // The engine, its trainer, decoders of the scan and of pictures.
      expect(processes.length).toBeGreaterThanOrEqual(4);
      const run = join(home, 'runs', 'owned');
      const before = listCheckpoints(run).at(-1)?.step ?? 0;
      owner.kill('SIGKILL');
      await once(owner, 'exit');
      try {
        await until('the end of all processes', () => !processes.some(isRunning), 30);
      } finally {
        // A test that fails leaves none behind either.
        for (const pid of processes.filter(isRunning)) process.kill(pid, 'SIGKILL');
      }
      expect(listCheckpoints(run).at(-1)!.step).toBeGreaterThan(before);
      openLibrary(home).dispose();
    },
  );
});

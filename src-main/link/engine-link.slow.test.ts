import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channel } from '../../shared/contract/channel.ts';
import type { EngineState } from '../../shared/contract/messages.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { EngineLink } from './engine-link.ts';
import type { EngineLinkOptions } from './engine-link.ts';
import { programNode } from './program-node.ts';

const contract = {
  echo: channel<unknown>()(v.unknown()),
  facts: channel<{ home: string; roots: string[]; resumeInterrupted: boolean; pages: number[]; fileThreads: string }>()(v.unknown()),
  exit: channel<never>()(v.number()),
  never: channel<never>()(v.unknown()),
};

let home: string;
let link: EngineLink | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ijepa-link-'));
});
afterEach(async () => {
  await link?.dispose();
  link = undefined;
  delete process.env['FAKE_ENGINE'];
  rmSync(home, { recursive: true, force: true });
});

const root = join(import.meta.dirname, '..', '..');

function open(mode = '', options: Partial<EngineLinkOptions> = {}): EngineLink {
  process.env['FAKE_ENGINE'] = mode;
  return (link = new EngineLink({
    node: programNode(root),
    entry: join(import.meta.dirname, 'testing', 'fake-engine.ts'),
    home,
    ...options,
  }));
}

/** Every state that a watcher sees until `last`, with the reasons. */
function until(watched: Pick<EngineLink, 'watch'>, last: EngineState): Promise<{ states: EngineState[]; reasons: string }> {
  return new Promise((resolve) => {
    const states: EngineState[] = [];
    const reasons: string[] = [];
    watched.watch((state, reason) => {
      states.push(state);
      if (reason) reasons.push(reason);
      if (state === last) resolve({ states, reasons: reasons.join('\n') });
    });
  });
}

const client = (from: EngineLink): RpcClient<typeof contract> => new RpcClient(from.connect());
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the link to the engine', () => {
  it('carries calls of several pages with their arrays, and gives the engine its folders', async () => {
    const from = open('', { roots: ['/a', '/b c'] });
    const [one, two] = [client(from), client(from)];
    expect(one.state).toBe('starting');
    await Promise.all([until(one, 'ready'), until(two, 'ready')]);
    const bytes = new Uint8Array([1, 2, 255]);
    expect(await one.call('echo', { bytes, text: 'ä' })).toEqual({ bytes, text: 'ä' });
    expect(await two.call('facts', {})).toEqual({
      home,
      roots: ['/a', '/b c'],
      resumeInterrupted: false,
      pages: [1, 2],
      fileThreads: '16',
    });
  });

  it('tells the engine that a page is gone, and the page nothing more', async () => {
    const from = open();
    const gone = from.connect();
    const other = client(from);
    await until(other, 'ready');
    gone.send({ type: 'call', id: 1, channel: 'never', input: {} });
    expect((await other.call('facts', {})).pages).toEqual([1, 2]);
    gone.close();
    expect((await other.call('facts', {})).pages).toEqual([2]);
    gone.send({ type: 'call', id: 2, channel: 'never', input: {} });
    expect((await other.call('facts', {})).pages).toEqual([2]);
  });

  it('waits with the engine where it is told to, and starts it once', async () => {
    const from = open('', { waits: true });
    const page = client(from);
    expect(from.pid).toBeUndefined();
    from.start();
    const { pid } = from;
    from.start();
    await until(page, 'ready');
    expect(from.pid).toBe(pid);
    const never = open('', { waits: true });
    await never.dispose();
    never.start();
    expect(never.pid).toBeUndefined();
    await from.dispose();
  });

  it('fails calls at once while the engine is not ready', async () => {
    const port = open('silent').connect();
    const answer = new Promise((resolve) => port.onMessage((message) => message.type === 'fail' && resolve(message.error.code)));
    port.send({ type: 'call', id: 1, channel: 'echo', input: {} });
    expect(await answer).toBe('engine-crashed');
  });

  it('tells pages of a crash, loses their calls, and starts the engine once more to go on with the run', async () => {
    const from = open();
    const page = client(from);
    await until(from, 'ready');
    await until(page, 'ready');
    const pending = page.call('never', {});
    const seen = until(page, 'crashed');
    process.kill(from.pid!, 'SIGKILL');
    await expect(pending).rejects.toMatchObject({ code: 'engine-crashed' });
    expect((await seen).reasons).toContain('SIGKILL');
    await until(page, 'ready');
    expect(await page.call('facts', {})).toMatchObject({ resumeInterrupted: true });
    // The second crash within five minutes is the last.
    const end = until(page, 'ended');
    // Nobody is told that it is started again.
    await expect(page.call('exit', 9)).rejects.toMatchObject({
      code: 'engine-crashed',
      hint: expect.stringContaining('start the program'),
    });
    const { states, reasons } = await end;
    expect(states).not.toContain('crashed');
    expect(reasons).toContain('code 9');
    expect(reasons).toContain(from.log.path);
    expect(readFileSync(join(home, 'engine.log'), 'utf8')).toMatch(/SIGKILL[^]*started again[^]*the last words[^]*code 9/);
    expect(from.pid).toBeUndefined();
  });

  it('starts it again after a time of health', async () => {
    const from = open('', { healthyMs: 0 });
    const page = client(from);
    for (let times = 0; times < 3; times++) {
      await until(page, 'ready');
      const crashed = until(page, 'crashed');
      process.kill(from.pid!, 'SIGKILL');
      await crashed;
    }
    await until(page, 'ready');
  });

  it('does not start an engine again that ended by itself, or that could not begin', async () => {
    const from = open();
    const page = client(from);
    await until(page, 'ready');
    await expect(page.call('exit', 0)).rejects.toMatchObject({ code: 'engine-crashed' });
    expect((await until(from, 'ended')).reasons).toContain('has ended');

    await from.dispose();
    const refused = open('refuse');
    const { states, reasons } = await until(refused, 'ended');
    expect(refused.refusal).toMatchObject({ code: 'locked', message: 'The home is in use.' });
    expect(states).toEqual(['starting', 'ended']);
    expect(reasons).toContain('The home is in use. Close the other window.');
  });

  it.each([
    ['old', {}, /other version/],
    ['silent', { helloMs: 200 }, /did not answer/],
    ['crash-at-start', {}, /code 7[^]*engine\.log/],
  ])('gives up an engine that begins wrongly: %s', async (mode, options, reason) => {
    const from = open(mode, options);
    const { reasons } = await until(from, 'ended');
    expect(reasons).toMatch(reason);
    expect(from.pid).toBeUndefined();
  });

  it('says which program could not be started', async () => {
    const { reasons } = await until(open('', { node: join(home, 'no-node') }), 'ended');
    expect(reasons).toContain('could not be started');
    expect(reasons).toContain('no-node');
  });

  it('asks the engine to end, and kills it when it does not', async () => {
    const from = open();
    await until(from, 'ready');
    const first = from.pid!;
    const closed = new Promise<void>((resolve) => from.connect().onClose(() => resolve()));
    await from.dispose();
    await closed;
    expect(existsSync(join(home, 'shutdown'))).toBe(true);
    expect(isAlive(first)).toBe(false);
    expect(from.state).toBe('ended');

    const stubborn = open('stubborn', { graceMs: 300 });
    await until(stubborn, 'ready');
    const second = stubborn.pid!;
    await stubborn.dispose();
    expect(isAlive(second)).toBe(false);
  });
});

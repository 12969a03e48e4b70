import fc from 'fast-check';
import * as v from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { portPair } from '../testing/port-pair.ts';
import { channel } from './channel.ts';
import { isToEngine } from './messages.ts';
import type { EngineState } from './messages.ts';
import { protocolVersion } from './protocol-version.ts';
import { RpcClient } from './rpc-client.ts';
import { serve } from './rpc-server.ts';

const contract = {
  double: channel<number>()(v.strictObject({ value: v.number(), times: v.optional(v.number(), 2) })),
  count: channel<string, number>()(v.strictObject({ to: v.number() })),
  wait: channel<void>()(v.strictObject({})),
  fail: channel<void>()(v.strictObject({ as: v.picklist(['app', 'system', 'fault']) })),
} as const;

/** A page and an engine whose `wait` ends when its caller cancels, and says so. */
function connected() {
  const pair = portPair();
  const aborted: string[] = [];
  const called: unknown[] = [];
  serve(pair.engine, contract, {
    double: (input) => {
      called.push(input);
      return input.value * input.times;
    },
    count: async ({ to }, { emit, signal }) => {
      for (let i = 1; i <= to && !signal.aborted; i++) {
        emit(i);
        await settled();
      }
      return `${to} in all`;
    },
    wait: async (_input, { signal }) =>
      new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => {
          aborted.push('wait');
          resolve();
        }),
      ),
    fail: ({ as }) => {
      if (as === 'app') throw new AppError('disk-full', 'The disk is full.', 'Free some space.');
      throw as === 'system'
        ? Object.assign(new Error('ENOENT'), { code: 'ENOENT', path: '/gone' })
        : new TypeError('undefined is not a function');
    },
  });
  const client = new RpcClient<typeof contract>(pair.page);
  return { pair, client, aborted, called };
}

const rejection = async (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => {
      throw new Error('It was answered.');
    },
    (error: unknown) => error as AppError,
  );
const code = async (promise: Promise<unknown>): Promise<ErrorCode> => (await rejection(promise)).code;
/** Long enough for any message under way. */
const settled = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

const ready = { type: 'engine', state: 'ready', protocol: protocolVersion } as const;

let unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
process.on('unhandledRejection', note);
afterEach(() => {
  expect(unhandled).toEqual([]);
  unhandled = [];
});

describe('a call', () => {
  it('is answered with what the handler returns; defaults are filled in before it', async () => {
    const { client, called } = connected();
    expect(await client.call('double', { value: 21 })).toBe(42);
    expect(await Promise.all([1, 2, 3].map(async (value) => client.call('double', { value, times: 10 })))).toEqual([10, 20, 30]);
    expect(called[0]).toEqual({ value: 21, times: 2 });
  });

  it('gets its events in order and before the answer', async () => {
    const { client } = connected();
    const heard: (number | string)[] = [];
    heard.push(await client.call('count', { to: 5 }, { onEvent: (event) => heard.push(event) }));
    expect(heard).toEqual([1, 2, 3, 4, 5, '5 in all']);
  });

  it('rejects with the error of the handler, and with what the operating system meant', async () => {
    const { client } = connected();
    const full = await rejection(client.call('fail', { as: 'app' }));
    expect(full).toBeInstanceOf(AppError);
    expect(full).toMatchObject({ code: 'disk-full', message: 'The disk is full.', hint: 'Free some space.' });
    expect(await rejection(client.call('fail', { as: 'system' }))).toMatchObject({ code: 'not-found' });
    expect(await code(client.call('fail', { as: 'fault' }))).toBe('internal');
  });

  it('that is cancelled rejects at once, tells the handler, and is not answered later', async () => {
    const { client, aborted } = connected();
    const stop = new AbortController();
    const heard: number[] = [];
    const waiting = code(client.call('wait', {}, { signal: stop.signal }));
    const counting = code(client.call('count', { to: 1e9 }, { signal: stop.signal, onEvent: (event) => heard.push(event) }));
    await settled();
    stop.abort();
    expect(await waiting).toBe('cancelled');
    expect(await counting).toBe('cancelled');
    const heardThen = heard.length;
    await settled();
    expect(aborted).toEqual(['wait']);
    expect(heard.length).toBe(heardThen);
    expect(await code(client.call('double', { value: 1 }, { signal: stop.signal }))).toBe('cancelled');
  });

  it('with wrong input never reaches the handler and says which part is wrong', async () => {
    const { client, called } = connected();
    const error = await rejection(client.call('double', { value: 'one' } as never));
    expect(error).toMatchObject({ code: 'bad-input' });
    expect(error.message).toContain('double, value');
    expect(await code(client.call('double', { value: 1, more: true } as never))).toBe('bad-input');
    for (const name of ['triple', '__proto__', 'constructor', 'toString', ''])
      expect(await code(client.call(name as 'double', { value: 1 }))).toBe('bad-input');
    expect(called).toEqual([]);
  });
});

describe('the engine', () => {
  it('outlives whatever arrives, and answers what is a call', async () => {
    const { pair, client } = connected();
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (garbage) => {
        pair.inject(garbage);
        expect(isToEngine(garbage)).toBe(false);
      }),
      { numRuns: 200 },
    );
    pair.inject({ type: 'cancel', id: 77 });
    expect(await client.call('double', { value: 4 })).toBe(8);
  });

  it('refuses a second call of the same number while the first is under way', async () => {
    const pair = portPair();
    const answers: unknown[] = [];
    pair.page.onMessage((message) => answers.push(message));
    serve(pair.engine, { wait: contract.wait }, { wait: async () => new Promise<void>(() => {}) });
    pair.inject({ type: 'call', id: 1, channel: 'wait', input: {} });
    pair.inject({ type: 'call', id: 1, channel: 'wait', input: {} });
    await settled();
    expect(answers).toEqual([{ type: 'fail', id: 1, error: expect.objectContaining({ code: 'bad-input' }) as unknown }]);
  });

  it('aborts all calls of a page that is gone, which gets no answer any more', async () => {
    const { pair, client, aborted } = connected();
    const lost = [code(client.call('wait', {})), code(client.call('wait', {}))];
    await settled();
    pair.close();
    expect(await Promise.all(lost)).toEqual(['engine-crashed', 'engine-crashed']);
    expect(aborted).toEqual(['wait', 'wait']);
    expect(await code(client.call('double', { value: 1 }))).toBe('engine-crashed');
    expect(client.state).toBe('ended');
  });
});

describe('the page', () => {
  it('learns the state of the engine and loses its calls when that crashes, but not those after it', async () => {
    const { pair, client } = connected();
    const states: [EngineState, string | undefined][] = [];
    const stop = client.watch((state, reason) => states.push([state, reason]));
    pair.announce(ready);
    await settled();
    const lost = rejection(client.call('wait', {}));
    pair.announce({ type: 'engine', state: 'crashed', protocol: protocolVersion, reason: 'was ended by SIGKILL' });
    expect(await lost).toMatchObject({ code: 'engine-crashed', message: 'The engine was ended by SIGKILL.' });
    pair.announce(ready);
    expect(await client.call('double', { value: 3 })).toBe(6);
    expect(states).toEqual([
      ['starting', undefined],
      ['ready', undefined],
      ['crashed', 'was ended by SIGKILL'],
      ['ready', undefined],
    ]);
    stop();
    pair.announce({ type: 'engine', state: 'ended', protocol: protocolVersion });
    await settled();
    expect(states.length).toBe(4);
  });

  it('does not say that the engine is started again when only the connection is gone', async () => {
    const { pair, client } = connected();
    pair.announce(ready);
    await settled();
    for (const [state, hint] of [
      ['starting', 'connects again'],
      ['crashed', 'last checkpoint'],
      ['ended', 'start the program again'],
    ] as const) {
      const call = rejection(client.call('wait', {}));
      pair.announce({ type: 'engine', state, protocol: protocolVersion, reason: 'cannot be reached' });
      const error = await call;
      expect(error.message).toBe('The engine cannot be reached.');
      expect(error.hint).toContain(hint);
    }
  });

  it('of another version than the engine is told to be loaded again', async () => {
    const { pair, client } = connected();
    const reasons: (string | undefined)[] = [];
    client.watch((_state, reason) => reasons.push(reason));
    pair.announce({ ...ready, protocol: `${protocolVersion}0` });
    await settled();
    expect(client.state).toBe('ended');
    expect(reasons.at(-1)).toContain('reload');
  });

  it('of another version than the engine asks it for nothing, until one of its own is there', async () => {
    const { pair, client, called } = connected();
    const before = code(client.call('wait', {}));
    pair.announce({ ...ready, protocol: '0.0.9-00000000' });
    expect(await before).toBe('engine-crashed');
    expect(await rejection(client.call('double', { value: 1 }))).toMatchObject({
      code: 'engine-crashed',
      message: 'The engine is of another version than this page: reload the page.',
    });
    await settled();
    expect(called).toEqual([]);
    pair.announce(ready);
    await settled();
    expect(await client.call('double', { value: 1 })).toBe(2);
  });

  it('is told of an engine that was made when versions were plain numbers', async () => {
    const { pair, client } = connected();
    pair.announce({ ...ready, protocol: 1 as never });
    await settled();
    expect(client.state).toBe('ended');
  });

  it('passes over answers that nobody waits for', async () => {
    const { pair, client } = connected();
    pair.announce({ type: 'ok', id: 999, output: 1 });
    pair.announce({ type: 'event', id: 999, event: 1 });
    pair.announce({ type: 'fail', id: 999, error: { code: 'internal', message: '', hint: '' } });
    expect(await client.call('double', { value: 1 })).toBe(2);
  });
});

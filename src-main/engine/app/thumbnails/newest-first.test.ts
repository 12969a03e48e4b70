import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { rateMeter } from '../rate.ts';
import { ByteCache } from './byte-cache.ts';
import { NewestFirst } from './newest-first.ts';

const turn = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Work that is begun in an order that a test sees, and ends when it says so. */
function recorder() {
  const begun: string[] = [];
  const ends = new Map<string, (result: string) => void>();
  const signals = new Map<string, AbortSignal>();
  const work = (key: string) => async (signal: AbortSignal) => {
    begun.push(key);
    signals.set(key, signal);
    return new Promise<string>((resolve) => ends.set(key, resolve));
  };
  return { begun, work, signals, end: (key: string) => ends.get(key)!(`${key} done`) };
}

describe('work that is asked for faster than it can be done', () => {
  it('is begun from the newest on, so many at once', async () => {
    const { begun, work, end } = recorder();
    const queue = new NewestFirst<string>(2);
    const results = ['a', 'b', 'c', 'd'].map(async (key) => queue.run(key, work(key)));
    await turn();
    expect(begun).toEqual(['d', 'c']);
    end('d');
    await turn();
    expect(begun).toEqual(['d', 'c', 'b']);
    for (const key of ['c', 'b']) end(key);
    await turn();
    end('a');
    expect(await Promise.all(results)).toEqual(['a done', 'b done', 'c done', 'd done']);
    expect(queue.size).toBe(0);
  });

  it('is never begun when its caller has cancelled: a scroll past ten thousand pictures draws only those it stops at', async () => {
    const { begun, work, end } = recorder();
    const queue = new NewestFirst<string>(4);
    const began = performance.now();
    const passed = Array.from({ length: 10_000 }, (_, i) => {
      const stop = new AbortController();
      const result = queue.run(`passed ${i}`, work(`passed ${i}`), stop.signal).catch((error: Error) => error);
      return { stop, result };
    });
    const seen = queue.run('seen', work('seen'));
    for (const { stop } of passed) stop.abort();
    await turn();
    expect(begun).toEqual(['seen']);
    end('seen');
    expect(await seen).toBe('seen done');
    const ends = await Promise.all(passed.map(async ({ result }) => result));
    expect(ends.every((end) => end instanceof AppError && end.code === 'cancelled')).toBe(true);
    expect(queue.size).toBe(0);
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('is done once for all who ask for the same, and given up when the last of them is gone', async () => {
    const { begun, work, end, signals } = recorder();
    const queue = new NewestFirst<string>(1);
    const [one, other] = [new AbortController(), new AbortController()];
    const first = queue.run('x', work('x'), one.signal).catch((error: Error) => error);
    const second = queue.run('x', work('x'), other.signal).catch((error: Error) => error);
    await turn();
    expect(begun).toEqual(['x']);
    one.abort();
    expect(await first).toMatchObject({ code: 'cancelled' });
    expect(signals.get('x')!.aborted).toBe(false);
    other.abort();
    expect(signals.get('x')!.aborted).toBe(true);
    expect(await second).toMatchObject({ code: 'cancelled' });
    // Whoever asks again gets work of its own.
    const third = queue.run('x', work('x'));
    end('x');
    await turn();
    expect(begun).toEqual(['x', 'x']);
    end('x');
    expect(await third).toBe('x done');
  });

  it('hands its error to all who wait, and goes on', async () => {
    const queue = new NewestFirst<string>(1);
    const failing = async (): Promise<string> => {
      throw new Error('damaged');
    };
    const both = [1, 2].map(async () => queue.run('x', failing));
    for (const result of both) await expect(result).rejects.toThrow('damaged');
    expect(await queue.run('y', async () => 'fine')).toBe('fine');
  });
});

describe('what was used last', () => {
  it('is kept up to a number of bytes, the least used going first', () => {
    const cache = new ByteCache<{ readonly bytes: Uint8Array }>(100);
    const of = (bytes: number): { bytes: Uint8Array } => ({ bytes: new Uint8Array(bytes) });
    cache.put('a', of(40));
    cache.put('b', of(40));
    expect(cache.get('a')).toBeDefined();
    cache.put('c', of(40));
    expect([cache.get('a') !== undefined, cache.get('b') !== undefined, cache.get('c') !== undefined]).toEqual([true, false, true]);
    cache.put('c', of(10));
    expect(cache.bytes).toBe(50);
    cache.put('huge', of(1000));
    expect(cache.get('huge')).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });
});

describe('the rate of work', () => {
  it('is that of the last seconds, and tells the time left once there is something to tell', () => {
    let now = 0;
    const meter = rateMeter(() => now);
    expect(meter(0, 1000)).toEqual({ rate: 0 });
    now = 1000;
    expect(meter(10, 1000)).toEqual({ rate: 10 });
    now = 10_000;
    expect(meter(100, 1000)).toEqual({ rate: 10, secondsLeft: 90 });
    for (now = 11_000; now <= 40_000; now += 1000) meter(100 + (now - 10_000) / 50, 1000);
    now = 40_000;
    expect(meter(700, 1000).rate).toBeCloseTo(20, 0);
    expect(meter(700, 0).secondsLeft).toBeUndefined();
  });
});

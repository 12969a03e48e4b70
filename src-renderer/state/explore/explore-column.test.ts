import { describe, expect, it, vi } from 'vitest';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { SearchColumn } from './explore-column.svelte.ts';
import type { SearchInput } from './explore-column.svelte.ts';

const input = (image: number, hideAbove?: number): SearchInput => ({
  folder: 1,
  run: 'a',
  step: 1,
  layer: 'last',
  space: 'raw',
  plus: [{ image }],
  minus: [],
  k: 10,
  ...(hideAbove !== undefined && { hideAbove }),
});

/** A client whose answers the test gives, in any order. */
function waiting() {
  const calls: { input: SearchInput; signal: AbortSignal; resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  const call = (_channel: string, given: SearchInput, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => calls.push({ input: given, signal, resolve, reject }));
  return { calls, column: new SearchColumn({ call } as unknown as RpcClient<AppContract>) };
}

describe('a search', () => {
  it('shows the answer to the latest question, whichever comes last', async () => {
    const { calls, column } = waiting();
    column.follow(input(1));
    column.follow(input(2));
    expect(calls[0]!.signal.aborted).toBe(true);
    calls[1]!.resolve({ name: 'second' });
    calls[0]!.resolve({ name: 'first' });
    await vi.waitFor(() => expect(column.result).toEqual({ name: 'second' }));
    await Promise.resolve();
    expect(column.result).toEqual({ name: 'second' });
  });

  it('is not asked twice, except to try again', async () => {
    const { calls, column } = waiting();
    column.follow(input(1));
    column.follow(input(1));
    expect(calls).toHaveLength(1);
    calls[0]!.reject(new Error('no'));
    await vi.waitFor(() => expect(column.error).toEqual(new Error('no')));
    column.retry();
    expect(calls).toHaveLength(2);
  });

  it('keeps the last answer in sight until the next is there, and clears it when there is no question', async () => {
    const { calls, column } = waiting();
    column.follow(input(1));
    calls[0]!.resolve('one');
    await vi.waitFor(() => expect(column.result).toBe('one'));
    column.follow(input(2));
    expect(column.result).toBe('one');
    column.follow(undefined);
    expect([column.result, calls[1]!.signal.aborted]).toEqual([undefined, true]);
  });

  it('says that an answer is on its way only when it lets itself be waited for', async () => {
    vi.useFakeTimers();
    try {
      const { calls, column } = waiting();
      column.follow(input(1));
      await vi.advanceTimersByTimeAsync(100);
      expect(column.busy).toBe(false);
      calls[0]!.resolve('soon');
      await vi.advanceTimersByTimeAsync(1000);
      expect([column.result, column.busy]).toEqual(['soon', false]);
      column.follow(input(2));
      await vi.advanceTimersByTimeAsync(1000);
      expect(column.busy).toBe(true);
      // Who waits already is told so until the last of the answers is there.
      column.follow(input(3));
      expect(column.busy).toBe(true);
      calls[2]!.reject(new Error('no'));
      await vi.advanceTimersByTimeAsync(0);
      expect(column.busy).toBe(false);
      column.follow(input(4));
      await vi.advanceTimersByTimeAsync(1000);
      column.stop();
      expect(column.busy).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('waits for a slider to rest', () => {
    vi.useFakeTimers();
    try {
      const { calls, column } = waiting();
      column.follow(input(1, 0.9));
      for (const above of [0.91, 0.92, 0.93]) column.follow(input(1, above));
      expect(calls).toHaveLength(1);
      vi.advanceTimersByTime(1000);
      expect(calls.map((one) => one.input.hideAbove)).toEqual([0.9, 0.93]);
    } finally {
      vi.useRealTimers();
    }
  });
});

// With stand-ins for programs: one that prints, one that fails, and one that a driver holds in the kernel.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { printedBy } from './printed.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Start = NonNullable<Parameters<typeof printedBy>[2]>;
const stuck = { stdout: { destroy: vi.fn() }, stderr: { destroy: vi.fn() }, unref: vi.fn() };
const child = stuck as unknown as ReturnType<Start>;

it('is what a program prints, and whether it has failed; nothing is left to wait for', async () => {
  const start =
    (error: Error | null): Start =>
    (_program, [said], _options, done) => {
      queueMicrotask(() => done(error, said!, 'a warning'));
      return child;
    };
  expect(await printedBy('a program', ['a card'], start(null))).toEqual({ stdout: 'a card', stderr: 'a warning', isFailed: false });
  expect(await printedBy('a program', ['part'], start(new Error('It is gone.')))).toMatchObject({ stdout: 'part', isFailed: true });
  expect(vi.getTimerCount()).toBe(0);
});

it('is nothing of a program that does not end though it was told to, which nobody waits for', async () => {
  const printed = printedBy('a program', [], () => child);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(stuck.unref).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await printed).toBeUndefined();
  for (const freed of [stuck.unref, stuck.stdout.destroy, stuck.stderr.destroy]) expect(freed).toHaveBeenCalledTimes(1);
});

it('is nothing of a program that is not there', async () => {
  vi.useRealTimers();
  expect(await printedBy('no program of this name', [])).toMatchObject({ isFailed: true });
});

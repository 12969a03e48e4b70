import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { interruptible } from './interrupt.ts';

let exits: unknown[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  exits = [];
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it('Ctrl-C asks once, and ends the program at the second press, not at the echo of the first', () => {
  const said: string[] = [];
  const before = process.listenerCount('SIGINT');
  const { signal, done } = interruptible(
    () => said.push('first'),
    () => said.push('second'),
  );
  process.emit('SIGINT');
  vi.advanceTimersByTime(200);
  process.emit('SIGINT');
  expect([signal.aborted, said, exits]).toEqual([true, ['first'], []]);
  vi.advanceTimersByTime(1000);
  process.emit('SIGINT');
  expect([said, exits]).toEqual([['first', 'second'], [130]]);
  done();
  expect(process.listenerCount('SIGINT')).toBe(before);
});

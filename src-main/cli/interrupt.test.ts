import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { interruptible } from './interrupt.ts';

let exits: unknown[] = [];
beforeAll(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterAll(() => void vi.useRealTimers());
beforeEach(() => {
  // What another test pressed is long ago.
  vi.advanceTimersByTime(10_000);
  exits = [];
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    exits.push(code);
    return undefined as never;
  });
});
afterEach(() => void vi.restoreAllMocks());

it('Ctrl-C asks once, and ends the program at the second press, not at the echo of the first', () => {
  const said: string[] = [];
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
});

it('Ctrl-C between two pieces of work ends the program, its echo after the first does not, and the second hears of one that comes late', () => {
  const first = interruptible();
  const listeners = process.listenerCount('SIGINT');
  first.done();
  expect(process.listenerCount('SIGINT')).toBe(listeners);
  process.emit('SIGINT');
  expect([first.signal.aborted, exits]).toEqual([false, [130]]);

  vi.advanceTimersByTime(2000);
  const second = interruptible();
  process.emit('SIGINT');
  second.done();
  process.emit('SIGINT');
  expect([second.signal.aborted, exits]).toEqual([true, [130]]);
  const third = interruptible();
  process.emit('SIGINT');
  expect([third.signal.aborted, exits]).toEqual([true, [130]]);
  third.done();
});

it('Ctrl-C that comes just after it ended the launcher asks for nothing more', () => {
  const { signal, done } = interruptible();
  // Emitted on the process it would end the runner of the tests.
  const launcherEnded = process.listeners('disconnect').find(({ name }) => name === 'askToEnd') as () => void;
  launcherEnded();
  process.emit('SIGINT');
  expect([signal.aborted, exits]).toEqual([true, []]);
  vi.advanceTimersByTime(1000);
  process.emit('SIGINT');
  expect(exits).toEqual([130]);
  done();
});

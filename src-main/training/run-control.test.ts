import { expect, it } from 'vitest';
import { RunControl } from './run-control.ts';

const settled = async (promise: Promise<void>): Promise<boolean> => {
  let done = false;
  void promise.then(() => (done = true));
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return done;
};

it('waits while paused, and goes on when resumed', async () => {
  const control = new RunControl();
  expect(await settled(control.untilGoing())).toBe(true);
  control.pause();
  expect(control.pausing).toBe(true);
  const waiting = control.untilGoing();
  expect(await settled(waiting)).toBe(false);
  control.pause();
  expect(await settled(waiting)).toBe(false);
  control.resume();
  await waiting;
  expect([control.pausing, control.stopping]).toEqual([false, false]);
});

it('stops for good, also out of a pause', async () => {
  const control = new RunControl();
  control.pause();
  const waiting = control.untilGoing();
  control.stop();
  await waiting;
  control.pause();
  control.resume();
  expect([control.pausing, control.stopping]).toEqual([false, true]);
});

it('is paused again before it has gone on', async () => {
  const control = new RunControl();
  control.pause();
  const waiting = control.untilGoing();
  control.resume();
  control.pause();
  expect(await settled(waiting)).toBe(false);
  control.resume();
  await waiting;
});

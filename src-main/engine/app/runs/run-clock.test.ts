import { expect, it } from 'vitest';
import { RunClock } from './run-clock.ts';

it('counts work without pauses, and tells what is left after the first steps', () => {
  let now = 0;
  const clock = new RunClock(100, undefined, () => now);
  const go = (seconds: number): void => void (now += 1000 * seconds);
  go(3);
  expect(clock.seconds).toBe(103);
  expect(clock.step(11, 100)).toBeUndefined();
  for (let step = 12; step <= 15; step++) {
    go(1);
    expect(clock.step(step, 100)).toBeUndefined();
  }
  go(1);
  expect(clock.step(16, 100)).toBeCloseTo(84);
  clock.pause();
  go(3600);
  clock.pause();
  expect(clock.seconds).toBe(108);
  clock.goOn();
  clock.goOn();
  // An evaluation of ten seconds counts in.
  go(10);
  expect(clock.step(17, 100)).toBeCloseTo((15 / 6) * 83);
  expect(clock.seconds).toBe(118);
});

it('takes off what was slept', () => {
  let now = 0;
  const clock = new RunClock(50, undefined, () => now);
  now += 4000 + 7_200_000;
  clock.slept(7200);
  expect(clock.seconds).toBe(54);
  // More than there was is no time before the beginning.
  clock.slept(1e6);
  expect(clock.seconds).toBe(50);
});

it('says nothing of steps that go by in a moment', () => {
  let now = 0;
  const clock = new RunClock(0, undefined, () => now);
  for (let step = 1; step <= 50; step++) {
    now += 10;
    expect(clock.step(step, 1000)).toBeUndefined();
  }
});

it('tells what is left by how much work the steps are', () => {
  let now = 0;
  // The first half of a hundred steps is a quarter of the work.
  const clock = new RunClock(
    0,
    (step) => (step <= 50 ? step / 2 : 25 + 1.5 * (step - 50)),
    () => now,
  );
  clock.step(0, 100);
  now += 20_000;
  expect(clock.step(20, 100)).toBeCloseTo(180);
  now += 30_000 + 60_000;
  expect(clock.step(70, 100)).toBeCloseTo((110 / 55) * 45);
});

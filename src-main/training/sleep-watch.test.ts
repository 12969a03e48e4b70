import { describe, expect, it } from 'vitest';
import { SleepWatch } from './sleep-watch.ts';

describe('a watch for sleep', () => {
  const at = { wall: 5e11, processor: 7e6 };
  const watch = new SleepWatch({ wall: () => at.wall, processor: () => at.processor });
  const pass = (seconds: number, busy: number): void => {
    at.wall += 1000 * seconds;
    at.processor += 1e6 * busy;
  };

  it('tells long times without work, and only those', () => {
    pass(3, 3);
    expect(watch.lap()).toBe(0);
    // A slow step.
    pass(300, 290);
    expect(watch.lap()).toBe(0);
    // A short stop.
    pass(20, 0);
    expect(watch.lap()).toBe(0);
    pass(7200, 2);
    expect(watch.lap()).toBe(7200);
    // It was told.
    pass(1, 1);
    expect(watch.lap()).toBe(0);
  });

  it('does not take a wait for images for sleep, nor a clock that is set back', () => {
    pass(120, 1);
    expect(watch.lap(115_000)).toBe(0);
    pass(-3600, 1);
    expect(watch.lap()).toBe(0);
  });

  it('of the computer itself ticks', () => {
    expect(new SleepWatch().lap()).toBe(0);
  });
});

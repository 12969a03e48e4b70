// Tests and timings on a computer that falls asleep in the middle of them, with a clock that is turned.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SelfTestResult } from '../../trainer/protocol.ts';
import { Trainer } from '../../trainer/trainer.ts';
import { AwakeClock, foundAwake } from './awake.ts';
import { timedWithin } from './batch-limits.ts';
import { probeDevice, withTrainer } from './probe-device.ts';
import { timeStep } from './time-step.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const hour = 3_600_000;
/** As on a Mac and on Windows: every timer that is due by then fires once, when it wakes up. */
const sleepsWithTimers = (ms: number): void => {
  (globalThis.setTimeout as unknown as { readonly clock: { jump(ms: number): number } }).clock.jump(ms);
};
/** As on Linux: the timers stand still, and only the clock on the wall does not. */
const sleepsWithoutTimers = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
const sleeps = { 'whose timers run on': sleepsWithTimers, 'whose timers stand still': sleepsWithoutTimers };

const right: SelfTestResult = { deviation: 1e-6, passed: true, matmulRate: 100, matmulSide: 1024, runtime: 'onnxruntime 1.30.0' };
const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');

describe.each(Object.entries(sleeps))('a computer %s', (_, sleep) => {
  it('is known to have slept, and not for being busy for seconds', async () => {
    const clock = new AwakeClock();
    await vi.advanceTimersByTimeAsync(60_000);
    sleep(9_000);
    expect(clock.hasSlept).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    sleep(60_000);
    expect(clock.hasSlept).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(clock.hasSlept).toBe(true);
    clock.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may sleep for an hour in a test of three minutes, whose time goes on afterwards', async () => {
    const killed = vi.spyOn(Trainer.prototype, 'kill').mockImplementation(() => {});
    const ends: ((found: string) => void)[] = [];
    const tested = withTrainer(async () => new Promise<string>((resolve) => ends.push(resolve)), 180_000);
    await vi.advanceTimersByTimeAsync(100_000);
    sleep(hour);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(killed).not.toHaveBeenCalled();
    ends[0]!('It passed.');
    expect(await tested).toBe('It passed.');
  });

  it('does not keep a test from ending late', async () => {
    let end: (error: Error) => void = () => {};
    const killed = vi.spyOn(Trainer.prototype, 'kill').mockImplementation(() => end(lost));
    const tested = withTrainer(async () => new Promise<string>((_resolve, reject) => (end = reject)), 180_000);
    sleep(hour);
    await vi.advanceTimersByTimeAsync(181_000);
    expect(killed).toHaveBeenCalledTimes(1);
    expect(await tested).toBeUndefined();
  });

  it('has the test made again in which it slept, whatever that found', async () => {
    for (const first of [async () => Promise.reject(lost), async () => Promise.resolve(undefined), async () => Promise.resolve(right)]) {
      let tests = 0;
      const test = async (): Promise<SelfTestResult | undefined> => {
        if (++tests > 1) return Promise.resolve({ ...right, matmulRate: 5000 });
        sleep(hour);
        return first();
      };
      // Without a reduced precision of its own.
      expect(await probeDevice('cpu', undefined, test)).toMatchObject({ state: 'ready', matmulRate: 5000 });
      expect(tests).toBe(2);
    }
  });

  it('leaves a device untested that it never stayed awake for, in float32 or in less', async () => {
    let tests = 0;
    const never = async (): Promise<never> => {
      tests++;
      sleep(hour);
      return Promise.reject(lost);
    };
    expect(await probeDevice('webgpu', undefined, never)).toMatchObject({
      state: 'untested',
      reason: expect.stringMatching(/^The computer slept while it was tested, and the next run tests it once more\. .*lost/) as string,
    });
    expect(tests).toBe(3);
    const report = await probeDevice('webgpu', undefined, async (__, precision) =>
      precision === 'float32' ? Promise.resolve(right) : never(),
    );
    expect(report).toMatchObject({ state: 'ready' });
    expect(report).not.toHaveProperty('reduced');
  });

  it('has a step timed again in which it slept, and says so where it sleeps each time, which blames no micro-batch', async () => {
    const config = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 8 });
    let timings = 0;
    let isRested = false;
    vi.spyOn(Trainer.prototype, 'run').mockImplementation((async () => {
      timings++;
      if (isRested && timings > 1) return Promise.resolve({ seconds: 0.5 });
      sleep(hour);
      return Promise.reject(lost);
    }) as Trainer['run']);
    expect(await timeStep('webgpu', config, undefined)).toEqual({
      seconds: Infinity,
      failure: 'The computer slept while its steps were timed.',
      hasSlept: true,
    });
    expect(timings).toBe(3);
    timings = 0;
    expect(await timedWithin(async () => timeStep('webgpu', config, undefined), 8, 2)).toMatchObject({ hasSlept: true, withFewer: false });
    expect(timings).toBe(3);
    [timings, isRested] = [0, true];
    expect(await timeStep('webgpu', config, undefined)).toEqual({ seconds: 0.5 });
    expect(timings).toBe(2);
  });
});

describe('a computer that is awake', () => {
  it('has each test made once, and what fails it has failed', async () => {
    let tests = 0;
    const failing = async (): Promise<never> => {
      tests++;
      await vi.advanceTimersByTimeAsync(100_000);
      return Promise.reject(lost);
    };
    expect(await probeDevice('webgpu', undefined, failing)).toMatchObject({ state: 'failed' });
    expect(tests).toBe(1);
    expect(await foundAwake(async () => Promise.resolve(7))).toEqual({ found: 7, hasSlept: false });
    await expect(foundAwake(failing)).rejects.toBe(lost);
    expect(vi.getTimerCount()).toBe(0);
  });
});

// A card that no longer answers while a run trains on it, with a stand-in for the trainer and a clock that is turned.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { whileCardAnswers, whileCardLooks } from './card-watch.ts';
import type { SeeEncoder } from './card-watch.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const minutes = async (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);
const event = (type: string, more: object = {}): TrainEvent => ({ type, step: 1, ...more }) as unknown as TrainEvent;

interface Watched {
  readonly trainer: { isStopping: boolean; readonly kill: ReturnType<typeof vi.fn> };
  readonly see: (...events: readonly TrainEvent[]) => void;
  readonly seen: TrainEvent[];
  readonly finish: () => void;
  /** What it was ended with; `finished` where it came to its end by itself. */
  readonly ended: () => unknown;
}

/** A run that has started and never says another word by itself; each of its evaluations judges so many images. */
function watched(judged = 2_000): Watched {
  const trainer = { isStopping: false, kill: vi.fn() };
  const seen: TrainEvent[] = [];
  let given: (event: TrainEvent) => void = () => {};
  let finish = (): void => {};
  let ended: unknown;
  const work = async (see: (event: TrainEvent) => void): Promise<void> => {
    given = see;
    return new Promise((resolve) => (finish = resolve));
  };
  void whileCardAnswers(trainer, work, (one) => seen.push(one), judged).then(
    () => (ended = 'finished'),
    (error: unknown) => (ended = error),
  );
  given(event('started'));
  return { trainer, see: (...events) => events.forEach((one) => given(one)), seen, finish: () => finish(), ended: () => ended };
}

const hung = { code: 'device-failed', message: 'The graphics card has not answered for 30 min.' };

it('fails the run after half an hour without a step, and ends the trainer', async () => {
  const { trainer, see, seen, ended } = watched();
  see(event('step'));
  await minutes(29);
  see(event('step'));
  await minutes(29.5);
  expect([ended(), trainer.kill.mock.calls.length]).toEqual([undefined, 0]);
  await minutes(1);
  expect(ended()).toMatchObject(hung);
  expect(trainer.kill).toHaveBeenCalledTimes(1);
  expect(seen.map(({ type }) => type)).toEqual(['started', 'step', 'step']);
});

it('waits longer where kernels are compiled, and for ever where the run is paused', async () => {
  const { see, ended } = watched();
  await minutes(45);
  see(event('step'), event('note', { isCourse: true }));
  await minutes(45);
  see(event('step'), event('paused'));
  await minutes(24 * 60);
  see(event('resumed'));
  await minutes(25);
  expect(ended()).toBeUndefined();
  await minutes(10);
  expect(ended()).toMatchObject(hung);
});

it('does not count the time of a computer that sleeps: its timers stand still', async () => {
  const { see, ended } = watched();
  see(event('step'));
  vi.setSystemTime(Date.now() + 10 * 3_600_000);
  await minutes(1);
  expect(ended()).toBeUndefined();
});

it('waits longer for evaluations of many images, whose neighbours are looked up on one core, and says how long it has waited', async () => {
  const { see, ended } = watched(60_000);
  see(event('step'));
  await minutes(4.4 * 60);
  see(event('evaluation'));
  await minutes(4.4 * 60);
  expect(ended()).toBeUndefined();
  await minutes(10);
  expect(ended()).toMatchObject({ message: 'The graphics card has not answered for 4 h 30 min.' });
});

it('lets a stop wait longer where no evaluation was seen yet: one may be under way', async () => {
  const { trainer, see, ended } = watched();
  see(event('step'));
  trainer.isStopping = true;
  await minutes(9.5);
  expect(ended()).toBeUndefined();
  await minutes(1);
  expect(ended()).toMatchObject({ code: 'cancelled' });
  const unjudged = watched(0);
  unjudged.see(event('step'));
  unjudged.trainer.isStopping = true;
  await minutes(1.25);
  expect(unjudged.ended()).toMatchObject({ code: 'cancelled' });
});

it.each(['evaluation', 'baselines'])(
  'ends a run with an %s that hears no stop within a minute, as a run that was stopped',
  async (known) => {
    const { trainer, see, ended } = watched();
    see(event('step'), event(known));
    await minutes(5);
    trainer.isStopping = true;
    await minutes(0.75);
    expect(ended()).toBeUndefined();
    await minutes(0.5);
    expect(ended()).toMatchObject({ code: 'cancelled', message: expect.stringContaining('did not answer') as string });
    expect(trainer.kill).toHaveBeenCalledTimes(1);
  },
);

it('lets a stop wait where steps or evaluations are known to take long', async () => {
  const { trainer, see, finish, ended } = watched();
  see(event('step'));
  await minutes(2);
  see(event('evaluation'));
  trainer.isStopping = true;
  await minutes(5);
  expect(ended()).toBeUndefined();
  finish();
  await minutes(60);
  expect([ended(), trainer.kill.mock.calls.length]).toEqual(['finished', 0]);
});

describe('vectors and evaluations', () => {
  const looking = (): { trainer: { kill: ReturnType<typeof vi.fn> }; see: SeeEncoder; finish: () => void; ended: () => unknown } => {
    const trainer = { kill: vi.fn() };
    let given: SeeEncoder = () => {};
    let finish = (): void => {};
    let ended: unknown;
    const work = async (see: SeeEncoder): Promise<string> => {
      given = see;
      return new Promise((resolve) => (finish = () => resolve('made')));
    };
    void whileCardLooks(trainer, work).then(
      (result) => (ended = result),
      (error: unknown) => (ended = error),
    );
    return { trainer, see: (isOnCard) => given(isOnCard), finish: () => finish(), ended: () => ended };
  };

  it('fail with what was made when the card has not been heard of for half an hour, from the start on', async () => {
    const { trainer, see, ended } = looking();
    await minutes(29.5);
    see(true);
    await minutes(29.5);
    expect([ended(), trainer.kill.mock.calls.length]).toEqual([undefined, 0]);
    await minutes(1);
    expect(ended()).toMatchObject({ ...hung, hint: expect.stringContaining('what was made is kept') as string });
    expect(trainer.kill).toHaveBeenCalledTimes(1);
  });

  it('may compute for hours on the processor in between', async () => {
    const { trainer, see, finish, ended } = looking();
    see(false);
    await minutes(300);
    see(true);
    await minutes(20);
    finish();
    await minutes(60);
    expect([ended(), trainer.kill.mock.calls.length]).toEqual(['made', 0]);
  });
});

// A card that is full while a run trains on it, with stand-ins for the trainer and the devices.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import { TrainerKilled } from '../trainer/trainer.ts';
import { RunFolder } from '../training/run-folder/run-folder.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { CardFull, trainRun } from './runs/runs.ts';
import type { Studio } from './studio.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-full-'));
const run = join(folder, 'run');
RunFolder.create(run, smallRecord()).dispose();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const smaller = { type: 'note', step: 0, message: 'Full.', hint: 'Less.', microBatch: 2, fromCheckpoint: true } as const;
/** As a step is made smaller within its process. */
const madeSmaller = { type: 'note', step: 0, message: 'Too large.', hint: 'Less.', microBatch: 2 } as const;
const step = { type: 'step', step: 1 } as unknown as TrainEvent;

const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');

interface Ended {
  readonly error: unknown;
  readonly isSetAside: boolean;
  /** Whether that counts anew: the run had got on there. */
  readonly hasGotOn: unknown;
}

/** What a run needs of a studio beside its trainer. */
const silent = {
  devices: { failed: async () => Promise.resolve() },
  home: { cache: folder },
  cacheFor: () => folder,
  folderImages: () => ({ all: [], fingerprint: '' }),
};

/** Trains on a card whose trainer says this and then fails, or never says another word. */
async function trainedUntil(failure: AppError | undefined, ...events: readonly TrainEvent[]): Promise<Ended> {
  const failed = vi.fn(async (..._of: readonly unknown[]) => Promise.resolve());
  const studio = {
    trainer: {
      run: async (_job: unknown, onEvent: (event: TrainEvent) => void) => {
        events.forEach(onEvent);
        return failure ? Promise.reject(failure) : new Promise(() => {});
      },
      kill: () => {},
      dispose: async () => Promise.resolve(),
    },
    ...silent,
    devices: { failed },
  } as unknown as Studio;
  const error = await trainRun(studio, run, { device: 'webgpu' }, () => {}).catch((thrown: unknown) => thrown);
  return { error, isSetAside: failed.mock.calls.length > 0, hasGotOn: failed.mock.calls[0]?.[2] };
}

const trained = async (...events: readonly TrainEvent[]): Promise<Ended> => trainedUntil(full, ...events);

it('goes on there with what was noted last', async () => {
  const { error, isSetAside } = await trained(step, smaller);
  expect(error).toBeInstanceOf(CardFull);
  expect(isSetAside).toBe(false);
});

it('ends the run alone where there is nothing smaller, and says what can be done with it; other runs keep the card', async () => {
  for (const events of [[], [step], [smaller, step], [madeSmaller], [step, madeSmaller]]) {
    const { error, isSetAside } = await trained(...events);
    expect(error).not.toBeInstanceOf(CardFull);
    expect(error).toMatchObject({ code: 'out-of-memory', hint: expect.stringContaining('device=cpu') as string });
    expect(isSetAside).toBe(false);
  }
});

it('is set aside when it fails in another way', async () => {
  const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
  expect(await trainedUntil(lost)).toEqual({ error: lost, isSetAside: true, hasGotOn: false });
});

it('is set aside when it does not answer, and the run does not wait for it for ever', async () => {
  vi.useFakeTimers();
  try {
    const ended = trainedUntil(undefined, step);
    await vi.advanceTimersByTimeAsync(31 * 60_000);
    expect(await ended).toMatchObject({ error: { code: 'device-failed' }, isSetAside: true });
  } finally {
    vi.useRealTimers();
  }
});

it('is given longer by a run that judges itself on many images, as many as there are', async () => {
  const run = join(folder, 'judged');
  const record = smallRecord();
  RunFolder.create(run, { ...record, config: { ...record.config, evaluateImages: 1_000_000 } }).dispose();
  const endedAfter = async (images: number, minutes: number): Promise<boolean> => {
    vi.useFakeTimers();
    try {
      let isEnded = false;
      const trainer = { run: async () => new Promise(() => {}), kill: () => {}, dispose: async () => Promise.resolve() };
      const all = Array.from({ length: images }, (_, i) => ({ hash: String(i) }));
      const studio = { ...silent, trainer, folderImages: () => ({ all, fingerprint: '' }) } as unknown as Studio;
      const ended = trainRun(studio, run, { device: 'webgpu' }, () => {}).catch(() => (isEnded = true));
      await vi.advanceTimersByTimeAsync(minutes * 60_000);
      const found = isEnded;
      await vi.advanceTimersByTimeAsync(10 * 3_600_000);
      await ended;
      return found;
    } finally {
      vi.useRealTimers();
    }
  };
  // Before its first step, when an hour is usual.
  expect(await endedAfter(1_000, 61)).toBe(true);
  expect(await endedAfter(60_000, 8.9 * 60)).toBe(false);
});

it('hears of a run whose device computes on the processor that it is not on the card', async () => {
  const jobs: unknown[] = [];
  const trainer = { run: async (job: unknown) => Promise.resolve(void jobs.push(job)) };
  await trainRun({ ...silent, trainer } as unknown as Studio, run, { device: 'tensorflow', onProcessor: true }, () => {});
  expect(jobs).toEqual([expect.objectContaining({ device: 'tensorflow', onProcessor: true })]);
});

it('is not set aside where the system has ended the process for want of its own memory', async () => {
  const killed = new TrainerKilled('trainer-crashed', 'The training process was ended by SIGKILL.', 'Start again.');
  expect(await trainedUntil(killed)).toMatchObject({ error: killed, isSetAside: false });
  const crashed = new AppError('trainer-crashed', 'The training process was ended by SIGSEGV.', 'Start again.');
  expect(await trainedUntil(crashed)).toMatchObject({ error: crashed, isSetAside: true });
});

it('is lost anew where the run has kept a checkpoint there since it began', async () => {
  const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
  const event = (type: string, at: number): TrainEvent => ({ type, step: at }) as unknown as TrainEvent;
  const began = event('started', 10);
  // A pause keeps one before the first step.
  expect(await trainedUntil(lost, began, event('step', 11), event('checkpoint', 10))).toMatchObject({ hasGotOn: false });
  expect(await trainedUntil(lost, began, event('step', 11), event('checkpoint', 11))).toMatchObject({ hasGotOn: true });
});

it('goes on there with less where it failed over the size of its work: it is as good as before for smaller ones', async () => {
  const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
  const { error, isSetAside } = await trainedUntil(lost, step, smaller);
  expect(error).toBeInstanceOf(CardFull);
  expect(isSetAside).toBe(false);
});

// Embeddings and evaluations on a card that fails, is full, or belongs to a run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { Trainer } from '../../trainer/trainer.ts';
import { homeAt } from '../home.ts';
import type { DeviceTools, DeviceWork } from './device-tools.ts';
import { Devices } from './devices.ts';
import { onVectorDevice } from './vector-device.ts';
import type { VectorDevice, VectorPlace } from './vector-device.ts';

const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
const full = new AppError('out-of-memory', 'The card was full.', 'Choose less.');
const wrong = new AppError('bad-checkpoint', 'The file is damaged.', 'Choose another.');

/** Devices that choose these one after the other, and work that ends in these errors before it succeeds. */
function setUp(chosen: readonly DeviceId[], errors: readonly AppError[]) {
  const trainer = new Trainer();
  /** What happens, in order; a process that is ended twice has ended once. */
  const order: string[] = [];
  const ended = vi.spyOn(trainer, 'dispose').mockImplementation(async () => {
    if (order.at(-1) !== 'ended') order.push('ended');
    return Promise.resolve();
  });
  const [left, faults] = [[...chosen], [...errors]];
  const failed: string[] = [];
  const asked: number[] = [];
  const devices = {
    forVectors: async (wanted: string, operations: () => Promise<number>, { isCardTaken }: DeviceWork) => {
      order.push('chosen');
      asked.push(await operations());
      if (wanted === 'auto' && isCardTaken?.() === true) return { device: 'cpu', reason: 'cpu, beside a run.' };
      const device = left.length > 1 ? left.shift()! : left[0]!;
      return { device, reason: `${device}, by its test.` };
    },
    failed: async (id: DeviceId, message: string) => {
      order.push('noted');
      return Promise.resolve(void failed.push(`${id}: ${message}`));
    },
    succeeded: async () => Promise.resolve(),
  } as unknown as Devices;
  const places: VectorDevice[] = [];
  const reasons: string[] = [];
  const run = async (place: VectorPlace = {}): Promise<string> =>
    onVectorDevice(
      devices,
      trainer,
      { onDevice: ({ reason }) => reasons.push(reason), ...place },
      async () => Promise.resolve(7),
      async (on) => {
        order.push(`on ${on.device}`);
        places.push(on);
        const error = faults.shift();
        if (error) throw error;
        return Promise.resolve('done');
      },
    );
  return { run, places, reasons, failed, asked, ended, order };
}

describe('work on a card', () => {
  it('that is lost is noted, and chosen anew by what its test says now; its process is ended each time', async () => {
    const { run, places, reasons, failed, order } = setUp(['webgpu', 'webgpu', 'cpu'], [lost, lost]);
    expect(await run()).toBe('done');
    expect(places).toEqual([{ device: 'webgpu' }, { device: 'webgpu' }, { device: 'cpu' }]);
    expect(reasons).toEqual(['webgpu, by its test.', 'webgpu, by its test.', 'cpu, by its test.']);
    expect(failed).toEqual(['webgpu: The device was lost.', 'webgpu: The device was lost.']);
    // Before the card is noted and tested anew, which the process would disturb.
    const lostOnce = ['chosen', 'on webgpu', 'ended', 'noted', 'ended'];
    expect(order).toEqual([...lostOnce, ...lostOnce, 'chosen', 'on cpu']);
  });

  it('that is full goes on with fewer images there, then on the processor, and the card stays in use for other work', async () => {
    const { run, places, reasons, failed, order } = setUp(['webgpu'], [full, full]);
    expect(await run()).toBe('done');
    expect(order).toEqual(['chosen', 'on webgpu', 'ended', 'on webgpu', 'ended', 'on cpu']);
    expect(places).toEqual([{ device: 'webgpu' }, { device: 'webgpu', batch: 4 }, { device: 'cpu' }]);
    expect(reasons.slice(1)).toEqual([
      'webgpu, by its test. The card was full. It goes on with 4 images at once.',
      'The processor. The card was full.',
    ]);
    expect(failed).toEqual([]);
  });

  it('that was asked for by name is for the person to decide about, and an error of something else is nobody’s fault', async () => {
    const named = setUp(['webgpu'], [lost]);
    await expect(named.run({ device: 'webgpu' })).rejects.toBe(lost);
    expect(named.failed).toEqual(['webgpu: The device was lost.']);
    const small = setUp(['webgpu'], [full, full]);
    await expect(small.run({ device: 'webgpu' })).rejects.toBe(full);
    expect(small.places).toEqual([{ device: 'webgpu' }, { device: 'webgpu', batch: 4 }]);
    const other = setUp(['webgpu'], [wrong]);
    await expect(other.run()).rejects.toBe(wrong);
    expect(other.failed).toEqual([]);
  });

  it('leaves the memory of the card to the next one', async () => {
    const card = setUp(['webgpu'], []);
    await card.run();
    expect(card.ended).toHaveBeenCalledOnce();
    const processor = setUp(['cpu'], []);
    await processor.run();
    expect(processor.ended).not.toHaveBeenCalled();
  });

  it('does not go on there once a run has begun to train on it', async () => {
    for (const [error, reason] of [
      [lost, 'cpu, beside a run.'],
      [full, 'The processor. The card was full.'],
    ] as const) {
      const { run, places, reasons, asked } = setUp(['webgpu'], [error]);
      expect(await run({ isCardTaken: () => places.length > 0 })).toBe('done');
      expect(places).toEqual([{ device: 'webgpu' }, { device: 'cpu' }]);
      expect(reasons).toEqual(['webgpu, by its test.', reason]);
      expect(asked[0]).toBe(7);
    }
    const named = setUp(['webgpu'], [full]);
    await named.run({ isCardTaken: () => true, device: 'webgpu' });
    expect(named.places).toEqual([{ device: 'webgpu' }, { device: 'webgpu', batch: 4 }]);
  });

  it('ends with the signal’s reason where it was aborted before', async () => {
    const { run, places } = setUp(['webgpu'], []);
    const reason = new Error('Enough.');
    await expect(run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(places).toEqual([]);
  });
});

describe('a card that is lost now and then, and passes its test each time', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-vector-device-'));
    for (const name of ['IJEPA_STUDIO_DEVICE', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const tools: DeviceTools = {
    cards: async () => Promise.resolve([{ name: 'A card', driver: '1.0', memory: 8e9, memoryFree: 7e9 }]),
    probe: async (id) => Promise.resolve({ id, state: 'ready', reason: 'It passed.', matmulRate: id === 'cpu' ? 100 : 5000 }),
    time: async () => Promise.resolve({ seconds: 1 }),
    memory: () => 8e9,
    obstacles: async () => Promise.resolve([]),
  };
  const images = 100;

  /** Devices of a job that is lost on a card after it has looked at, and may have kept, so many images, for each of `lostAfter`. */
  async function made(lostAfter: readonly number[], { keeps = true, device = 'auto' as 'auto' | 'webgpu' } = {}): Promise<DeviceId[]> {
    const trainer = new Trainer();
    vi.spyOn(trainer, 'dispose').mockResolvedValue();
    const on: DeviceId[] = [];
    const losses = [...lostAfter];
    let left = images;
    const work = async (place: VectorDevice, see: (isOnCard: boolean) => void): Promise<void> => {
      on.push(place.device);
      const after = place.device === 'cpu' ? undefined : losses.shift();
      for (let done = 0; done < (after ?? left); done++) see(true);
      if (keeps) left -= after ?? left;
      return after === undefined ? Promise.resolve() : Promise.reject(lost);
    };
    // Whoever opens the program anew knows what was noted.
    const devices = new Devices(homeAt(folder), tools);
    await onVectorDevice(devices, trainer, { device }, async () => Promise.resolve(1e14 * left), work);
    return on;
  }

  it('stays in use: work that came to its end there makes up for it', async () => {
    for (let job = 0; job < 3; job++) expect(await made([10], { keeps: false })).toEqual(['webgpu', 'webgpu']);
    expect(await made([10, 10], { keeps: false })).toEqual(['webgpu', 'webgpu', 'cpu']);
    // Now it is set aside, until a person asks for a test.
    expect(await made([])).toEqual(['cpu']);
  });

  it('stays in use for as long as vectors are kept in between, and not where none are', async () => {
    expect(await made([10, 20, 30])).toEqual(['webgpu', 'webgpu', 'webgpu', 'webgpu']);
    expect(await made([10, 20, 0])).toEqual(['webgpu', 'webgpu', 'webgpu', 'cpu']);
  });

  it('is not acquitted by work for which it had nothing to do', async () => {
    await expect(made([10], { keeps: false, device: 'webgpu' })).rejects.toBe(lost);
    const trainer = new Trainer();
    vi.spyOn(trainer, 'dispose').mockResolvedValue();
    const devices = new Devices(homeAt(folder), tools);
    await onVectorDevice(
      devices,
      trainer,
      { device: 'webgpu' },
      async () => Promise.resolve(0),
      async () => Promise.resolve(),
    );
    await expect(made([10], { keeps: false, device: 'webgpu' })).rejects.toBe(lost);
    const { devices: reports } = await devices.list();
    expect(reports.find(({ id }) => id === 'webgpu')).toMatchObject({ state: 'failed', failures: 2 });
    // A person who names it has it tested, and what it does to the end counts.
    expect(await made([], { device: 'webgpu' })).toEqual(['webgpu']);
    expect((await new Devices(homeAt(folder), tools).list()).devices.find(({ id }) => id === 'webgpu')).not.toHaveProperty('failures');
  });
});

it('a card that hangs is noted as one that is lost, and the work goes on on what is left', async () => {
  vi.useFakeTimers();
  try {
    const trainer = new Trainer();
    const ended = [vi.spyOn(trainer, 'kill').mockImplementation(() => {}), vi.spyOn(trainer, 'dispose').mockResolvedValue()];
    const chosen: DeviceId[] = ['webgpu', 'cpu'];
    const failed: string[] = [];
    const devices = {
      forVectors: async () => Promise.resolve({ device: chosen.shift()!, reason: 'By its test.' }),
      failed: async (id: DeviceId, message: string) => Promise.resolve(void failed.push(`${id}: ${message}`)),
    } as unknown as Devices;
    // The processor is never given up, however long it takes.
    const ms = { webgpu: Infinity, cpu: 3_600_000 };
    const made = onVectorDevice(
      devices,
      trainer,
      {},
      async () => Promise.resolve(7),
      async ({ device }) =>
        new Promise<string>((resolve) => {
          const after = ms[device as 'webgpu' | 'cpu'];
          if (after < Infinity) setTimeout(() => resolve(device), after);
        }),
    );
    await vi.advanceTimersByTimeAsync(31 * 60_000);
    expect(failed).toEqual(['webgpu: The graphics card has not answered for 30 min.']);
    expect(ended.map(({ mock }) => mock.calls.length > 0)).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(await made).toBe('cpu');
  } finally {
    vi.useRealTimers();
  }
});

it('a device that computes on the processor is said to, and answers, however slowly', async () => {
  vi.useFakeTimers();
  try {
    const trainer = new Trainer();
    vi.spyOn(trainer, 'dispose').mockResolvedValue();
    const devices = {
      forVectors: async () => Promise.resolve({ device: 'tensorflow', reason: 'As asked.', onProcessor: true }),
    } as unknown as Devices;
    const places: VectorDevice[] = [];
    const made = onVectorDevice(
      devices,
      trainer,
      { device: 'tensorflow' },
      async () => Promise.resolve(7),
      async (place) => {
        places.push(place);
        return new Promise<string>((resolve) => setTimeout(() => resolve('made'), 3_600_000));
      },
    );
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await made).toBe('made');
    expect(places).toEqual([{ device: 'tensorflow', onProcessor: true }]);
  } finally {
    vi.useRealTimers();
  }
});

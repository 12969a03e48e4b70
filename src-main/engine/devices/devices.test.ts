import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import type { DeviceId, DeviceReport, GraphicsCard, Precision, ReducedReport } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { tensorflowBinding, tensorflowVariable } from '../../../shared/tensorflow.ts';
import { homeAt } from '../home.ts';
import { isBrokenCard, isCardFault } from './candidates.ts';
import type { DeviceTools } from './device-tools.ts';
import { Devices } from './devices.ts';

const config = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 8 });
const small = { architecture: 'custom', width: 96, depth: 2, heads: 2, predictorWidth: 48, predictorDepth: 1, predictorHeads: 2 };
const card: GraphicsCard = { name: 'A card', driver: '1.0', memory: 8e9, memoryFree: 7e9 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-devices-'));
  for (const name of ['IJEPA_STUDIO_DEVICE', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', tensorflowVariable]) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** Operations of an embedding. */
const hardlyAny = async (): Promise<number> => Promise.resolve(1e9);
const little = async (): Promise<number> => Promise.resolve(1e12);
const much = async (): Promise<number> => Promise.resolve(1e15);

interface Asked {
  readonly devices: Devices;
  readonly probed: DeviceId[];
  readonly timed: DeviceId[];
  /** Micro-batches that they were timed with. */
  readonly given: ReadonlyMap<DeviceId, number>;
  /** Precisions that they were timed in. */
  readonly timedIn: ReadonlyMap<DeviceId, Precision>;
}

function devicesWith(
  cards: readonly GraphicsCard[],
  {
    state = 'ready' as DeviceReport['state'],
    seconds = {} as Partial<Record<DeviceId, number>>,
    rates = {} as Partial<Record<DeviceId, number>>,
    failures = {} as Partial<Record<DeviceId, string>>,
    /** Images at once from which on a card fails, though it has room for them. */
    failsFrom = Infinity,
    reduced = undefined as ReducedReport | undefined,
    /** The device that computes on the processor, TensorFlow where it is only true. */
    onProcessor = false as boolean | DeviceId,
    obstacles = (async () => Promise.resolve([])) as DeviceTools['obstacles'],
    /** Whether another program computes on the card. */
    isShared = false as boolean | (() => boolean),
  } = {},
  { home = folder, isKept = true } = {},
): Asked {
  const probed: DeviceId[] = [];
  const timed: DeviceId[] = [];
  const given = new Map<DeviceId, number>();
  const timedIn = new Map<DeviceId, Precision>();
  const tools: DeviceTools = {
    cards: async () => Promise.resolve(cards),
    probe: async (id) => {
      probed.push(id);
      return Promise.resolve({
        id,
        state: id === 'cpu' ? 'ready' : state,
        reason: `${id} is ${state}.`,
        matmulRate: rates[id] ?? 100,
        ...(id !== 'cpu' && reduced && { reduced }),
        ...((onProcessor === true ? 'tensorflow' : onProcessor) === id && { onProcessor: true }),
      });
    },
    time: async (id, { microBatch, precision }) => {
      timed.push(id);
      given.set(id, microBatch);
      timedIn.set(id, precision);
      if (id !== 'cpu' && microBatch >= failsFrom) return Promise.resolve({ seconds: Infinity, failure: 'The device was lost.' });
      const failure = failures[id];
      return Promise.resolve({ seconds: seconds[id] ?? Infinity, ...(failure !== undefined && { failure, isFull: true }) });
    },
    memory: () => 16e9,
    obstacles,
    isCardInUse: () => (typeof isShared === 'boolean' ? isShared : isShared()),
  };
  return { devices: new Devices(homeAt(home), tools, { isKept }), probed, timed, given, timedIn };
}

describe('the device of a run', () => {
  it('is the processor where there is no graphics card, and nothing is tested for that', async () => {
    const { devices, probed } = devicesWith([]);
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'cpu', reason: 'The processor: no graphics card was found.' });
    expect(probed).toEqual([]);
    expect((await devices.list()).devices.find(({ id }) => id === 'webgpu')).toMatchObject({ state: 'absent' });
  });

  it('is the fastest that computes right; what was found out is known to the next program', async () => {
    const first = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 } });
    const chosen = await first.devices.choose('auto', config);
    expect(chosen).toMatchObject({ device: 'webgpu' });
    expect(chosen.reason).toContain('0.10 s');
    expect(first.probed).toContain('webgpu');
    const second = devicesWith([{ ...card, memoryFree: 1e9 }]);
    expect(await second.devices.choose('auto', config)).toMatchObject({ device: 'webgpu', reason: chosen.reason });
    expect([second.probed, second.timed]).toEqual([[], []]);
    // A run of another size is another race.
    await second.devices.choose('auto', parseConfig({ imageSize: 32, patchSize: 4, batchSize: 16 }));
    expect(second.timed).toContain('cpu');
  });

  it('computes in float16 where that is wanted and its test in it has passed, and is timed in it', async () => {
    const wanted = parseConfig({ ...config, precision: 'float16' });
    const reduced = { precision: 'float16', works: true, reason: 'It computes in float16 too.' } as const;
    const seconds = { cpu: 1.5, webgpu: 0.1 };
    const { devices, timedIn } = devicesWith([card], { seconds, reduced });
    expect(await devices.choose('auto', wanted)).toMatchObject({
      device: 'webgpu',
      precision: 'float16',
      reason: expect.stringMatching(/In float16, as set\.$/),
    });
    expect([timedIn.get('webgpu'), timedIn.get('cpu')]).toEqual(['float16', 'float32']);
    expect(await devices.choose('cpu', wanted)).toMatchObject({
      precision: 'float32',
      reason: 'The processor, as asked. In float32: the processor does not compute in float16.',
    });
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu', precision: 'float32' });
    expect((await devices.choose('auto', config)).reason).not.toContain('In float');
  });

  it('computes in float32, and says why, where its test in float16 has failed', async () => {
    const reduced = { precision: 'float16', works: false, reason: 'The card or its driver has no float16.' } as const;
    const { devices, timedIn } = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 }, reduced });
    const wanted = parseConfig({ ...config, precision: 'float16' });
    expect(await devices.choose('auto', wanted)).toMatchObject({
      precision: 'float32',
      reason: expect.stringMatching(/In float32: The card or its driver has no float16\.$/),
    });
    expect(timedIn.get('webgpu')).toBe('float32');
  });

  it('is tested in float16 when that is wanted first after an update, whose reports said nothing of it', async () => {
    const wanted = parseConfig({ ...config, precision: 'float16' });
    const before = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 } });
    await before.devices.choose('auto', config);
    const reduced = { precision: 'float16', works: true, reason: 'It computes in float16 too.' } as const;
    const after = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 }, reduced });
    expect(await after.devices.choose('webgpu', wanted)).toMatchObject({ precision: 'float16' });
    expect(after.probed).toEqual(['webgpu']);
  });

  it('is expected without a test: the processor, what is asked for, the one that won before, or one of two', async () => {
    const none = devicesWith([]);
    expect(await none.devices.expected(config)).toEqual({ device: 'cpu', reason: 'The processor: no graphics card was found.' });
    const { devices, probed, timed } = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 } });
    const before = await devices.expected(config);
    expect(before).toEqual({ card, reason: expect.stringContaining('A card or the processor') as string });
    expect((await devices.expected(parseConfig({ ...config, device: 'cpu' }))).device).toBe('cpu');
    const asked = await devices.expected(parseConfig({ ...config, device: 'webgpu' }));
    expect(asked).toMatchObject({ device: 'webgpu', card });
    expect(asked.reason).toContain('tiny steps');
    expect([probed, timed]).toEqual([[], []]);
    await devices.choose('auto', config);
    const after = await devices.expected(config);
    expect(after).toMatchObject({ device: 'webgpu', card });
    expect(after.reason).toContain('0.10 s');
    // A run of other sizes was not timed.
    expect((await devices.expected(parseConfig({ ...config, batchSize: 16 }))).device).toBeUndefined();
    for (const id of probed.filter((one) => one !== 'cpu')) for (const _ of [1, 2]) await devices.failed(id, 'It was lost.');
    const failed = await devices.expected(config);
    expect(failed).toMatchObject({ device: 'cpu', reason: expect.stringContaining('It was lost.') as string });
    expect(failed.card).toBeUndefined();
  });

  it('is the processor where the card is far slower, which is remembered until a person asks for a test', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1.5 } });
    expect(await devices.choose('auto', config)).toMatchObject({
      device: 'cpu',
      reason: expect.stringMatching(/^Processor, the fastest for this run \(a step: Processor 1\.5 s, .*WebGPU far slower/) as string,
    });
    const next = devicesWith([card], { seconds: { cpu: 1.5, webgpu: 0.1 } });
    expect((await next.devices.expected(config)).device).toBe('cpu');
    expect(await next.devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
    expect(next.timed).toEqual([]);
    await next.devices.test(undefined);
    expect(await next.devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
  });

  it('is raced beside another program that computes on the card, which is said and not remembered', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1, webgpu: 2 }, isShared: true });
    expect(await devices.choose('auto', config)).toMatchObject({
      device: 'cpu',
      reason: expect.not.stringContaining('Another program') as string,
    });
    expect(await devices.choose('webgpu', config)).toMatchObject({
      device: 'webgpu',
      reason:
        'WebGPU, as asked. Another program of yours computes on the graphics card, too: both are slower for it, and share its memory.',
    });
    const next = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    expect(await next.devices.choose('auto', config)).toMatchObject({
      device: 'webgpu',
      reason: expect.not.stringContaining('Another program') as string,
    });
    // The processor is as fast as ever beside it.
    expect(next.timed).toEqual(['webgpu']);
  });

  it('has times remembered of the cards that another program has left when their turn comes', async () => {
    const nvidia = { ...card, name: 'NVIDIA GeForce RTX 3060' };
    const all = devicesWith([nvidia], { seconds: { cpu: 1, webgpu: 0.5, cuda: 0.1, dml: 0.1 }, isShared: () => all.timed.length === 0 });
    await all.devices.choose('auto', config);
    const next = devicesWith([nvidia], { seconds: { cpu: 1, webgpu: 0.5, cuda: 0.1, dml: 0.1 } });
    await next.devices.choose('auto', config);
    expect(next.timed).toEqual([all.timed[0]]);
  });

  it('is not held to fail where it did so beside another program: the next run tests it once more', async () => {
    const { devices } = devicesWith([card], { state: 'failed', isShared: true });
    expect(await devices.choose('auto', config)).toMatchObject({
      device: 'cpu',
      reason: expect.stringMatching(/^The processor\. It failed its test while another program of yours .* webgpu is failed\.$/) as string,
    });
    expect((await devices.list()).devices.find(({ id }) => id === 'webgpu')).toMatchObject({ state: 'untested' });
    const next = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    expect(await next.devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
    expect(next.probed).toEqual(['webgpu']);
  });

  it('keeps what is known of a card that a test leaves alone because it is taken', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    await devices.choose('auto', config);
    await devices.failed('webgpu', 'The device was lost.');
    const next = devicesWith([card], { seconds: { cpu: 2, webgpu: 0.1 } });
    await next.devices.test(undefined, { isCardTaken: () => true });
    expect(next.probed).toEqual(['cpu']);
    await next.devices.choose('auto', config);
    expect(next.timed).toEqual(['cpu']);
    // It is the second failure still.
    await next.devices.failed('webgpu', 'The device was lost.');
    expect(await next.devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
  });

  it('is the processor where no device ends a trial in time, and that is not waited for again', async () => {
    const { devices, timed } = devicesWith([card]);
    for (const _ of [1, 2])
      expect(await devices.choose('auto', config)).toMatchObject({
        device: 'cpu',
        reason: expect.stringContaining('no device has come to the end') as string,
      });
    expect(timed.filter((id) => id === 'cpu')).toHaveLength(1);
    expect(await devices.expected(config)).toMatchObject({ device: 'cpu' });
    expect(await devices.expectedStep(config)).toBeUndefined();
  });

  it('is the processor where the card fails in the race, with what went wrong; it is raced again by the next run', async () => {
    const { devices, timed } = devicesWith([card], { seconds: { cpu: 1.5 }, failures: { webgpu: 'The device ran out of memory.' } });
    for (const _ of [1, 2])
      expect(await devices.choose('auto', config)).toMatchObject({
        device: 'cpu',
        reason: expect.stringMatching(/Processor 1\.5 s, .*WebGPU failed.*\. WebGPU: The device ran out of memory\.$/) as string,
      });
    expect(timed.filter((id) => id === 'webgpu')).toHaveLength(2);
  });

  it('is known to the same program where the home cannot be written to', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { devices, probed, timed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } }, { home: join(file, 'home') });
    await devices.choose('auto', config);
    const before = [probed.length, timed.length];
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
    expect([probed.length, timed.length]).toEqual(before);
  });

  it('is the one of before for other programs, whatever is found out beside something else', async () => {
    const before = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    await before.devices.choose('auto', config);
    const beside = devicesWith([card], { seconds: { cpu: 1, webgpu: 9 } }, { isKept: false });
    await beside.devices.test(undefined);
    expect((await beside.devices.race(config)).map(({ device }) => device)).toEqual(['cpu', 'webgpu']);
    expect(await beside.devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
    const { devices, probed, timed } = devicesWith([card]);
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
    expect([probed, timed]).toEqual([[], []]);
  });

  it('is tested anew with another driver, and with a damaged file', async () => {
    await devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } }).devices.choose('auto', config);
    const updated = devicesWith([{ ...card, driver: '1.1' }], { seconds: { cpu: 1, webgpu: 2 } });
    expect(await updated.devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
    expect(updated.probed).toContain('webgpu');
    writeFileSync(join(folder, 'devices.json'), '{"signature":');
    const damaged = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    expect(await damaged.devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
  });

  it('is one that failed in the middle of a run only where it has passed its test anew', async () => {
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    await devices.choose('auto', config);
    probed.length = 0;
    await devices.failed('webgpu', 'The device was lost.');
    expect((await devices.list()).devices.find(({ id }) => id === 'webgpu')).toMatchObject({
      state: 'untested',
      reason: 'It failed in the middle of work. The device was lost. The next run tests it once more.',
    });
    expect((await devices.expected(config)).device).toBeUndefined();
    expect(await devices.forVectors('auto', little)).toMatchObject({
      device: 'cpu',
      reason: expect.stringContaining('The device was lost.'),
    });
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
    expect(probed).toEqual(['webgpu']);
  });

  it('is not one that fails its test after that, and it is not tested again by itself', async () => {
    await devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } }).devices.choose('auto', config);
    const { devices, probed } = devicesWith([card], { state: 'failed' });
    await devices.failed('webgpu', 'The device was lost.');
    for (const _ of [1, 2])
      expect(await devices.choose('auto', config)).toMatchObject({
        device: 'cpu',
        reason: expect.stringContaining('webgpu is failed.') as string,
      });
    expect(probed).toEqual(['webgpu']);
  });

  it('is the card again after a failure when a run on it has come to its end since', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    for (const _ of [1, 2, 3]) {
      expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
      await devices.failed('webgpu', 'The device was lost.');
      await devices.choose('auto', config);
      await devices.noteStep('webgpu', config, 0.1, 'training');
    }
  });

  it('is the card again after any number of failures, as with each sleep of a laptop, while runs get on on it', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    for (const _ of [1, 2, 3]) {
      expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
      await devices.failed('webgpu', 'The device was lost.', true);
    }
    await devices.failed('webgpu', 'The device was lost.');
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
  });

  it('is not one that failed twice, until a person has it tested', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    for (const _ of [1, 2]) {
      expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
      await devices.failed('webgpu', 'The device was lost.');
    }
    const { device, reason } = await devices.choose('auto', config);
    expect(device).toBe('cpu');
    expect(reason).toContain('The device was lost.');
    expect(await devicesWith([card]).devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
    await devices.test(undefined);
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
    // And is then tested once more after a failure.
    await devices.failed('webgpu', 'The device was lost.');
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
  });

  it('is the processor, with the reason, where the card fails its test', async () => {
    const { devices, timed } = devicesWith([card], { state: 'failed' });
    const { device, reason } = await devices.choose('auto', config);
    expect(device).toBe('cpu');
    expect(reason).toContain('webgpu is failed.');
    expect(timed).toEqual([]);
  });

  it('is said to be kept from the card by what the system lacks where WebGPU fails its test', async () => {
    const obstacles = async (): Promise<readonly string[]> => Promise.resolve(['Install libvulkan1.']);
    const failing = devicesWith([card], { state: 'failed', obstacles });
    expect((await failing.devices.choose('auto', config)).reason).toContain('webgpu is failed. Install libvulkan1.');
    expect((await failing.devices.expected(config)).reason).toContain('Install libvulkan1.');
  });

  it('is the wanted one or an error that says why not; a failure is tried again', async () => {
    const { devices, timed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 9 } });
    expect(await devices.choose('webgpu', config)).toMatchObject({ device: 'webgpu' });
    expect(await devices.choose('cpu', config)).toMatchObject({ device: 'cpu' });
    expect(timed).toEqual([]);
    rmSync(join(folder, 'devices.json'));
    const failing = devicesWith([card], { state: 'failed' });
    for (const _ of [1, 2])
      await expect(failing.devices.choose('webgpu', config)).rejects.toMatchObject({ code: 'device-failed', message: 'webgpu is failed.' });
    expect(failing.probed).toEqual(['webgpu', 'webgpu']);
    await expect(failing.devices.choose('tensorflow', config)).rejects.toBeInstanceOf(AppError);
  });

  it.skipIf(process.platform === 'darwin')(
    'may be TensorFlow, where it is installed beside a card that it knows, or where it is asked for',
    async () => {
      const nvidia = { ...card, name: 'NVIDIA GeForce RTX 3060' };
      const seconds = { cpu: 1, webgpu: 0.5, cuda: 0.5, dml: 0.5, tensorflow: 0.1 };
      const without = devicesWith([nvidia], { seconds });
      expect(await without.devices.choose('auto', config)).not.toMatchObject({ device: 'tensorflow' });
      expect(without.probed).not.toContain('tensorflow');
      expect(await without.devices.choose('tensorflow', config)).toMatchObject({ device: 'tensorflow', reason: 'TensorFlow, as asked.' });
      vi.stubEnv(tensorflowVariable, '/somewhere');
      for (const [cards, chosen] of [
        [[card], false],
        [[nvidia], true],
      ] as const) {
        rmSync(join(folder, 'devices.json'), { force: true });
        const { device } = await devicesWith(cards, { seconds }).devices.choose('auto', config);
        expect(device === 'tensorflow').toBe(chosen);
      }
    },
  );

  it.skipIf(process.platform === 'darwin')(
    'is TensorFlow once it is installed, whatever was found before; another one is tested anew',
    async () => {
      const seconds = { cpu: 1, webgpu: 0.5, cuda: 0.5, dml: 0.5, tensorflow: 0.1 };
      const nvidia = { ...card, name: 'NVIDIA GeForce RTX 3060' };
      const place = join(folder, 'tensorflow');
      const install = (text: string): void => {
        mkdirSync(dirname(join(place, tensorflowBinding)), { recursive: true });
        writeFileSync(join(place, tensorflowBinding), text);
        vi.stubEnv(tensorflowVariable, place);
      };
      const isTested = async (): Promise<boolean> => {
        const { devices, probed } = devicesWith([nvidia], { seconds });
        await devices.choose('tensorflow', config);
        return probed.includes('tensorflow');
      };
      const absent = devicesWith([nvidia], { seconds, state: 'absent' });
      await expect(absent.devices.choose('tensorflow', config)).rejects.toMatchObject({ code: 'unsupported' });
      install('one');
      expect((await absent.devices.list()).devices.find(({ id }) => id === 'tensorflow')?.state).not.toBe('absent');
      expect([await isTested(), await isTested()]).toEqual([true, false]);
      await devicesWith([nvidia], { seconds }).devices.race(config);
      const stored = (): string => readFileSync(join(folder, 'devices.json'), 'utf8');
      expect(stored()).toContain('"tensorflow": 0.1');
      install('another');
      expect(await isTested()).toBe(true);
      expect(stored()).not.toContain('"tensorflow": 0.1');
    },
  );

  it('can be set for all runs from outside, but not against what a run says', async () => {
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'cpu');
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'cpu' });
    expect(probed).toEqual([]);
    expect(await devices.choose('webgpu', config)).toMatchObject({ device: 'webgpu' });
  });
});

describe('the micro-batch of a run', () => {
  const run = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 64, ...small });

  it('is what the chosen device has memory for at that moment, also while devices are compared', async () => {
    const { devices, given } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 } });
    const { device, microBatch } = await devices.choose('auto', run);
    expect([device, microBatch.images]).toEqual(['webgpu', 64]);
    expect(microBatch.reason).toContain('A card has 7.0 GB free');
    expect(given.get('webgpu')).toBe(64);
    expect(given.get('cpu')).toBeLessThan(64);
    const full = devicesWith([{ ...card, memoryFree: 2e7 }], {});
    expect((await full.devices.choose('webgpu', run)).microBatch.images).toBeLessThan(64);
    expect((await full.devices.choose('cpu', run)).microBatch.images).toBe(given.get('cpu'));
  });

  it('leaves room for what the run is cut from, on the processor and where a card is given up for it', async () => {
    const { devices } = devicesWith([]);
    const bare = (await devices.microBatch('cpu', run)).images;
    // More than the 16 GB that are free: names and places alone take that.
    const feed = { images: 2e7, picture: { width: 341, height: 256 } };
    const chosen = [
      await devices.microBatch('cpu', run, feed),
      (await devices.choose('cpu', run, { feed })).microBatch,
      (await devices.choose('auto', run, { feed })).microBatch,
      (await devices.insteadOfCard('The card is full.', run, feed)).microBatch,
    ];
    for (const { images, reason } of chosen) {
      expect(images).toBeLessThan(bare);
      expect(reason).toContain('memory is short');
    }
    expect((await devices.insteadOfCard('The card is full.', run)).microBatch.images).toBe(bare);
  });
});

describe('a card that leaves matrix products to the processor', () => {
  it('is planned as the processor, is said to be one, and makes no vectors', async () => {
    const rates = { cpu: 100, webgpu: 1000 };
    const { devices } = devicesWith([card], { onProcessor: 'webgpu', rates });
    const run = parseConfig({ ...config, device: 'webgpu', batchSize: 64, ...small });
    const { reason, microBatch, onProcessor } = await devices.choose('webgpu', run);
    expect([onProcessor, (await devices.choose('cpu', run)).onProcessor]).toEqual([true, undefined]);
    expect(reason).toBe('WebGPU, as asked. It computes on the processor, which it leaves matrix products to.');
    expect(microBatch).toEqual(await devices.microBatch('cpu', run));
    expect(await devices.expected(run)).toMatchObject({ reason, onProcessor: true });
    await devices.test(undefined);
    expect(await devices.forVectors('auto', much)).toMatchObject({ device: 'cpu' });
  });
});

describe('a card that fails over too large a piece of work when a step is timed', () => {
  const run = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 64, ...small });
  const seconds = { cpu: 1, webgpu: 0.1 };

  it('is timed once more with a quarter of it, which runs of these sizes keep to until a person asks for a test', async () => {
    const { devices, timed, given } = devicesWith([card], { seconds, failsFrom: 32 });
    const { device, microBatch } = await devices.choose('auto', run);
    expect([device, microBatch.images, given.get('webgpu')]).toEqual(['webgpu', 16, 16]);
    expect(microBatch.reason).toBe('16 of 64 images in a pass: with more at once the card failed when a step was timed.');
    expect(timed.filter((id) => id === 'webgpu')).toHaveLength(2);
    const next = devicesWith([card], { seconds });
    expect((await next.devices.choose('auto', run)).microBatch.images).toBe(16);
    expect((await next.devices.choose('auto', parseConfig({ ...run, microBatch: 32 }))).microBatch.images).toBe(32);
    expect((await next.devices.choose('auto', parseConfig({ ...run, batchSize: 32 }))).microBatch.images).toBe(32);
    await next.devices.test(undefined);
    expect((await next.devices.choose('auto', run)).microBatch.images).toBe(64);
  });

  it('is used with less for that run alone where another program had the card', async () => {
    const { devices } = devicesWith([card], { seconds, failsFrom: 32, isShared: true });
    expect(await devices.choose('auto', run)).toMatchObject({ device: 'webgpu', microBatch: { images: 16 } });
    const next = devicesWith([card], { seconds });
    expect((await next.devices.choose('auto', run)).microBatch.images).toBe(64);
  });

  it('is remembered for the last four sets of cards and drivers, and as an earlier version has kept it', async () => {
    const imagesWith = async (driver: string, failsFrom = Infinity): Promise<number> =>
      (await devicesWith([{ ...card, driver }], { seconds, failsFrom }).devices.choose('auto', run)).microBatch.images;
    for (const driver of ['1', '2', '3', '4', '5']) expect(await imagesWith(driver, 32)).toBe(16);
    const file = join(folder, 'micro-batches.json');
    const { systems } = JSON.parse(readFileSync(file, 'utf8')) as { readonly systems: readonly unknown[] };
    expect(systems).toHaveLength(4);
    expect([await imagesWith('2'), await imagesWith('1')]).toEqual([16, 64]);
    writeFileSync(file, JSON.stringify(systems[0]));
    expect(await imagesWith('5')).toBe(16);
    for (const damaged of ['{"systems":', '{"systems":7}', '{"systems":[{},null]}', 'null', '7']) {
      writeFileSync(file, damaged);
      expect(await imagesWith('5'), damaged).toBe(64);
    }
  });

  it('is not timed with less where that would be no help, and is then left', async () => {
    const lost = devicesWith([card], { seconds, failsFrom: 1 });
    expect(await lost.devices.choose('auto', run)).toMatchObject({
      device: 'cpu',
      reason: expect.stringContaining('The device was lost.') as string,
    });
    const set = devicesWith([card], { seconds, failsFrom: 1 });
    await set.devices.choose('auto', parseConfig({ ...run, microBatch: 32 }));
    expect([lost, set].map(({ timed }) => timed.filter((id) => id === 'webgpu').length)).toEqual([2, 1]);
  });

  it('is known to the same program where the home cannot be written to', async () => {
    const home = join(folder, 'file');
    const { devices } = devicesWith([card], { seconds, failsFrom: 32 }, { home });
    mkdirSync(join(home, 'micro-batches.json'), { recursive: true });
    expect((await devices.choose('auto', run)).microBatch.images).toBe(16);
  });
});

describe('a card that has no room for a run', () => {
  it('leaves it to the processor, which says why it was not tried with less', async () => {
    const { devices } = devicesWith([card]);
    const { device, reason, microBatch } = await devices.insteadOfCard('It was full.', parseConfig({ ...config, microBatch: 4 }));
    expect([device, microBatch.images]).toEqual(['cpu', 4]);
    expect(reason).toMatch(/^The processor\. It was full\. Its micro-batch is set to 4: /);
    expect((await devices.insteadOfCard('It was full.', config)).reason).toContain('No smaller micro-batch was left');
  });
});

describe.skipIf(process.platform === 'darwin')('TensorFlow and a card that it may not be able to use', () => {
  const run = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 64, ...small, device: 'tensorflow' });
  const nvidia: GraphicsCard = { ...card, name: 'NVIDIA GeForce RTX 3060' };

  it('has the micro-batch of a processor, and says that it is one', async () => {
    const { devices } = devicesWith([nvidia], { onProcessor: true });
    // Before its test the card is what is expected.
    expect(await devices.expected(run)).toMatchObject({ card: nvidia });
    expect((await devices.microBatch('tensorflow', run)).images).toBe(64);
    const { device, reason, microBatch } = await devices.choose('tensorflow', run);
    expect([device, reason]).toEqual([
      'tensorflow',
      'TensorFlow, as asked. It computes on the processor: it has found no graphics card that it can use.',
    ]);
    expect(microBatch).toEqual(await devices.microBatch('cpu', run));
    const expected = await devices.expected(run);
    expect([expected.card, expected.onProcessor, expected.reason]).toEqual([undefined, true, reason]);
  });

  it('is told of where it was to be tested, and is none of the devices of auto for it', async () => {
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.5, tensorflow: 0.1 }, onProcessor: true });
    const reports = await devices.test(['cpu', 'tensorflow']);
    expect(probed).toEqual(['cpu', 'tensorflow']);
    expect(reports.find(({ id }) => id === 'tensorflow')).toMatchObject({ state: 'ready' });
    expect((await devices.list()).devices.map(({ id }) => id)).not.toContain('tensorflow');
    expect(await devices.choose('auto', config)).toMatchObject({ device: 'webgpu' });
  });

  it('is expected to be one where no card is of the vendor that it knows', async () => {
    const { devices } = devicesWith([card]);
    expect(await devices.expected(run)).toMatchObject({ device: 'tensorflow', onProcessor: true });
    expect((await devices.expected(run)).card).toBeUndefined();
    expect(await devices.microBatch('tensorflow', run)).toEqual(await devices.microBatch('cpu', run));
  });

  it('is said to have no kernels for a card that is newer than it, where it fails its test there', async () => {
    const none = expect.stringMatching(/^tensorflow is failed\. No published TensorFlow has kernels.*12\.0/) as string;
    for (const [computeCapability, message] of [
      [12, none],
      [8.6, 'tensorflow is failed.'],
    ] as const) {
      const { devices } = devicesWith([{ ...nvidia, computeCapability }], { state: 'failed' });
      await expect(devices.choose('tensorflow', run)).rejects.toMatchObject({ code: 'device-failed', message });
    }
  });

  it('has the micro-batch of the card, and says nothing, where it uses it', async () => {
    const { devices } = devicesWith([nvidia]);
    const { reason, microBatch } = await devices.choose('tensorflow', run);
    expect([reason, microBatch.images]).toEqual(['TensorFlow, as asked.', 64]);
    const expected = await devices.expected(run);
    expect(expected).toMatchObject({ card: nvidia, reason });
    expect(expected.onProcessor).toBeUndefined();
  });
});

describe('the device of vectors', () => {
  const rates = { cpu: 100, webgpu: 1000 };

  it('is a card that is known to be much faster; none is tested for little work', async () => {
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 }, rates });
    expect(await devices.forVectors('auto', little)).toMatchObject({ device: 'cpu', reason: expect.stringContaining('tested') });
    expect(probed).toEqual([]);
    await devices.choose('auto', config);
    const known = { device: 'webgpu', reason: "WebGPU, whose matrix products are 10 times as fast as the processor's." };
    expect(await devices.forVectors('auto', little)).toEqual(known);
    expect(await devices.forVectors('cpu', much)).toEqual({ device: 'cpu', reason: 'The processor, as asked.' });
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'cpu');
    expect(await devices.forVectors('auto', much)).toMatchObject({ device: 'cpu' });
    expect(await devices.forVectors('webgpu', little)).toEqual({ device: 'webgpu', reason: 'WebGPU, as asked.' });
  });

  it('is tested first where the processor would be busy for long, once', async () => {
    const { devices, probed } = devicesWith([card], { rates });
    expect(await devices.forVectors('auto', much)).toMatchObject({ device: 'webgpu' });
    expect(await devices.forVectors('auto', much)).toMatchObject({ device: 'webgpu' });
    expect(probed).toEqual(['cpu', 'webgpu']);
  });

  it('is the processor where that is done at once, with nothing to do too, unless a card was asked for', async () => {
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 }, rates });
    await devices.choose('auto', config);
    probed.length = 0;
    for (const operations of [async () => Promise.resolve(0), hardlyAny])
      expect(await devices.forVectors('auto', operations)).toEqual({
        device: 'cpu',
        reason: 'The processor: to start a graphics card takes longer than this work.',
      });
    expect(await devices.forVectors('webgpu', hardlyAny)).toMatchObject({ device: 'webgpu' });
    expect(probed).toEqual([]);
  });

  it('is the processor, and no card is tested, while a run trains on one, unless it was asked for', async () => {
    const taken = { device: 'cpu', reason: 'The processor: a run, or other work of yours, is on the graphics card.' };
    const { devices, probed } = devicesWith([card], { seconds: { cpu: 1, webgpu: 0.1 }, rates });
    let isTaken = true;
    const work = { isCardTaken: () => isTaken };
    for (const operations of [hardlyAny, little, much]) expect(await devices.forVectors('auto', operations, work)).toEqual(taken);
    expect(probed).toEqual([]);
    expect(await devices.forVectors('webgpu', much, work)).toMatchObject({ device: 'webgpu' });
    expect(await devices.forVectors('auto', much, work)).toEqual(taken);
    expect(await devicesWith([]).devices.forVectors('auto', much, work)).toMatchObject({
      reason: expect.stringContaining('no graphics card'),
    });
    isTaken = false;
    expect(await devices.forVectors('auto', much, work)).toMatchObject({ device: 'webgpu' });
  });

  it('is the processor where a run has begun while cards were tested, or while the test waited', async () => {
    const [tested, waited] = [
      { ...card, driver: 'tested' },
      { ...card, driver: 'waited' },
    ].map((one) => devicesWith([one], { rates }));
    const begun = { isCardTaken: () => tested!.probed.length > 0 };
    expect((await tested!.devices.forVectors('auto', much, begun)).reason).toContain('a run, or other work of yours');
    let looks = 0;
    expect((await waited!.devices.forVectors('auto', much, { isCardTaken: () => looks++ > 0 })).reason).toContain(
      'a run, or other work of yours',
    );
    expect(waited!.probed).toEqual([]);
  });

  it('is the processor where there is no card, where it is hardly faster, or fails, which is said', async () => {
    expect(await devicesWith([]).devices.forVectors('auto', much)).toEqual({
      device: 'cpu',
      reason: 'The processor: no graphics card was found.',
    });
    for (const [options, reason] of [
      [{ rates: { webgpu: 150 } }, 'matrix products of WebGPU are 1.5 times as fast'],
      [{ rates, state: 'failed' as const }, 'The processor. webgpu is failed.'],
    ] as const) {
      const { devices } = devicesWith([{ ...card, driver: reason }], options);
      expect(await devices.forVectors('auto', much)).toEqual({ device: 'cpu', reason: expect.stringContaining(reason) });
    }
  });

  it('is one that was asked for only where it passes its test', async () => {
    const { devices } = devicesWith([card], { state: 'failed' });
    await expect(devices.forVectors('webgpu', little)).rejects.toMatchObject({
      code: 'device-failed',
      message: 'webgpu is failed.',
      hint: 'Choose the processor (device=cpu).',
    });
  });

  it('is TensorFlow where it uses a card, and never by itself where it computes on the processor', async () => {
    vi.stubEnv(tensorflowVariable, folder);
    const nvidia = { ...card, name: 'NVIDIA RTX' };
    const fastest = { cpu: 100, webgpu: 500, cuda: 600, tensorflow: 1000 };
    const { devices } = devicesWith([nvidia], { rates: fastest });
    expect(await devices.forVectors('auto', much)).toMatchObject({ device: 'tensorflow' });
    const without = devicesWith([{ ...nvidia, driver: '2.0' }], { rates: fastest, onProcessor: true }).devices;
    expect(await without.forVectors('auto', much)).toMatchObject({ device: 'cuda' });
    expect(await without.forVectors('tensorflow', much)).toEqual({
      device: 'tensorflow',
      onProcessor: true,
      reason: 'TensorFlow, as asked. It computes on the processor: it has found no graphics card that it can use.',
    });
  });
});

describe('a failure', () => {
  it('is the card’s where work on it ended by itself, and nobody’s else', () => {
    const lost = new AppError('device-failed', 'The device was lost.', 'Try again.');
    expect(isCardFault(lost, { device: 'webgpu' })).toBe(true);
    expect(isCardFault(lost, { device: 'cpu' })).toBe(false);
    const full = new AppError('out-of-memory', 'It was full.', 'Choose less.');
    expect([isCardFault(full, { device: 'webgpu' }), isBrokenCard(full, { device: 'webgpu' })]).toEqual([true, false]);
    expect([isBrokenCard(lost, { device: 'webgpu' }), isBrokenCard(lost, { device: 'cpu' })]).toEqual([true, false]);
    for (const code of ['cancelled', 'disk-full', 'non-finite'] as const)
      expect(isCardFault(new AppError(code, 'Something else.', 'Do that.'), { device: 'webgpu' })).toBe(false);
    expect(isCardFault(new Error('unknown'), { device: 'webgpu' })).toBe(false);
  });
});

describe('the time of a step, before anybody asks for a trial', () => {
  it('is found out once, on the processor alone, and known to the next program', async () => {
    const first = devicesWith([], { seconds: { cpu: 0.5 } });
    expect(await first.devices.expectedStep(config)).toBeUndefined();
    await Promise.all([first.devices.getToKnow(config), first.devices.getToKnow(config)]);
    expect(first.timed).toEqual(['cpu']);
    expect(await first.devices.expectedStep(config)).toEqual({ seconds: 0.5, timed: true, device: 'cpu', atMost: false });
    const second = devicesWith([]);
    await second.devices.getToKnow(config);
    expect(second.timed).toEqual([]);
    const other = await second.devices.expectedStep(parseConfig({ imageSize: 32, patchSize: 4, batchSize: 16 }));
    expect(other).toMatchObject({ timed: false });
    expect(other!.seconds).toBeCloseTo(1, 9);
  });

  it('is the most that a run takes where a card is still to be tried, and the time of the card where that was', async () => {
    const { devices } = devicesWith([card], { seconds: { cpu: 2, webgpu: 0.25 } });
    await devices.getToKnow(config);
    expect(await devices.expectedStep(config)).toMatchObject({ seconds: 2, device: 'cpu', atMost: true });
    await devices.choose('auto', config);
    expect(await devices.expectedStep(config)).toMatchObject({ seconds: 0.25, device: 'webgpu', atMost: false });
    // What a run then took is the rate for others, and no trial to compare devices by.
    await devices.noteStep('webgpu', config, 0.5, 'training');
    expect(await devices.expectedStep(config)).toMatchObject({ seconds: 0.25, timed: true });
  });

  it('is not taken for too long where everything else came first', async () => {
    const { devices, timed } = devicesWith([]);
    for (const _ of [1, 2]) expect(await devices.getToKnow(config)).toBe(false);
    expect(timed).toEqual(['cpu', 'cpu']);
  });

  it('makes nobody wait: what a person asks for ends it', async () => {
    let begun = Promise.withResolvers<void>();
    const tools: DeviceTools = {
      cards: async () => Promise.resolve([]),
      probe: async (id) => Promise.resolve({ id, state: 'ready', reason: 'It is there.' }),
      memory: () => 16e9,
      obstacles: async () => Promise.resolve([]),
      time: async (_id, _config, _best, signal) =>
        new Promise((_resolve, reject) => {
          signal!.addEventListener('abort', () => reject(new AppError('cancelled', 'It was cancelled.', 'Start it again.')));
          begun.resolve();
        }),
    };
    for (const wanted of ['auto', 'cpu'] as const) {
      begun = Promise.withResolvers();
      const devices = new Devices(homeAt(folder), tools);
      const timing = devices.getToKnow(config);
      await begun.promise;
      expect(await devices.choose(wanted, config)).toMatchObject({ device: 'cpu' });
      await timing;
      expect(await devices.expectedStep(config)).toBeUndefined();
    }
  });
});

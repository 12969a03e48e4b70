import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TensorflowOffer } from '../../shared/contract/contract-system.ts';
import type { DeviceId, DeviceReport, GraphicsCard } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import { takeLock } from '../files/folder-lock.ts';
import { meanStepOperations } from '../training/plan/step-operations.ts';
import { logPath } from '../training/run-folder/run-log.ts';
import { updateDriver, withoutDriver } from './devices/candidates.ts';
import type { DeviceTools } from './devices/device-tools.ts';
import { Devices } from './devices/devices.ts';
import { adviceFor, choiceOf, diagnose } from './doctor.ts';
import type { Findings } from './doctor.ts';
import { homeAt } from './home.ts';
import { usualRun } from './runs/pace.ts';

const memory = { memoryFree: 8e9, memoryTotal: 16e9 };
const cpu: DeviceReport = { id: 'cpu', state: 'ready', reason: 'It is always there.', matmulRate: 200 };
const card = { name: 'A card' };
const webgpu = (works: boolean, matmulRate: number): DeviceReport => ({
  id: 'webgpu',
  state: 'ready',
  reason: 'It computes right.',
  matmulRate: 2000,
  reduced: { precision: 'float16', works, reason: 'Tested.', matmulRate },
});

describe('what would make it faster', () => {
  it('is a card where there is none, and the memory that other programs hold', () => {
    expect(adviceFor({ ...memory, cards: [], devices: [cpu], chosen: 'cpu' })).toEqual([
      'No graphics card was found; with one, training is usually faster.',
    ]);
    expect(adviceFor({ ...memory, memoryFree: 1e9, cards: [card], devices: [cpu, webgpu(false, 0)], chosen: 'cpu' })).toEqual([
      'Little memory is free: close other programs before a long run.',
    ]);
  });

  it('is what keeps a card from being used', () => {
    const failed: DeviceReport = { id: 'webgpu', state: 'failed', reason: 'It crashed.' };
    expect(adviceFor({ ...memory, cards: [card], devices: [cpu, failed], chosen: 'cpu' })).toEqual([
      'A graphics card is there, and cannot be used: WebGPU: It crashed.',
    ]);
  });

  it('is a driver for a card that none runs, said once', () => {
    const driverless: GraphicsCard = { name: 'NVIDIA GeForce RTX 3060', driverless: true };
    const sentence = withoutDriver(driverless);
    const found = { id: 'webgpu', state: 'absent', reason: `WebGPU finds no graphics card that it can use. ${sentence}` } as const;
    const advice = adviceFor({ ...memory, cards: [driverless], devices: [cpu, found], chosen: 'cpu', obstacles: [sentence] });
    expect(advice.filter((one) => one.includes(sentence))).toHaveLength(1);
    expect(advice.join(' ')).not.toContain('No graphics card was found');
  });

  it('is what keeps cards from WebGPU, once, unless WebGPU uses one', () => {
    const obstacles = ['Start the container otherwise.'];
    const failed: DeviceReport = { id: 'webgpu', state: 'failed', reason: 'It crashed.' };
    const advice = (devices: readonly DeviceReport[], cards = [card], cardTaken = false): readonly string[] =>
      adviceFor({ ...memory, cards, devices: [cpu, ...devices], chosen: 'cpu', obstacles, cardTaken });
    expect(advice([failed])).toEqual(['A graphics card is there, and cannot be used: WebGPU: It crashed.', ...obstacles]);
    expect(advice([{ ...failed, reason: `It crashed. ${obstacles[0]!}` }])).toHaveLength(1);
    expect(advice([], [])).toContain(obstacles[0]);
    // In software.
    expect(advice([{ ...webgpu(false, 0), matmulRate: 30 }])).toContain(obstacles[0]);
    expect(advice([webgpu(false, 0)])).toEqual([]);
    expect(advice([{ id: 'webgpu', state: 'untested', reason: 'Not yet.' }], [card], true)).toEqual([]);
    const cuda: DeviceReport = { id: 'cuda', state: 'ready', reason: 'It computes right.', matmulRate: 2000 };
    expect(advice([failed, cuda])).toEqual(obstacles);
  });

  it('is its own driver where the card is slower than the processor, as a driver in software is', () => {
    const advice = (rate: number): readonly string[] =>
      adviceFor({ ...memory, cards: [card], devices: [cpu, { ...webgpu(false, 0), matmulRate: rate }], chosen: 'cpu' });
    expect(advice(30)).toEqual([
      `WebGPU computes right, but slower than the processor (30 and 200 GFLOP/s in a bare product): the card is weaker than the processor, or a driver in software stands in for its own. ${updateDriver}`,
    ]);
    expect(advice(300)).toEqual([]);
    // TensorFlow that uses no card is the processor.
    const tensorflow: DeviceReport = { id: 'tensorflow', state: 'ready', reason: 'It passed.', matmulRate: 100, onProcessor: true };
    expect(adviceFor({ ...memory, cards: [card], devices: [cpu, tensorflow], chosen: 'cpu' })).toEqual([]);
  });

  it('is the driver of NVIDIA where its card runs on nouveau', () => {
    const nouveau = { name: 'NVIDIA graphics (0x2504)', driver: 'nouveau, Linux 6.8' };
    const advice = adviceFor({ ...memory, cards: [nouveau], devices: [cpu, { ...webgpu(false, 0), matmulRate: 30 }], chosen: 'cpu' });
    expect(advice).toEqual([expect.stringMatching(/^NVIDIA's driver is missing.*Install NVIDIA's driver, then have it tested again/)]);
  });

  it('is float16 where the device of runs is much faster in it and has passed its test', () => {
    const advice = (works: boolean, rate: number, chosen: 'cpu' | 'webgpu' = 'webgpu'): readonly string[] =>
      adviceFor({ ...memory, cards: [card], devices: [cpu, webgpu(works, rate)], chosen });
    expect(advice(true, 4000)).toEqual(['Products on WebGPU are 2.0 times as fast in float16: choose that for a run under "precision".']);
    expect([advice(true, 2200), advice(false, 4000), advice(true, 4000, 'cpu')]).toEqual([[], [], []]);
  });
});

describe('TensorFlow', () => {
  const nvidia = { name: 'NVIDIA GeForce RTX 3060', computeCapability: 8.6 };
  const tensorflow: DeviceReport = { id: 'tensorflow', state: 'failed', reason: 'It was lost.' };
  const offer: TensorflowOffer = {
    version: '2.9.1',
    licence: 'Apache.',
    library: '',
    binding: '',
    installed: false,
    space: 3e9,
    lacks: [],
  };
  const advice = (more: Partial<Findings> = {}): string =>
    adviceFor({ ...memory, cards: [nvidia], devices: [cpu, webgpu(false, 0)], chosen: 'webgpu', tensorflow: offer, ...more }).join(' ');

  it('is what may make an NVIDIA card faster, as far as is known', () => {
    expect(advice()).toMatch(/may be faster; that was not measured.*devices install tensorflow \(3 GB of disk have to be free\)\.$/);
    const lacks = ['TensorFlow 2.9.1 needs cuDNN 8.1.'];
    expect(advice({ tensorflow: { ...offer, lacks } })).toMatch(/Before it can use the card: TensorFlow 2\.9\.1 needs cuDNN 8\.1\.$/);
  });

  it('is not advised where it is tested already or not to be had', () => {
    expect(advice({ devices: [cpu, webgpu(false, 0), tensorflow] })).toBe('');
    expect(advice({ tensorflow: undefined })).toBe('');
  });
});

describe('what a run would train on', () => {
  afterEach(() => void vi.unstubAllEnvs());
  const { config } = usualRun('small', 'default');
  const chosen = {
    device: 'cpu',
    reason: 'The processor, as asked.',
    precision: 'float32',
    microBatch: { images: 8, reason: 'All 8 images of a batch.' },
  } as const;

  it('is said with its reason, and with the environment where that decides', async () => {
    vi.stubEnv('IJEPA_STUDIO_DEVICE', undefined);
    // What is done at once says nothing of the card.
    const forVectors = async (_wanted: string, operations: () => Promise<number>) => {
      const isMuch = (await operations()) > 1e15;
      return { device: isMuch ? 'webgpu' : 'cpu', reason: 'WebGPU is faster.' } as const;
    };
    const tests = { choose: async () => Promise.resolve(chosen), forVectors, expected: async () => Promise.resolve(chosen) };
    const vectors = { vectors: 'webgpu', vectorsReason: 'WebGPU is faster.' };
    const passes = 'All 8 images of a batch.';
    expect(await choiceOf(tests, config, {})).toEqual({ chosen: 'cpu', chosenReason: 'The processor, as asked.', passes, ...vectors });
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'cpu');
    expect(await choiceOf(tests, config, {})).toEqual({
      chosen: 'cpu',
      chosenReason: 'The processor, as asked. (IJEPA_STUDIO_DEVICE)',
      passes,
      vectors: 'webgpu',
      vectorsReason: 'WebGPU is faster. (IJEPA_STUDIO_DEVICE)',
    });
  });

  it('is nothing where a run would not begin, with what to do; a cancelled question has no answer', async () => {
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'cuda');
    const failing = (code: 'unsupported' | 'cancelled'): Parameters<typeof choiceOf>[0] => {
      const fails = async (): Promise<never> => Promise.reject(new AppError(code, 'CUDA is not to be had.', 'Choose auto.'));
      return { choose: fails, forVectors: fails, expected: fails };
    };
    const reason = 'None: CUDA is not to be had. Choose auto. (IJEPA_STUDIO_DEVICE)';
    expect(await choiceOf(failing('unsupported'), config, {})).toEqual({ chosenReason: reason, vectorsReason: reason });
    await expect(choiceOf(failing('cancelled'), config, {})).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('the devices', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-doctor-'));
    for (const name of ['IJEPA_STUDIO_DEVICE', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'IJEPA_TENSORFLOW']) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const touched: DeviceId[] = [];
  const tools: DeviceTools = {
    cards: async () => Promise.resolve([card]),
    probe: async (id) => {
      touched.push(id);
      return Promise.resolve({ id, state: 'ready', reason: 'It computes right.', matmulRate: 200 });
    },
    time: async (id) => {
      touched.push(id);
      return Promise.resolve({ seconds: id === 'cpu' ? 1 : 0.1 });
    },
    memory: () => 16e9,
    obstacles: async () => Promise.resolve([]),
  };

  /** What is tested or timed while a run trains on `device`. */
  async function besideRunOn(
    device: DeviceId,
  ): Promise<{ readonly found: Awaited<ReturnType<typeof diagnose>>; readonly asked: Set<DeviceId> }> {
    const run = join(homeAt(folder).runs, 'trains');
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'config.json'), '{}');
    appendFileSync(logPath(run), `${JSON.stringify({ type: 'started', device })}\n`);
    const lock = takeLock(run);
    touched.length = 0;
    const found = await diagnose(folder, {}, tools);
    lock.dispose();
    return { found, asked: new Set(touched) };
  }

  it('beside a run on the card leave the card to it, whatever is known of it and asked for', async () => {
    // It has passed its test before, and is to be raced.
    await new Devices(homeAt(folder), tools).test(undefined);
    for (const asked of [undefined, 'webgpu']) {
      vi.stubEnv('IJEPA_STUDIO_DEVICE', asked);
      const { found, asked: tested } = await besideRunOn('webgpu');
      expect([...tested]).toEqual(['cpu']);
      expect(found).toMatchObject({ cardTaken: true, beside: ['trains'] });
      expect(found.vectorsReason).toMatch(asked ? /WebGPU, as asked/ : /a run, or other work of yours, is on the graphics card/);
    }
  });

  it('are tested within the memory that is free on each card', async () => {
    const given = new Map<DeviceId, number | undefined>();
    const probe: DeviceTools['probe'] = async (id, signal, free) => {
      given.set(id, free);
      return tools.probe(id, signal, free);
    };
    await diagnose(folder, {}, { ...tools, cards: async () => Promise.resolve([{ name: 'A card', memory: 8e9, memoryFree: 7e9 }]), probe });
    expect([given.has('cpu'), given.get('cpu'), given.get('webgpu')]).toEqual([true, undefined, 7e9]);
    await diagnose(folder, {}, { ...tools, cards: async () => Promise.resolve([{ name: 'A card', memory: 8e9 }]), probe });
    expect(given.get('webgpu')).toBe(8e9);
  });

  it('beside a run on the processor are tested and timed', async () => {
    const { found, asked } = await besideRunOn('cpu');
    expect(asked).toContain('webgpu');
    // By what a program can take: a Mac counts next to nothing as free, and a container has less than its computer.
    expect(found).toMatchObject({ cardTaken: false, chosen: 'webgpu', memoryFree: 16e9 });
    expect(found.passes).toMatch(/images (of a batch|in a pass)/);
    // Of 200 GFLOP/s: a step lasts a second on the processor and a tenth of it on the card.
    const shares = ['cpu', 'webgpu'].map((id) => found.devices.find((one) => one.id === id)?.stepShare);
    const share = meanStepOperations(usualRun('small', 'default').config) / 200e9;
    expect(shares[0]).toBeCloseTo(share, 9);
    expect(shares[1]).toBeCloseTo(10 * share, 9);
  });
});

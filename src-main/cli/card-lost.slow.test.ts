// A card that fails in the middle of a run, through the loop of the command line and that of the engine. Devices and trainer are the
// program's own; what stands in for the card are steps on the processor that end in the error of one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import type { DeviceId } from '../../shared/devices.ts';
import { AppError } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { Engine } from '../engine/app/engine.ts';
import { drawPictures, openEngine, quickSettings } from '../engine/app/testing/open-engine.ts';
import type { Page } from '../engine/app/testing/open-engine.ts';
import type { DeviceTools } from '../engine/devices/device-tools.ts';
import { Devices } from '../engine/devices/devices.ts';
import { createRun, planRun } from '../engine/runs/runs.ts';
import type { Studio } from '../engine/studio.ts';
import type { Job } from '../trainer/protocol.ts';
import { listCheckpoints } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import type { Output } from './output.ts';
import { showTraining } from './train-progress.ts';

const steps = 100;
const settings = { ...quickSettings, steps, evaluateImages: 0, checkpointSteps: 5, device: 'auto' } as const;
/** Steps on the card before it fails, or some more: it dies while the next ones are made. */
const failsAfter = 12;

const tools: DeviceTools = {
  cards: async () => Promise.resolve([{ name: 'A card', driver: '1.0', memory: 8e9, memoryFree: 7e9 }]),
  probe: async (id) => Promise.resolve({ id, state: 'ready', reason: 'It passed.', matmulRate: 100 }),
  time: async (id) => Promise.resolve({ seconds: id === 'cpu' ? 1 : 0.1 }),
  memory: () => 8e9,
  obstacles: async () => Promise.resolve([]),
};

const faults = {
  lost: new AppError('device-failed', 'The device was lost.', 'Try again.'),
  full: new AppError('out-of-memory', 'The card ran out of memory.', 'Choose less.'),
} as const;
/** Full while there are smaller micro-batches, or too small for the run. */
type Fault = 'lost' | 'full' | 'small';
const smaller = { type: 'note', step: 10, message: 'The card is full.', hint: 'Less.', microBatch: 4, fromCheckpoint: true } as const;

interface FailingCard {
  /** What the run was trained on, in order. */
  readonly devices: DeviceId[];
  /** Step of the last checkpoint when it failed. */
  kept: number;
}

/** Gives a studio a card that fails after so many steps, each time that it is used; afterwards it does not. */
function withFailingCard(studio: Studio, fault: Fault, times: readonly number[]): FailingCard {
  Object.defineProperty(studio, 'devices', { value: new Devices(studio.home, tools) });
  const card: FailingCard = { devices: [], kept: 0 };
  const { trainer } = studio;
  const run = trainer.run.bind(trainer);
  vi.spyOn(trainer, 'run').mockImplementation((async (job: Job, onEvent: (event: TrainEvent) => void) => {
    if (job.kind !== 'train') return run(job);
    card.devices.push(job.device);
    const onProcessor = { ...job, device: 'cpu' } as const;
    const fails = times[card.devices.length - 1];
    if (job.device === 'cpu' || fails === undefined) return run(onProcessor, onEvent);
    let done = 0;
    await run(onProcessor, (event) => {
      if (done === fails) return;
      onEvent(event);
      if (event.type === 'step' && ++done === fails) trainer.kill();
    }).catch(() => {});
    card.kept = listCheckpoints(job.run).at(-1)!.step;
    if (fault === 'full') onEvent(smaller);
    throw faults[fault === 'lost' ? 'lost' : 'full'];
  }) as unknown as typeof trainer.run);
  return card;
}

let place = '';
let engine: Engine;
let page: Page;
beforeEach(async () => {
  for (const name of ['IJEPA_STUDIO_DEVICE', 'VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) vi.stubEnv(name, undefined);
  place = mkdtempSync(join(tmpdir(), 'ijepa-card-lost-'));
  await drawPictures(join(place, 'pictures'), 12);
  ({ engine, page } = openEngine(join(place, 'home')));
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

/** Both ways to train a run to its end; the run, and what a terminal said. */
const ways: Readonly<
  Record<string, (folder: number, root: string) => Promise<{ readonly run: string; readonly lines?: readonly string[] }>>
> = {
  'the command line': async (_, root) => {
    const { studio } = engine.context;
    const run = await createRun(studio, root, planRun(studio, root, settings));
    const lines: string[] = [];
    const output = { event: () => {}, progress: () => {}, bar: () => '', say: (line: string) => lines.push(line) };
    expect(await showTraining(output as unknown as Output, studio, run)).toBe(true);
    return { run, lines };
  },
  'the engine': async (folder) => {
    const { run, job } = await page.call('runs.start', { folder, settings, usable: false });
    const { state, error } = await page.call('jobs.wait', { job });
    if (error) throw new AppError(error.code, error.message, error.hint);
    expect(state).toBe('done');
    return { run: join(place, 'home', 'runs', run) };
  },
};

interface Trained {
  readonly run: string;
  readonly lines?: readonly string[];
  readonly card: FailingCard;
}

describe.each(Object.entries(ways))('a card that fails in the middle of a run of %s', (_, train) => {
  let card: FailingCard = { devices: [], kept: 0 };
  const trainedWith = async (fault: Fault, times = [failsAfter]): Promise<Trained> => {
    const root = join(place, 'pictures');
    const { job, folder } = await page.call('library.scan', { path: root });
    await page.call('jobs.wait', { job });
    card = withFailingCard(engine.context.studio, fault, times);
    return { ...(await train(folder, root)), card };
  };
  const fastest = /the fastest for this run/;

  /** From the start, and then from the last checkpoint each time, with these reasons, to the end. */
  function expectGoesOn({ run, card }: Trained, ...reasons: readonly RegExp[]): void {
    expect(card.kept).toBeGreaterThanOrEqual(10);
    const started = [...readEvents(run, 'started')];
    expect(started.map(({ deviceReason }) => deviceReason)).toEqual(
      [fastest, ...reasons].map((one) => expect.stringMatching(one) as string),
    );
    expect([started[0]!.step, started.at(-1)!.step]).toEqual([0, card.kept]);
    expect(listCheckpoints(run).at(-1)!.step).toBe(steps);
  }

  it('because it is lost once: it is tested anew, and the run goes on on it from its last checkpoint', async () => {
    const trained = await trainedWith('lost');
    expect(trained.card.devices).toEqual(['webgpu', 'webgpu']);
    expectGoesOn(trained, fastest);
    if (trained.lines)
      expect(trained.lines).toContain('The device was lost. The run goes on from its last checkpoint, on what passes its test now.');
  });

  it('because it is lost any number of times, but not before it has got on: the run goes on on it', async () => {
    const trained = await trainedWith('lost', [failsAfter, failsAfter, failsAfter]);
    expect(trained.card.devices).toEqual(['webgpu', 'webgpu', 'webgpu', 'webgpu']);
    expectGoesOn(trained, fastest, fastest, fastest);
  });

  it('because it is lost twice in a row: the run goes on on the processor, and says why', async () => {
    const trained = await trainedWith('lost', [failsAfter, 2]);
    expect(trained.card.devices).toEqual(['webgpu', 'webgpu', 'cpu']);
    expectGoesOn(trained, fastest, /^The processor\. .*The device was lost\./);
  });

  it('which the environment names is for the person to decide about, as one that the run names', async () => {
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'webgpu');
    await expect(trainedWith('lost', [failsAfter, 2])).rejects.toMatchObject(faults.lost);
    expect(card.devices).toEqual(['webgpu']);
    expect(card.kept).toBeGreaterThanOrEqual(10);
  });

  it('which the environment names and which is too small for the run is not given up by itself', async () => {
    vi.stubEnv('IJEPA_STUDIO_DEVICE', 'webgpu');
    await expect(trainedWith('small')).rejects.toMatchObject({
      code: 'out-of-memory',
      hint: expect.stringContaining('device=cpu') as string,
    });
    expect(card.devices).toEqual(['webgpu']);
  });

  it('because it is full: the run goes on from its last checkpoint there', async () => {
    const trained = await trainedWith('full');
    expect(trained.card.devices).toEqual(['webgpu', 'webgpu']);
    expectGoesOn(trained, fastest);
    if (trained.lines) expect(trained.lines).toContain('Note: The card is full. Less.');
  });

  it('because it is too small for it: this run goes on on the processor, and the next one has the card', async () => {
    const trained = await trainedWith('small');
    expect(trained.card.devices).toEqual(['webgpu', 'cpu']);
    expectGoesOn(trained, /^The processor\. The card ran out of memory\. No smaller micro-batch was left/);
    if (trained.lines)
      expect(trained.lines).toContain('The card ran out of memory. The run goes on from its last checkpoint, on the processor.');
    const { studio } = engine.context;
    expect((await studio.devices.choose('auto', parseConfig(settings))).device).toBe('webgpu');
  });
});

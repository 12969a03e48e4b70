// A run that changes its device on the way: images from the cache, checkpoints, evaluations beside the step, stop and resume, as in the app.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DeviceId } from '../../shared/devices.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import { suggestConfig } from '../engine/runs/suggest.ts';
import type { EvaluationImage } from '../evaluation/evaluation-image.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../runtime/testing/software-gpu.ts';
import { compileQuickly, noTensorflow, whySkipped } from '../runtime/testing/tensorflow-here.ts';
import { RunControl } from '../training/run-control.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import { cachePhotographs, photographs } from './testing/photographs.ts';
import { makeRun, trainJob } from './testing/picture-cache.ts';
import { runTrainJob } from './train-job.ts';
import { Trainer } from './trainer.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-other-device-'));
const cache = join(folder, 'cache');
let images: readonly EvaluationImage[] = [];
const steps = 10;
/** Steps on the processor before the first change. */
const begun = 2;

/** What is suggested for such a folder, on a tiny network. */
const settings = {
  ...suggestConfig({ images: 200, shortSide: 32 }).settings,
  imageSize: 16,
  patchSize: 4,
  width: 16,
  depth: 1,
  heads: 2,
  predictorWidth: 8,
  predictorDepth: 1,
  projectorWidth: 16,
  batchSize: 8,
  microBatch: 0,
  evaluateImages: 200,
  evaluateSteps: 4,
  steps,
  threads: 1,
  // Each step moves the weights so far that one left out would show.
  startLearningRate: 1e-2,
  learningRate: 1e-2,
};

beforeAll(async () => {
  mkdirSync(join(folder, 'files'));
  images = await cachePhotographs(cache, join(folder, 'files'));
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Trains on the processor, up to step `until`. */
async function onProcessor(run: string, until = steps): Promise<void> {
  const control = new RunControl();
  await runTrainJob(trainJob(run, cache, images), control, (event) => {
    if (event.type === 'step' && event.step === until && until < steps) control.stop();
  });
}

/** Trains on a device in a process of its own, which is told to stop after its third step there; the step at which it did. */
async function onDevice(run: string, device: DeviceId): Promise<number> {
  const trainer = new Trainer();
  let made = 0;
  try {
    await trainer.run({ ...trainJob(run, cache, images), device }, (event) => {
      if (event.type === 'step' && ++made === 3) trainer.control('stop');
    });
  } finally {
    await trainer.dispose();
  }
  const { step, reason } = logged(run, 'finished').at(-1)!;
  expect(reason).toBe('stopped');
  return step;
}

type Of<T extends TrainEvent['type']> = Extract<TrainEvent, { readonly type: T }>;
const logged = <T extends TrainEvent['type']>(run: string, type: T): readonly Of<T>[] => [...readEvents(run, type)] as Of<T>[];

/** Relative; 4e-7 was found, over ten steps. */
const tolerance = 1e-5;

/** The same steps as on the processor alone, with its losses, and evaluations of the same images that come to the same. */
function expectSameRun(run: string, alone: string): void {
  const [expected, found] = [logged(alone, 'step'), logged(run, 'step')];
  expect(found.map(({ step }) => step)).toEqual(expected.map(({ step }) => step));
  for (const figure of ['loss', 'smoothL1', 'coupled', 'gradientNorm'] as const)
    found.forEach((event, i) => {
      const [here, there] = [event[figure], expected[i]![figure]];
      // While crops are small nothing is predicted.
      if (figure === 'smoothL1' && there === undefined) return expect(here).toBeUndefined();
      expect(Math.abs(here! / there! - 1), `${figure} of step ${event.step}`).toBeLessThan(tolerance);
    });
  expect(found.some(({ smoothL1 }) => smoothL1 === undefined) && found.some(({ smoothL1 }) => smoothL1 !== undefined)).toBe(true);
  const [judged, judgedAlone] = [logged(run, 'evaluation'), logged(alone, 'evaluation')];
  expect(judged.map(({ step }) => step)).toEqual([4, 8, steps]);
  judged.forEach(({ rankMe, lidar, queries }, i) => {
    expect(queries).toBe(judgedAlone[i]!.queries);
    expect(rankMe / judgedAlone[i]!.rankMe).toBeCloseTo(1, 2);
    expect(lidar! / judgedAlone[i]!.lidar!).toBeCloseTo(1, 2);
  });
}

function newRun(name: string): string {
  const run = join(folder, name);
  makeRun(run, settings, steps);
  return run;
}

/** From the processor to a device and back. */
async function expectGoesOn(device: DeviceId): Promise<void> {
  const run = newRun(device);
  await onProcessor(run, begun);
  const left = await onDevice(run, device);
  await onProcessor(run);
  expect(logged(run, 'started').map((event) => [event.device, event.step])).toEqual([
    ['cpu', 0],
    [device, begun],
    ['cpu', left],
  ]);
  expectSameRun(run, join(folder, 'alone'));
}

const onCard = noSoftwareGpu === undefined ? '' : `, ${noSoftwareGpu}`;

describe(`a run on ${photographs} is as if it had never left the processor`, () => {
  beforeAll(async () => onProcessor(newRun('alone')));

  it.skipIf(noSoftwareGpu !== undefined)(`after some steps and an evaluation on WebGPU${onCard}`, async () => {
    for (const [name, value] of Object.entries(softwareGpuEnvironment)) vi.stubEnv(name, value);
    await expectGoesOn('webgpu');
  });

  it.skipIf(noTensorflow !== undefined)(`after some steps and an evaluation on TensorFlow${whySkipped}`, async () => {
    compileQuickly();
    await expectGoesOn('tensorflow');
  });
});

// A few steps of each phase on pictures of noise: how long a step takes on average and how much memory it needs, before a run is begun.
import { readFileSync } from 'node:fs';
import { Random } from '../../shared/random.ts';
import { cachedShortSide } from '../images/cache-space.ts';
import { mostThreads } from '../images/cutting-threads.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { createStepDevice, precisionOn } from '../training/passes/create-step-device.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { encodingDevice } from '../training/passes/forward-pass.ts';
import { phasesOf } from '../training/plan/phases.ts';
import { encoderWeights, initialState } from '../training/run-folder/state.ts';
import { StepRunner } from '../training/step-runner.ts';
import { trialSteps } from './protocol.ts';
import type { JobTypes, TrialFigures, TrialJob } from './protocol.ts';
import { trainingBatches } from './run-data.ts';
import { TimedDevice } from './timed-device.ts';

/** Of a run whose phases have the shares that those of any have. */
const trialRun = 1000;
const trialPictures = 64;
/** Times the side of a crop that a picture has at most where nothing else is said: of larger ones, less is looked at. */
const usualDetail = 3;
const trialBatches = 5;

/** Peak resident memory of this process, bytes; where the system does not tell, what it holds now. */
function peakMemory(): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return process.memoryUsage().rss;
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

function randomPatches({ seed }: TrialJob['config'], model: ModelSize, images: number): Float32Array {
  const random = new Random(seed, 'test');
  // As batches are: memory that threads share.
  const patches = new Float32Array(new SharedArrayBuffer(4 * images * tokenCount(model) * patchValues(model)));
  for (let i = 0; i < patches.length; i++) patches[i] = random.between(-1, 1);
  return patches;
}

/** Pictures embedded in a second, where a run of the device has it done. */
async function embeddingOf(
  { config, threads, device: trainedOn }: TrialJob,
  model: ModelSize,
): Promise<NonNullable<TrialFigures['embedding']>> {
  const device = encodingDevice(trainedOn);
  const weights = encoderWeights(initialState(config), model, 'targetEncoder');
  const runner = await EncoderRunner.create(model, 'last', { device, threads }, false, undefined, weights);
  const patches = randomPatches(config, model, runner.batch);
  const times: number[] = [];
  for (let i = 0; i <= trialBatches; i++) {
    const began = performance.now();
    await runner.run(patches);
    if (i > 0) times.push((performance.now() - began) / 1000);
  }
  await runner.dispose();
  return { rate: runner.batch / median(times), device };
}

export async function runTrialJob(job: TrialJob): Promise<JobTypes['trial']['result']> {
  const { config, threads, device } = job;
  const compiling = performance.now();
  let timed: TimedDevice | undefined;
  const options = { device, threads, precision: precisionOn(device, config) };
  const runner = await StepRunner.create(config, trialRun, options, undefined, async (...given) => {
    timed = new TimedDevice(await createStepDevice(...given));
    return timed;
  });
  const compileSeconds = (performance.now() - compiling) / 1000;
  const { model } = runner.size;
  const state = initialState(config);
  const shortSide = job.shortSide ?? Math.min(cachedShortSide(config.imageSize), usualDetail * config.imageSize);
  // As many threads as a run comes to where one is not enough.
  let batches: ReturnType<typeof trainingBatches> | undefined;
  let [seconds, outside] = [0, 0];
  try {
    batches = trainingBatches(config, trialRun, { invented: trialPictures, shortSide }, mostThreads);
    for (const { from, until } of phasesOf(config, trialRun)) {
      const share = (until - from) / trialRun;
      const [times, outsides]: [number[], number[]] = [[], []];
      for (let i = 0; i < trialSteps; i++) {
        state.step = Math.min(from + i, until - 1);
        const [began, inside] = [performance.now(), timed?.seconds ?? 0];
        const { patches } = await batches.next(state.step);
        await runner.run(state, patches);
        const took = (performance.now() - began) / 1000;
        if (i === 0) continue;
        times.push(took);
        outsides.push(took - (timed!.seconds - inside));
      }
      seconds += share * median(times);
      outside += share * median(outsides);
    }
  } finally {
    await batches?.dispose();
    await runner.dispose();
  }
  return {
    seconds,
    outsideShare: outside / seconds,
    compileSeconds,
    peakBytes: peakMemory(),
    ...(job.embedding === true && { embedding: await embeddingOf(job, model) }),
  };
}

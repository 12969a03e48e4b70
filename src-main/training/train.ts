// The training loop as a stream of typed events: the terminal, the window and the tests consume the same one.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { smallSteps } from '../../shared/config/config.ts';
import { isJudgedAfter } from '../../shared/config/evaluation-schedule.ts';
import type { DeviceId, Precision } from '../../shared/devices.ts';
import { formatDuration } from '../../shared/duration.ts';
import { AppError } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import type { Note } from './judging/health-rules.ts';
import { judgedOtherwiseRule } from './judging/health.ts';
import { Judge } from './judging/judge.ts';
import type { Sample } from './judging/sample-figures.ts';
import { precisionOn } from './passes/create-step-device.ts';
import { encodingDevice } from './passes/forward-pass.ts';
import type { MicroBatch } from './plan/fit-micro-batch.ts';
import { sizesOf, stepSize } from './plan/step-size.ts';
import { Recorder } from './recorder.ts';
import { GivenUp } from './run-control.ts';
import type { RunControl } from './run-control.ts';
import type { RunFolder } from './run-folder/run-folder.ts';
import type { TrainState } from './run-folder/state.ts';
import { scheduleAt } from './schedules.ts';
import { SleepWatch } from './sleep-watch.ts';
import type { Clocks } from './sleep-watch.ts';
import { StepRunner } from './step-runner.ts';

export interface TrainingBatch {
  /** [crops · batch, N, 3·P·P]; two crops of an image stand one after the other. */
  readonly patches: Float32Array;
  /** Images replaced because they could not be read, since the start. */
  readonly skipped: number;
  /** Milliseconds between asking and having. */
  readonly waitedMs: number;
}

/** Batches as a pure function of the step. */
export interface TrainingBatches {
  next(step: number): Promise<TrainingBatch>;
}

export interface TrainOptions {
  readonly folder: RunFolder;
  /** Where to go on; a new run starts with `initialState`. */
  readonly state: TrainState;
  readonly batches: TrainingBatches;
  /** Without it nothing is judged and the latest checkpoint is the best. */
  readonly sample?: Sample;
  readonly device: DeviceId;
  /** Why this device, as a sentence. */
  readonly deviceReason?: string;
  /** Of matrix products; what the device makes of the settings' own when absent. */
  readonly precision?: Precision;
  /** The settings' own, or what is best for a processor, when absent. */
  readonly microBatch?: MicroBatch;
  readonly control: RunControl;
  /** What the person should know before the first step. */
  readonly notes?: readonly Note[];
  /** Folder that keeps the step's graphs as they were optimised (runtime/optimised-graphs.ts). */
  readonly optimised?: string;
  /** By which sleep is told; the system's when absent. */
  readonly clocks?: Clocks;
}

function smallerMicroBatch(step: number, before: number, { size }: StepRunner): TrainEvent {
  const images = size.microBatch / size.crops;
  return {
    type: 'note',
    step,
    microBatch: images,
    message: `Memory is too small for micro-batches of ${before / size.crops} images; the run goes on with ${images}.`,
    hint: 'What is learned does not depend on it. The run keeps that size on this device.',
  };
}

function wasAsleep(step: number, asleepSeconds: number): TrainEvent {
  return {
    type: 'note',
    step,
    asleepSeconds,
    message: `The computer slept for ${formatDuration(asleepSeconds)}, or this program was halted.`,
    hint: 'Nothing is lost: the run goes on, and that time does not count as training.',
  };
}

function largerCrops(step: number, { imageSize, prediction }: TrainConfig): TrainEvent {
  const also = prediction > 0 ? ', and hidden patches are predicted too' : '';
  return {
    type: 'note',
    step,
    isCourse: true,
    message: `From this step on, crops are ${imageSize} px instead of ${imageSize / 2}${also}.`,
    hint: 'A step now takes three to four times as long; the time left already allowed for that. The loss starts afresh; do not compare it with earlier values.',
  };
}

const judgedOtherwise = {
  rule: judgedOtherwiseRule,
  message: 'From this step on, the run is evaluated on other images or labels than before.',
  hint: 'The baselines are evaluated again, and the best checkpoint is chosen among later evaluations: earlier ones are not comparable.',
} as const;

/** Opens what belongs to a compiled step, and disposes of it where that fails: threads of it would outlive the failure. */
async function orDisposed<T>(runner: StepRunner, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await runner.dispose();
    throw error;
  }
}

/** Steps in a row that may be refused before the run is given up. */
const mostRefusals = 20;

/** Whether the work came to its end; false where a stop gave it up. */
async function* unlessGivenUp(work: AsyncGenerator<TrainEvent>): AsyncGenerator<TrainEvent, boolean> {
  try {
    yield* work;
    return true;
  } catch (error) {
    if (error instanceof GivenUp) return false;
    throw error;
  }
}

/**
 * Trains from `state` to the run's last step, yielding events as they happen. Ends early, with a checkpoint, when the control says
 * stop: within a micro-batch or a few pictures of an evaluation, which is made when the run goes on. Throws `non-finite` when step after step is refused; the last checkpoint stays good.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { folder, state, control } = options;
  const { config: settings, steps, threads, images } = folder.record;
  const config = options.microBatch ? { ...settings, microBatch: options.microBatch.images } : settings;
  const session = { device: options.device, threads };
  const precision = options.precision ?? precisionOn(options.device, config);
  const compiling = { ...session, precision, ...(options.optimised !== undefined && { optimised: options.optimised }) };
  const runner = await StepRunner.create(config, steps, compiling, state);
  const encoding = { ...session, device: encodingDevice(options.device), goOn: control.goOn };
  const small = smallSteps(config, steps);
  const { judge, recorder } = await orDisposed(runner, async () => {
    const made = options.sample ? await Judge.create(options.sample, runner.size.model, encoding, config, small) : undefined;
    return { judge: made, recorder: new Recorder(folder, state, made?.plan) };
  });
  const checkpoint = async (): Promise<TrainEvent> => {
    await runner.save();
    return recorder.checkpoint();
  };
  const untilStopped = async function* (): AsyncGenerator<TrainEvent> {
    const isJudged = isJudgedAfter(config, steps);
    const judgement = async function* (): AsyncGenerator<TrainEvent> {
      if (!judge || !isJudged(state.step)) return;
      await runner.save();
      yield* recorder.judge(judge);
    };
    if (judge) yield* recorder.judgeBaselines(judge, config);
    // What was given up when it stopped here.
    if (state.step > 0) yield* judgement();
    let refusedInRow = 0;
    const watch = new SleepWatch(options.clocks);
    let refused = recorder.before.refusedSteps;
    while (state.step < steps) {
      if (control.pausing) {
        yield await checkpoint();
        yield recorder.log({ type: 'paused', step: state.step });
        await control.untilGoing();
        if (!control.stopping) yield recorder.log({ type: 'resumed', step: state.step });
        watch.lap();
      }
      if (control.stopping) break;
      if (state.step === small && small > 0) {
        // Another step is compiled from here on, and a device that cannot take it should cost nothing.
        yield await checkpoint();
        // A run that stopped here has told of it.
        if (!recorder.hasToldOfCourse(small)) yield recorder.log(largerCrops(small, config));
      }
      const began = performance.now();
      const schedule = scheduleAt(runner.schedule, state.step);
      const batch = await options.batches.next(state.step);
      if (control.stopping) break;
      const { microBatch } = runner.size;
      const outcome = await runner.run(state, batch.patches, control.goOn);
      const asleep = watch.lap(batch.waitedMs);
      const seconds = (performance.now() - began) / 1000;
      if (asleep > 0) yield recorder.log(wasAsleep(state.step, asleep));
      if (runner.size.microBatch < microBatch) yield recorder.log(smallerMicroBatch(state.step, microBatch, runner));
      refused += Number(outcome.refused);
      refusedInRow = outcome.refused ? refusedInRow + 1 : 0;
      if (refusedInRow >= mostRefusals) {
        throw new AppError(
          'non-finite',
          `The gradients of ${mostRefusals} steps in a row were not finite.`,
          'Start a new run from the weights of this one with a lower learning rate (“New run from these weights”; in a terminal train FOLDER --from RUN).',
        );
      }
      const { loss, smoothL1, squaredError, coupled, gradientNorm, lossScale } = outcome;
      if (!outcome.refused) {
        yield recorder.log({
          type: 'step',
          step: state.step,
          epoch: (state.step * config.batchSize) / images,
          loss,
          ...(smoothL1 !== undefined && { smoothL1 }),
          ...(squaredError !== undefined && { squaredError }),
          ...(coupled !== undefined && { coupled }),
          gradientNorm,
          ...(lossScale !== undefined && { lossScale }),
          ...schedule,
          // The clock of programs goes on while a Mac or Windows sleeps, not while Linux does.
          imagesPerSecond: config.batchSize / (seconds > asleep ? seconds - asleep : seconds),
          waitedMs: batch.waitedMs,
          skippedImages: recorder.before.skippedImages + batch.skipped,
          refusedSteps: refused,
          memoryBytes: process.memoryUsage.rss(),
        });
      } else {
        yield recorder.log({
          type: 'note',
          step: state.step,
          message: `Step ${state.step} was skipped: a gradient was not finite.`,
          hint: 'If it happens often, start a new run with a lower learning rate.',
          skippedImages: recorder.before.skippedImages + batch.skipped,
          refusedSteps: refused,
        });
      }
      const last = state.step === steps;
      yield* judgement();
      // While steps are refused the state stands still, and copies of it would push out the checkpoints from before the trouble.
      if (last || (refusedInRow === 0 && recorder.isDue(config))) yield await checkpoint();
    }
  };
  try {
    yield recorder.log({
      type: 'started',
      run: folder.name,
      step: state.step,
      steps,
      images,
      sizes: sizesOf(runner.size, config),
      ...(options.microBatch && { microBatchReason: options.microBatch.reason }),
      device: options.device,
      ...(options.deviceReason !== undefined && { deviceReason: options.deviceReason }),
      precision,
      threads,
      judged: judge !== undefined,
    });
    const planned = stepSize(config).microBatch;
    if (runner.size.microBatch < planned) yield recorder.log(smallerMicroBatch(state.step, planned, runner));
    for (const note of options.notes ?? []) yield recorder.log({ type: 'note', step: state.step, ...note });
    if (recorder.judgedOtherwise) yield recorder.log({ type: 'note', step: state.step, ...judgedOtherwise });
    const isWhole = yield* unlessGivenUp(untilStopped());
    if (!isWhole || state.step < steps) yield await checkpoint();
    yield recorder.log({ type: 'finished', step: state.step, reason: isWhole && state.step === steps ? 'done' : 'stopped' });
  } finally {
    await Promise.all([runner.dispose(), judge?.dispose()]);
  }
}

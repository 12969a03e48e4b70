// The training loop as a stream of typed events: the terminal, the window and the tests consume the same one.
import type { TrainConfig } from '../../shared/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import type { OnlineEvaluation, RunSizes, TrainEvent } from '../../shared/train-events.ts';
import { encoderParameters, parameterCount, predictorParameters, tokenCount } from '../jepa/model.ts';
import type { StepSize } from '../jepa/step.ts';
import type { Device } from '../runtime/onnx-session.ts';
import { saveCheckpoint } from './checkpoint.ts';
import { healthNotes } from './health.ts';
import { decidingScore, Judge, spaceScores } from './judge.ts';
import type { Sample } from './judge.ts';
import type { RunControl } from './run-control.ts';
import { listCheckpoints, pruneCheckpoints, readEvents } from './run-folder.ts';
import type { RunFolder } from './run-folder.ts';
import { scheduleAt } from './schedules.ts';
import { encoderWeights, initialState } from './state.ts';
import type { TrainState } from './state.ts';
import { cropsPerImage, StepRunner } from './step-runner.ts';

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
  readonly device: Device;
  readonly control: RunControl;
}

/** Steps in a row that may be refused before the run is given up. */
const mostRefusals = 20;

function sizesOf(size: StepSize, config: TrainConfig): RunSizes {
  return {
    encoderParameters: parameterCount(encoderParameters(size.model)),
    predictorParameters: parameterCount(predictorParameters(size.model)),
    tokens: tokenCount(size.model),
    contextTokens: size.contextTokens,
    targetTokens: size.targetTokens,
    microBatch: size.microBatch / cropsPerImage(config),
  };
}

/**
 * Trains from `state` to the run's last step, yielding events as they happen. Ends early, with a checkpoint, when the control says
 * stop. Throws `non-finite` when step after step is refused; the last checkpoint stays good.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { folder, state, control } = options;
  const { config, steps, threads, images } = folder.record;
  const session = { device: options.device, threads };
  const runner = await StepRunner.create(config, steps, session);
  const judge = options.sample ? await Judge.create(options.sample, runner.size.model, session) : undefined;
  const recorder = new Recorder(folder, state);
  try {
    yield recorder.log({
      type: 'started',
      run: folder.name,
      step: state.step,
      steps,
      images,
      sizes: sizesOf(runner.size, config),
      device: options.device,
      threads,
    });
    if (judge) yield* recorder.judgeBaselines(judge, config);
    const evaluateEvery = config.evaluateSteps || Math.max(1, Math.ceil(steps / 10));
    let refusedInRow = 0;
    let refused = 0;
    while (state.step < steps) {
      if (control.pausing) {
        yield recorder.checkpoint();
        yield recorder.log({ type: 'paused', step: state.step });
        await control.untilGoing();
        if (!control.stopping) yield recorder.log({ type: 'resumed', step: state.step });
      }
      if (control.stopping) break;
      const began = performance.now();
      const schedule = scheduleAt(runner.schedule, state.step);
      const batch = await options.batches.next(state.step);
      const outcome = await runner.run(state, batch.patches);
      refused += Number(outcome.refused);
      refusedInRow = outcome.refused ? refusedInRow + 1 : 0;
      if (refusedInRow >= mostRefusals) {
        throw new AppError(
          'non-finite',
          `The gradients of ${mostRefusals} steps in a row were not finite.`,
          'Resume from the last checkpoint with a lower learning rate.',
        );
      }
      const { loss, smoothL1, squaredError, coupled, gradientNorm } = outcome;
      if (!outcome.refused) {
        yield recorder.log({
          type: 'step',
          step: state.step,
          epoch: (state.step * config.batchSize) / images,
          loss,
          smoothL1,
          squaredError,
          ...(coupled !== undefined && { coupled }),
          gradientNorm,
          ...schedule,
          imagesPerSecond: (1000 * config.batchSize) / (performance.now() - began),
          waitedMs: batch.waitedMs,
          skippedImages: batch.skipped,
          refusedSteps: refused,
        });
      } else {
        yield recorder.log({
          type: 'note',
          step: state.step,
          message: `Step ${state.step} was skipped: a gradient was not finite.`,
          hint: 'If it happens often, lower the learning rate.',
        });
      }
      const last = state.step === steps;
      if (judge && (state.step % evaluateEvery === 0 || last)) yield* recorder.judge(judge);
      if (last || recorder.isDue(config)) yield recorder.checkpoint();
    }
    if (state.step < steps) yield recorder.checkpoint();
    yield recorder.log({ type: 'finished', step: state.step, reason: state.step < steps ? 'stopped' : 'done' });
  } finally {
    await Promise.all([runner.dispose(), judge?.dispose()]);
  }
}

/** Writes down what happens: events, evaluations, checkpoints and which of them is the best. */
class Recorder {
  readonly #folder: RunFolder;
  readonly #state: TrainState;
  readonly #evaluations: OnlineEvaluation[] = [];
  #untrained: OnlineEvaluation | undefined;
  #best: { step: number; score: number } | undefined;
  #savedAt = performance.now();
  #savedStep: number;

  constructor(folder: RunFolder, state: TrainState) {
    this.#folder = folder;
    this.#state = state;
    this.#savedStep = listCheckpoints(folder.path).at(-1)?.step ?? -1;
    for (const event of readEvents(folder.path)) {
      if (event.type !== 'evaluation') continue;
      this.#evaluations.push(event);
      this.#consider(event);
    }
  }

  #consider(evaluation: OnlineEvaluation): boolean {
    const score = decidingScore(evaluation);
    if (this.#best && score <= this.#best.score) return false;
    this.#best = { step: evaluation.step, score };
    return true;
  }

  log<E extends TrainEvent>(event: E): E {
    this.#folder.log(event);
    if (event.type !== 'step') this.#folder.say(sentence(event));
    return event;
  }

  async *judgeBaselines(judge: Judge, config: TrainConfig): AsyncGenerator<TrainEvent> {
    const start = initialState(config);
    const size = await judge.evaluate(encoderWeights(start, judge.size, 'targetEncoder'), 0);
    this.#untrained = size;
    if (this.#state.step === 0) yield this.log({ type: 'baselines', untrained: size, pixels: spaceScores(await judge.pixels(false)) });
  }

  /** An evaluation, its notes, and a checkpoint when it is the best so far. */
  async *judge(judge: Judge): AsyncGenerator<TrainEvent> {
    const evaluation = await judge.evaluate(encoderWeights(this.#state, judge.size, 'targetEncoder'), this.#state.step);
    const best = this.#consider(evaluation);
    yield this.log({ type: 'evaluation', best, ...evaluation });
    for (const note of healthNotes(evaluation, this.#evaluations, this.#untrained))
      yield this.log({ type: 'note', step: this.#state.step, ...note });
    this.#evaluations.push(evaluation);
    if (best) yield this.checkpoint();
  }

  isDue(config: TrainConfig): boolean {
    if (config.checkpointSteps > 0 && this.#state.step % config.checkpointSteps === 0) return true;
    return config.checkpointMinutes > 0 && performance.now() - this.#savedAt > config.checkpointMinutes * 60_000;
  }

  checkpoint(): TrainEvent {
    const { step } = this.#state;
    const file = this.#folder.checkpointPath(step);
    if (this.#savedStep !== step) saveCheckpoint(file, this.#state, this.#folder.record);
    [this.#savedAt, this.#savedStep] = [performance.now(), step];
    pruneCheckpoints(this.#folder.path, this.#folder.record.config.keepCheckpoints, this.#best ? [this.#best.step] : []);
    return this.log({ type: 'checkpoint', step, file, best: this.#best === undefined || this.#best.step === step });
  }
}

function sentence(event: Exclude<TrainEvent, { type: 'step' }>): string {
  switch (event.type) {
    case 'started':
      return `Step ${event.step} of ${event.steps} on ${event.device}, ${event.threads} threads, ${event.images} images.`;
    case 'evaluation':
      return `Step ${event.step}: score ${decidingScore(event).toFixed(4)}${event.best ? ', the best so far' : ''}, RankMe ${event.rankMe.toFixed(1)}.`;
    case 'checkpoint':
      return `Step ${event.step}: checkpoint ${event.file}.`;
    case 'note':
      return `Step ${event.step}: ${event.message} ${event.hint}`;
    case 'baselines':
      return `Untrained network ${decidingScore(event.untrained).toFixed(4)}, raw pixels ${decidingScore(event.pixels).toFixed(4)}.`;
    case 'paused':
    case 'resumed':
      return `Step ${event.step}: ${event.type}.`;
    case 'finished':
      return `Step ${event.step}: ${event.reason}.`;
  }
}

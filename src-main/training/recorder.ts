// Writes down what happens in a run: events, evaluations, checkpoints, and which of them is the best.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import type { CropProtocol, LabelProtocol } from '../evaluation/protocol.ts';
import { healthOf, judgedRun } from './judging/health.ts';
import type { Judge } from './judging/judge.ts';
import { decidingScore, isAsGood, isHigher, spaceScores } from './judging/scores.ts';
import { readAppFile } from './run-folder/app-file.ts';
import { loadCheckpoint, saveCheckpoint } from './run-folder/checkpoint.ts';
import { listCheckpoints, pruneCheckpoints } from './run-folder/run-folder.ts';
import type { RunFolder } from './run-folder/run-folder.ts';
import { readEvents } from './run-folder/run-log.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';

type Plan = LabelProtocol | CropProtocol;

/** Begins the note that stands in the place of an evaluation. */
const noEvaluation = 'No evaluation: ';

/** What the recorder needs of a judge. */
export type Evaluator = Pick<Judge, 'evaluate' | 'pixels' | 'neighbours'> & Partial<Pick<Judge, 'atOnce'>>;

export class Recorder {
  readonly #folder: RunFolder;
  readonly #state: TrainState;
  readonly #evaluations: OnlineEvaluation[] = [];
  #untrained: OnlineEvaluation | undefined;
  /** Of the weights of another run that it began with. */
  #origin: OnlineEvaluation | undefined;
  /** Step of the best checkpoint. */
  #best: number | undefined;
  /** The highest score so far. */
  #highest: OnlineEvaluation | undefined;
  /** Steps of the best checkpoints of judgements that do not compare with this one: they are not given up for that. */
  readonly #formerBests: number[] = [];
  /** Whether the last evaluation asked other images, or something else: it does not compare with those to come. */
  readonly judgedOtherwise: boolean;
  #savedAt = performance.now();
  #savedStep: number;
  /** Step of the last note on the course of the run. */
  #toldOfCourse: number | undefined;
  /** Steps of the last evaluation and of the last look at pinned pictures in the log, whatever they were made with. */
  #judgedAt: number | undefined;
  #lookedAt: number | undefined;
  /** Counts of the run up to the step at which it goes on. */
  readonly before: { readonly skippedImages: number; readonly refusedSteps: number };

  /** `plan` is what the run is judged by from now on. */
  constructor(folder: RunFolder, state: TrainState, plan?: Plan) {
    this.#folder = folder;
    this.#state = state;
    this.#savedStep = listCheckpoints(folder.path).at(-1)?.step ?? -1;
    let [skippedImages, refusedSteps, judgedOtherwise] = [0, 0, false];
    let calledBest: number | undefined;
    for (const event of readEvents(folder.path, 'step', 'note', 'baselines', 'evaluation', 'neighbours')) {
      if (event.type === 'step' || event.type === 'note') {
        ({ skippedImages = skippedImages, refusedSteps = refusedSteps } = event);
        if (event.type === 'note' && event.isCourse) this.#toldOfCourse = event.step;
        if (event.type === 'note' && event.message.startsWith(noEvaluation)) this.#judgedAt = this.#lookedAt = event.step;
        continue;
      }
      if (event.type === 'neighbours') {
        this.#lookedAt = event.step;
        continue;
      }
      if (event.type === 'evaluation') {
        this.#judgedAt = event.step;
        if (event.best) calledBest = event.step;
      } else if (calledBest !== undefined) {
        // Baselines are measured once in a judgement.
        this.#formerBests.push(calledBest);
        calledBest = undefined;
      }
      // Of the last judgement: what compares with it came after what does not, and that was said then.
      judgedOtherwise = plan !== undefined && !compares(event.type === 'baselines' ? event.untrained : event, plan);
      if (judgedOtherwise) {
        // Nor does anything before it that would: it was said that the judgement began anew, and what judges may have changed back since.
        this.#evaluations.length = 0;
        this.#untrained = this.#origin = this.#best = this.#highest = undefined;
        continue;
      }
      if (event.type === 'baselines') {
        [this.#untrained, this.#origin] = [event.untrained, event.origin];
        continue;
      }
      this.#evaluations.push(event);
      if (isHigher(event, this.#highest)) this.#highest = event;
      // As it was said then, and its checkpoint kept: earlier versions chose otherwise.
      if (event.best) this.#best = event.step;
    }
    this.judgedOtherwise = judgedOtherwise;
    if (judgedOtherwise && calledBest !== undefined) this.#formerBests.push(calledBest);
    this.before = { skippedImages, refusedSteps };
  }

  /** Whether it is the best checkpoint from now on, see {@link isAsGood}. */
  #consider(evaluation: OnlineEvaluation): boolean {
    if (isHigher(evaluation, this.#highest)) this.#highest = evaluation;
    const isBest = this.#highest !== undefined && isAsGood(evaluation, this.#highest);
    if (isBest) this.#best = evaluation.step;
    return isBest;
  }

  /** Whether the log has a note on the course of the run at this step. */
  hasToldOfCourse(step: number): boolean {
    return this.#toldOfCourse === step;
  }

  log<E extends TrainEvent>(event: E): E {
    this.#folder.log(event);
    if (event.type !== 'step' && event.type !== 'neighbours') this.#folder.say(sentence(event));
    return event;
  }

  /** Judges the untrained network, raw pixels and the weights that it began with, once in a run. */
  async *judgeBaselines(judge: Evaluator, config: TrainConfig): AsyncGenerator<TrainEvent> {
    if (this.#untrained) return;
    const { atOnce } = judge;
    const untrained = await unlessUnreadable(judge.evaluate(initialState(config).tensors, 0));
    yield* this.#fewerAtOnce(judge, atOnce);
    // The evaluations to come say why there is none.
    if (untrained instanceof AppError) return;
    const begun = beginning(this.#folder, this.#state);
    if (begun instanceof AppError) {
      const message = `The weights that it began with are not judged: ${begun.message}`;
      yield this.log({ type: 'note', step: this.#state.step, message, hint: 'Whether it has become better than they were is not known.' });
    }
    const origin = begun && !(begun instanceof AppError) ? await unlessUnreadable(judge.evaluate(begun, 0)) : undefined;
    if (origin instanceof AppError) return;
    [this.#untrained, this.#origin] = [untrained, origin];
    yield this.log({ type: 'baselines', untrained, pixels: spaceScores(await judge.pixels(false)), ...(origin && { origin }) });
  }

  /**
   * An evaluation, its notes, and a checkpoint when that is the best; a note alone where too few of its images can be read. What the log has of
   * this step is not made again: a stop gives an evaluation up, and whoever goes on makes what is missing.
   */
  async *judge(judge: Evaluator): AsyncGenerator<TrainEvent> {
    const { step } = this.#state;
    const best = this.#judgedAt !== step && (yield* this.#evaluate(judge));
    if (this.#lookedAt !== step) {
      const rows = await judge.neighbours(this.#state.tensors);
      if (rows.length > 0) yield this.log({ type: 'neighbours', step, rows });
      this.#lookedAt = step;
    }
    if (best) yield this.checkpoint();
  }

  /** Returns whether it is the best. */
  async *#evaluate(judge: Evaluator): AsyncGenerator<TrainEvent, boolean> {
    const { atOnce } = judge;
    const evaluation = await unlessUnreadable(judge.evaluate(this.#state.tensors, this.#state.step));
    yield* this.#fewerAtOnce(judge, atOnce);
    if (evaluation instanceof AppError) {
      yield this.log({ type: 'note', step: this.#state.step, message: `${noEvaluation}${evaluation.message}`, hint: evaluation.hint });
      this.#judgedAt = this.#lookedAt = this.#state.step;
      return false;
    }
    const best = this.#consider(evaluation);
    const { config, steps } = this.#folder.record;
    const { healthy, fresh } = healthOf(evaluation, this.#evaluations, this.#untrained, judgedRun(config, steps), this.#origin);
    yield this.log({ type: 'evaluation', best, healthy, ...evaluation });
    for (const note of fresh) yield this.log({ type: 'note', step: this.#state.step, ...note });
    this.#evaluations.push(evaluation);
    this.#judgedAt = this.#state.step;
    return best;
  }

  /** A note where the device had no memory for as many images as there were `before`. */
  *#fewerAtOnce({ atOnce }: Evaluator, before: number | undefined): Generator<TrainEvent> {
    if (atOnce === undefined || before === undefined || atOnce >= before) return;
    yield this.log({
      type: 'note',
      step: this.#state.step,
      message: `Memory is too small to evaluate ${before} images at once; evaluations go on with ${atOnce}.`,
      hint: 'Their scores do not depend on it. Something else may have taken memory meanwhile.',
    });
  }

  isDue(config: TrainConfig): boolean {
    if (config.checkpointSteps > 0 && this.#state.step % config.checkpointSteps === 0) return true;
    return config.checkpointMinutes > 0 && performance.now() - this.#savedAt > config.checkpointMinutes * 60_000;
  }

  checkpoint(): TrainEvent {
    const { step } = this.#state;
    const file = this.#folder.checkpointPath(step);
    // A log that is behind its checkpoint would lack those steps, and an evaluation among them, for good.
    this.#folder.syncLog();
    if (this.#savedStep !== step) saveCheckpoint(file, this.#state, this.#folder.record);
    [this.#savedAt, this.#savedStep] = [performance.now(), step];
    const { path, record } = this.#folder;
    const { embedded = [], held = [] } = readAppFile(path);
    // Step 0 are the weights that it began with: what it has made of them is asked as long as it is there.
    const best = this.#best === undefined ? [] : [this.#best];
    const spared = [...best, ...this.#formerBests, ...embedded, ...held, ...(record.from ? [0] : [])];
    pruneCheckpoints(path, record.config.keepCheckpoints, spared);
    return this.log({ type: 'checkpoint', step, file, best: this.#best === undefined || this.#best === step });
  }
}

/** The weights that a run began with if they are another's: its state at step 0, which is kept as a checkpoint; or why they are not there. */
function beginning(folder: RunFolder, state: TrainState): TrainState['tensors'] | AppError | undefined {
  if (folder.record.from === undefined) return undefined;
  if (state.step === 0) return state.tensors;
  try {
    return loadCheckpoint(folder.checkpointPath(0)).state.tensors;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** Pictures that cannot be read any more ask no longer; so many more or fewer are another plan. */
const sameShare = 0.9;

/** Whether the figures of an evaluation stand beside those that are made by a plan. */
function compares({ whitened, queries, asked, lookedUpIn }: OnlineEvaluation, plan: Plan): boolean {
  if ((whitened.knn !== undefined) !== (plan.kind === 'labels')) return false;
  if (asked !== undefined && asked !== plan.asked) return false;
  if (lookedUpIn !== undefined && plan.kind === 'labels' && lookedUpIn !== plan.lookedUpIn) return false;
  // Versions before it was written down split a folder without a test part otherwise.
  if (asked === undefined && plan.kind === 'labels' && plan.split === 'hash') return false;
  const asking = plan.kind === 'labels' ? plan.queries.length : plan.images.length;
  return queries === undefined || Math.min(queries, asking) >= sameShare * Math.max(queries, asking);
}

/** The result, or the error that says that too few images can be read: a run trains on without being judged. */
async function unlessUnreadable<T>(work: Promise<T>): Promise<T | AppError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError && error.code === 'no-images') return error;
    throw error;
  }
}

function sentence(event: Exclude<TrainEvent, { type: 'step' | 'neighbours' }>): string {
  switch (event.type) {
    case 'started':
      return `Step ${event.step} of ${event.steps} on ${event.device}${event.precision === undefined || event.precision === 'float32' ? '' : ` in ${event.precision}`}, ${event.threads} threads, ${event.images} images.${[event.deviceReason, event.microBatchReason].map((reason) => (reason === undefined ? '' : ` ${reason}`)).join('')}`;
    case 'evaluation':
      return `Step ${event.step}: score ${decidingScore(event).toFixed(4)}${event.best ? ', kept as the best' : ''}, RankMe ${event.rankMe.toFixed(1)}.`;
    case 'checkpoint':
      return `Step ${event.step}: checkpoint ${event.file}.`;
    case 'note':
      return `Step ${event.step}: ${event.message} ${event.hint}`;
    case 'baselines':
      return `Untrained network ${decidingScore(event.untrained).toFixed(4)}, raw pixels ${decidingScore(event.pixels).toFixed(4)}${event.origin ? `, the weights it began with ${decidingScore(event.origin).toFixed(4)}` : ''}.`;
    case 'paused':
    case 'resumed':
      return `Step ${event.step}: ${event.type}.`;
    case 'finished':
      return `Step ${event.step}: ${event.reason}.`;
  }
}

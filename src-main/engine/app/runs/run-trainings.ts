// Runs that are being trained or wait for it: one state machine each, driven by the trainer's events, the person and what goes wrong.
import { join } from 'node:path';
import type { RunEvent } from '../../../../shared/contract/contract-runs.ts';
import { AppError, toWire } from '../../../../shared/errors.ts';
import { runShare } from '../../../../shared/run-progress.ts';
import { canMove, moveRun } from '../../../../shared/run-state.ts';
import type { RunState } from '../../../../shared/run-state.ts';
import { resultText } from '../../../../shared/run-verdict.ts';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { isCardHeldElsewhere } from '../../../files/card-lock.ts';
import { findFolder } from '../../../library/folders.ts';
import { TrainerKilled } from '../../../trainer/trainer.ts';
import { judgedSince } from '../../../training/judging/health.ts';
import { workOf } from '../../../training/plan/step-operations.ts';
import type { ActiveRun } from '../../../training/run-folder/app-file.ts';
import { changeAppFile, readAppFile } from '../../../training/run-folder/app-file.ts';
import { readRecord } from '../../../training/run-folder/run-folder.ts';
import { isBrokenCard, isCardFault } from '../../devices/candidates.ts';
import { isAskedByName } from '../../devices/expected-device.ts';
import { feedOf } from '../../runs/feed.ts';
import { Kills } from '../../runs/kills.ts';
import { CardFull, settleRun, trainRun } from '../../runs/runs.ts';
import { untilFree, waitsForFormer } from '../../runs/until-free.ts';
import { lowerPriority, threadsOf } from '../../threads.ts';
import type { EngineContext } from '../context.ts';
import { imagesToDecode, scanFor, untilRead } from '../folders/prepare-images.ts';
import type { JobHandle } from '../jobs.ts';
import { activeRun } from './active-run.ts';
import type { Training } from './active-run.ts';
import { RunClock } from './run-clock.ts';
import { RunFeed } from './run-feed.ts';
import type { RunStore } from './run-store.ts';

/** Threads of a run that leaves the computer usable. */
export const usableThreads = (): number => Math.max(1, threadsOf(0) - 1);

/** How far a run is, in its several measures. */
interface Course {
  readonly clock: RunClock;
  readonly steps: number;
  /** Of the work that is done before a step, 0 to 1. */
  readonly share: (step: number) => number;
}

/** Engines that may die over a run before it is left alone. */
const mostDeaths = 1;

export class Trainings {
  readonly #context: EngineContext;
  readonly #store: RunStore;
  readonly #changed: () => void;
  readonly #active = new Map<string, Training>();
  readonly #feeds = new Map<string, RunFeed>();
  /** Runs that were under way when the engine before this one ended, and how often that has happened. */
  readonly #interrupted = new Map<string, ActiveRun>();

  /** `changed` is called when the list of runs is another one. */
  constructor(context: EngineContext, store: RunStore, changed: () => void) {
    this.#context = context;
    this.#store = store;
    this.#changed = changed;
    for (const name of store.names()) {
      const { active } = readAppFile(join(context.studio.home.runs, name));
      if (!active) continue;
      this.#interrupted.set(name, active);
      // An engine that does not go on with it now leaves it stopped for good.
      this.#note(name, { active: undefined });
    }
  }

  /** State and step of a run that is being trained or waits for it. */
  active(name: string): { readonly state: RunState; readonly step: number } | undefined {
    return this.#active.get(name);
  }

  /** Whether a run has the trainer. */
  get busy(): boolean {
    return [...this.#active.values()].some(({ state }) => state !== 'waiting');
  }

  /** Whether a run that has the trainer trains on a graphics card, or may be about to, or another program of this user works on it. */
  get hasCard(): boolean {
    const isOnCard = ({ state, chosen }: Training): boolean =>
      state !== 'waiting' && chosen?.device !== 'cpu' && chosen?.onProcessor !== true;
    return isCardHeldElsewhere('works') || [...this.#active.values()].some(isOnCard);
  }

  watch(name: string, listener: (event: RunEvent) => void): () => void {
    return this.#feed(name).watch(listener);
  }

  /**
   * Goes on with the runs that were under way when the engine before this one died; one that it happened to before is left alone. One
   * that cannot be gone on with (its record is damaged, the disk is full) says why and holds up nothing else.
   */
  resumeInterrupted(): void {
    for (const [name, active] of this.#interrupted) {
      try {
        if (active.deaths < mostDeaths) this.start(name, active.usable, { ...active, deaths: active.deaths + 1 });
        else
          this.#note(name, {
            problem: 'The engine ended twice while this run was trained. Resume it, or look at its train.log for what it did last.',
          });
      } catch (error) {
        const { message, hint } = toWire(error);
        this.#note(name, { active: undefined, problem: `${message} ${hint}` });
      }
    }
    this.#interrupted.clear();
  }

  /** Queues a run for training, from where it stands, or as an engine that died has left it. Returns the job. Throws `bad-input` when it is under way. */
  start(name: string, usable: boolean, { deaths, paused = false, device }: Omit<ActiveRun, 'usable'> = { deaths: 0 }): number {
    const path = this.#store.path(name);
    if (this.#active.has(name)) throw new AppError('bad-input', `The run ${name} is under way.`, 'Look at the state of the run again.');
    const { folder } = readRecord(path);
    changeAppFile(path, { usable, active: activeRun({ usable, deaths, paused, device }), problem: undefined });
    const { id } = findFolder(this.#context.studio.library, folder) ?? {};
    const { jobs } = this.#context;
    const info = { subject: name, run: name, ...(id !== undefined && { folder: id }), queue: 'trainer' } as const;
    const job = jobs.start('train', info, async (handle) => this.#perform(training, handle));
    const training: Training = { name, usable, job, deaths, state: 'waiting', step: 0, paused, device, stop: new AbortController() };
    this.#active.set(name, training);
    this.#announce(training);
    // One that is cancelled in the queue never begins.
    const never = (): void => void (this.#active.get(name) === training && this.#end(training, 'stopped'));
    jobs.wait(job).then(never, never);
    return job;
  }

  /** Throws `bad-input` for a move that there is not. */
  control(name: string, action: 'pause' | 'continue' | 'stop' | 'discard'): void {
    const training = this.#active.get(name);
    if (!training) throw new AppError('bad-input', `The run ${name} is not being trained.`, 'Resume it first.');
    const { trainer } = this.#context.studio;
    switch (action) {
      case 'pause':
        moveRun(training.state, 'paused');
        this.#hold(training, true);
        trainer.control('pause');
        return;
      case 'continue':
        // A pause that has not begun yet is taken back.
        if (!training.paused && training.state !== 'paused') moveRun(training.state, 'training');
        this.#hold(training, false);
        trainer.control('resume');
        return;
      case 'stop':
        this.#stop(training);
        return;
      case 'discard':
        this.#stop(training);
        // It has the trainer alone: nothing else ends with it. In the queue it has no process yet.
        if (this.#active.get(name) === training && training.state === 'finishing') trainer.kill();
    }
  }

  #hold(training: Training, paused: boolean): void {
    training.paused = paused;
    this.#note(training.name, { active: activeRun(training) });
  }

  #stop(training: Training): void {
    if (training.stop.signal.aborted || this.#active.get(training.name) !== training) return;
    if (training.state === 'waiting') {
      this.#context.jobs.cancel(training.job);
      return;
    }
    training.stop.abort();
    if (training.state !== 'finishing') this.#move(training, 'finishing');
    this.#context.studio.trainer.control('stop');
  }

  async #perform(training: Training, job: JobHandle): Promise<string> {
    job.signal.addEventListener('abort', () => this.#stop(training));
    try {
      const kills = new Kills(this.#store.path(training.name));
      for (let crashes = 0; ; crashes++) {
        try {
          const reason = await this.#train(training, job);
          const sentence = `${reason === 'done' ? 'Finished' : 'Stopped'} at step ${training.step}.`;
          const result = reason === 'done' ? await this.#resultOf(training.name) : undefined;
          this.#end(training, reason);
          return result === undefined ? sentence : `${sentence} ${result}`;
        } catch (error) {
          // With each of them micro-batches are smaller, down to the smallest.
          const isFull = error instanceof CardFull;
          // A card that failed is chosen once more where it passes its test, and then no more unless the run got on meanwhile: this comes to an
          // end. What is too large for it goes on on the processor. One that was asked for by name is for the person to decide about.
          const onCard = training.chosen?.isAsked === false && isCardFault(error, training.chosen);
          if (onCard && !isFull && !isBrokenCard(error, training.chosen!)) training.tooLarge = error.message;
          const isKilled = error instanceof TrainerKilled;
          const crashed =
            error instanceof AppError &&
            error.code === 'trainer-crashed' &&
            (isKilled ? kills.mayGoOn((event) => this.#feed(training.name).post({ type: 'event', event })) : crashes === 0);
          const again = (crashed || onCard || isFull) && !training.stop.signal.aborted;
          if (!again) throw error;
          job.say(`${error.message} It goes on from the last checkpoint.`);
          for (const state of ['stopped', 'waiting'] as const) this.#move(training, state);
        }
      }
    } catch (error) {
      const { code, message, hint } = toWire(error);
      if (code === 'cancelled') this.#end(training, 'stopped');
      else this.#end(training, 'failed', `${message} ${hint}`);
      throw error;
    } finally {
      // Its threads keep their low priority for good, and its libraries what they have taken of a card's memory.
      const onCard = training.chosen !== undefined && training.chosen.device !== 'cpu';
      if (training.usable || onCard) await this.#context.studio.trainer.dispose();
    }
  }

  /** What came of it beside its baselines; undefined where nothing was judged. */
  async #resultOf(name: string): Promise<string | undefined> {
    const { events } = await this.#store.logs.get(this.#store.path(name));
    const evaluations = events.filter((event) => event.type === 'evaluation');
    return resultText({
      evaluations,
      best: evaluations.findLast(({ best }) => best)?.step,
      baselines: events.findLast((event) => event.type === 'baselines'),
      judgedSince: judgedSince(events),
    });
  }

  /** Prepares what the run needs and trains it, from where it stands; how it ended. */
  async #train(training: Training, job: JobHandle): Promise<'done' | 'stopped'> {
    const { studio } = this.#context;
    const path = this.#store.path(training.name);
    this.#move(training, 'preparing');
    const stoppable = { ...job, signal: training.stop.signal };
    await untilRead(this.#context, readRecord(path).folder, stoppable);
    // A folder that was relinked meanwhile lies elsewhere by now.
    const { config, folder } = readRecord(path);
    job.say('Prepares the images.');
    if ((await imagesToDecode(studio, folder, config)) > 0) await scanFor(studio, folder, config, stoppable);
    for (let turn = 0; ; turn++) {
      await untilFree(path, training.stop.signal, () => job.say(waitsForFormer));
      try {
        return await this.#trainOnce(training, job, path);
      } catch (error) {
        // The trainer of the engine before had its job before it was ready, and has opened the run since; it will find its engine gone.
        if (!(error instanceof AppError) || error.code !== 'locked' || turn > 0) throw error;
      }
    }
  }

  /** From the settled record to the end of the run. Throws `locked` while another process has it open. */
  async #trainOnce(training: Training, job: JobHandle, path: string): Promise<'done' | 'stopped'> {
    const { studio } = this.#context;
    if (training.stop.signal.aborted) return 'stopped';
    await settleRun(studio, path);
    const { steps, config, folder } = readRecord(path);
    const feed = feedOf(await studio.readImages(folder), config);
    const clock = new RunClock((await this.#store.logs.get(path)).seconds, workOf(config, steps));
    let reason: 'done' | 'stopped' = 'stopped';
    const wanted = training.device ?? config.device;
    const chosen =
      training.tooLarge === undefined
        ? await studio.devices.choose(wanted, config, { signal: training.stop.signal, onStage: (stage) => job.say(stage), feed })
        : await studio.devices.insteadOfCard(training.tooLarge, config, feed);
    training.chosen = { ...chosen, isAsked: isAskedByName(wanted) };
    // Asked for before the trainer has the run, a stop does not reach it; from here to its start nothing else happens.
    if (training.stop.signal.aborted) return reason;
    job.say('');
    job.progress({ done: 0, total: steps, unit: 'steps', rate: 0, share: 0 });
    const trained = trainRun(studio, path, chosen, (event) => {
      if (event.type === 'finished') ({ reason } = event);
      this.#receive(training, job, { clock, steps, share: (step) => runShare(config, steps, step) }, event);
    });
    if (training.usable && studio.trainer.pid !== undefined) lowerPriority(studio.trainer.pid);
    if (training.paused) studio.trainer.control('pause');
    await trained;
    return reason;
  }

  #receive(training: Training, job: JobHandle, { clock, steps, share }: Course, event: TrainEvent): void {
    const feed = this.#feed(training.name);
    switch (event.type) {
      case 'started':
        training.step = event.step;
        job.progress({ done: event.step, share: share(event.step) });
        break;
      case 'paused':
        clock.pause();
        // A run that rested when its trainer died rests again before its first step.
        if (training.state === 'preparing') this.#move(training, 'training');
        if (canMove(training.state, 'paused')) this.#move(training, 'paused');
        break;
      case 'note':
        if (event.asleepSeconds !== undefined) clock.slept(event.asleepSeconds);
        break;
      case 'resumed':
        clock.goOn();
        if (training.state === 'paused') this.#move(training, 'training');
        break;
      case 'step': {
        const { type: _type, ...metrics } = event;
        training.step = event.step;
        if (training.state === 'preparing') this.#move(training, 'training');
        if (event.step === steps && training.state === 'training') this.#move(training, 'finishing');
        const secondsLeft = clock.step(event.step, steps);
        const { seconds } = clock;
        feed.post({ type: 'step', metrics, elapsedSeconds: seconds, secondsLeft, memoryBytes: event.memoryBytes ?? 0 });
        const left = secondsLeft === undefined ? {} : { secondsLeft, rate: (steps - event.step) / Math.max(1e-9, secondsLeft) };
        job.progress({ done: event.step, share: share(event.step), ...left });
        this.#changed();
        return;
      }
      default:
    }
    feed.post({ type: 'event', event });
    this.#changed();
  }

  #feed(name: string): RunFeed {
    const feed = this.#feeds.get(name) ?? new RunFeed();
    this.#feeds.set(name, feed);
    return feed;
  }

  #move(training: Training, to: RunState): void {
    training.state = moveRun(training.state, to);
    this.#announce(training);
  }

  #announce({ name, state }: Training, problem?: string): void {
    this.#feed(name).post({ type: 'state', state, ...(problem !== undefined && { problem }) });
    this.#changed();
  }

  /** The run rests from now on. */
  #end(training: Training, state: 'done' | 'stopped' | 'failed', problem?: string): void {
    this.#active.delete(training.name);
    this.#note(training.name, { active: undefined, problem });
    if (!canMove(training.state, state)) training.state = moveRun(training.state, 'finishing');
    training.state = moveRun(training.state, state);
    this.#announce(training, problem);
  }

  /** Writes about a run that may have been deleted, on a disk that may be full: what cannot be noted costs the note only. */
  #note(name: string, change: Parameters<typeof changeAppFile>[1]): void {
    try {
      changeAppFile(join(this.#context.studio.home.runs, name), change);
    } catch {
      // The list of runs says by itself what is wrong with the files.
    }
  }
}

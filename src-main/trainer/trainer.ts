// The engine's handle on the trainer process: starts it when there is work, tells a crash from an exit, and ends it with the engine.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, fromWire } from '../../shared/errors.ts';
import { freeCardOf, holdCard } from '../files/card-lock.ts';
import { noteLeft, removeLockOf } from '../files/folder-lock.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { cardUseOf } from './protocol.ts';
import type { FromTrainer, Job, JobTypes, ToTrainer } from './protocol.ts';

type Event<K extends Job['kind']> = JobTypes[K]['event'];
type Result<K extends Job['kind']> = JobTypes[K]['result'];

interface Pending {
  readonly child: ChildProcess;
  /** Folder of the run that it trains. */
  readonly run: string | undefined;
  readonly onEvent: (event: FromTrainer & { type: 'event' }) => void;
  readonly onDone: (result: unknown) => void;
  readonly onFailed: (error: AppError) => void;
}

/** The compiled program has `.js` files where the sources have `.ts`. */
const entry = fileURLToPath(new URL(`./trainer-process${extname(import.meta.url)}`, import.meta.url));

/** A process without work is ended after this time: the runtime keeps hundreds of megabytes of what it computed last. */
const defaultIdleMs = 120_000;
/** After a kill a process is gone at once, unless a driver holds it in the kernel, maybe for ever: nobody waits for it longer than this. */
const killedMs = 5_000;

const forked = (): ChildProcess =>
  fork(entry, [String(process.pid)], {
    serialization: 'advanced',
    execArgv: [...nodeArguments, '--expose-gc'],
    // Standard output is the engine's: with --json a stray line of a native library would break it.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Windows would end it together with the engine, before it has kept anything.
    detached: process.platform === 'win32',
  });

/**
 * The process died of a signal that nothing can refuse and nobody here has sent: the system has most likely run out of memory. A driver
 * that crashes ends it in other ways.
 */
export class TrainerKilled extends AppError {}

export interface TrainerOptions {
  readonly idleMs?: number;
  /** Starts the process; tests give their own. */
  readonly start?: () => ChildProcess;
}

export class Trainer {
  #child: ChildProcess | undefined;
  #lastError = '';
  #ids = 0;
  /** Processes that were asked to end: their jobs are cancelled, not crashed. */
  readonly #dismissed = new WeakSet<ChildProcess>();
  readonly #pending = new Map<number, Pending>();
  /** The job that was asked to stop last. */
  #stopped: number | undefined;
  readonly #idleMs: number;
  readonly #fork: () => ChildProcess;
  #idle: NodeJS.Timeout | undefined;

  constructor({ idleMs = defaultIdleMs, start = forked }: TrainerOptions = {}) {
    this.#idleMs = idleMs;
    this.#fork = start;
  }

  #settled(): void {
    clearTimeout(this.#idle);
    if (this.#pending.size === 0) this.#idle = setTimeout(() => void this.dispose(), this.#idleMs).unref();
  }

  #start(): ChildProcess {
    const child = this.#fork();
    this.#lastError = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#lastError = (this.#lastError + text).slice(-4000)));
    child.on('message', (message: FromTrainer) => this.#receive(message));
    child.on('exit', (code, signal) => this.#exited(child, signal ? `was ended by ${signal}` : `ended with code ${code}`, signal));
    // It could not be started, or a message did not reach it; in the latter case it also exits.
    child.on('error', (error) => {
      if (child.pid === undefined) this.#exited(child, `could not be started (${error.message})`, null);
    });
    return child;
  }

  #receive(message: FromTrainer): void {
    if (message.type === 'ready') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'event') pending.onEvent(message);
    else {
      this.#pending.delete(message.id);
      this.#settled();
      if (message.type === 'done') pending.onDone(message.result);
      else pending.onFailed(fromWire(message.error));
    }
  }

  /** Rejects what this process was asked for; a process that has been started since keeps its jobs. */
  #exited(child: ChildProcess, how: string, signal: NodeJS.Signals | null): void {
    if (this.#child === child) this.#child = undefined;
    const memory = signal === 'SIGKILL' ? ' The system may have run out of memory: choose a smaller micro-batch.' : '';
    const lines = this.#lastError.trim().split('\n');
    // Node ends its report of an exception with its own version; the reason stands above.
    const detail = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
    // Ctrl-C reaches the whole group of processes, also one that only starts and does not ignore it yet.
    const Crash = signal === 'SIGKILL' ? TrainerKilled : AppError;
    const error =
      this.#dismissed.has(child) || signal === 'SIGINT'
        ? new AppError('cancelled', 'The training process was shut down.', 'Start again: it goes on from the last checkpoint.')
        : new Crash(
            'trainer-crashed',
            `The training process ${how}.${detail ? ` It said: ${detail}` : ''}`,
            `Start again: it goes on from the last checkpoint.${memory}`,
          );
    for (const [id, pending] of this.#pending) {
      if (pending.child !== child) continue;
      this.#pending.delete(id);
      pending.onFailed(error);
    }
  }

  /** The process, a new one when there is none or it is on its way out. */
  #process(): ChildProcess {
    if (!this.#child?.connected) this.#child = this.#start();
    return this.#child;
  }

  /** Process number of the trainer while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Queues a job. Events arrive in order before the promise settles; it rejects with the job's own error, or with
   * `trainer-crashed` when the process died.
   */
  async run<K extends Job['kind']>(job: Job & { kind: K }, onEvent: (event: Event<K>) => void = () => {}): Promise<Result<K>> {
    const id = ++this.#ids;
    clearTimeout(this.#idle);
    const use = cardUseOf(job);
    const letGo = use === undefined ? (): void => {} : holdCard(use);
    const ended = new Promise<Result<K>>((resolve, reject) => {
      const child = this.#process();
      this.#pending.set(id, {
        child,
        run: job.kind === 'train' ? (job as Job & { kind: 'train' }).run : undefined,
        onEvent: (message) => onEvent(message.event as Event<K>),
        onDone: (result) => resolve(result as Result<K>),
        onFailed: reject,
      });
      child.send({ type: 'job', id, job } satisfies ToTrainer);
    });
    return ended.finally(letGo);
  }

  /** Asks the running job to pause, go on, or stop after its current step. */
  control(action: 'pause' | 'resume' | 'stop'): void {
    if (action === 'stop') [this.#stopped] = this.#pending.keys();
    if (this.#child?.connected) this.#child.send({ type: 'control', action } satisfies ToTrainer);
  }

  /** Whether the running job was asked to stop and has not come to it yet. */
  get isStopping(): boolean {
    return this.#stopped !== undefined && this.#pending.has(this.#stopped);
  }

  /** Ends the process at once, and its jobs with it within seconds; the run loses the steps since its last checkpoint. */
  kill(): void {
    if (!this.#child) return;
    this.#dismissed.add(this.#child);
    this.#killNow(this.#child);
  }

  /** One that does not end is given up: the next job has another process, and the engine does not wait for it when it ends itself. */
  #killNow(child: ChildProcess, onGivenUp: () => void = () => {}): void {
    const isSent = child.kill('SIGKILL');
    const timer = setTimeout(() => {
      if (isSent) this.#freeRuns(child);
      this.#exited(child, 'does not end', null);
      if (child.connected) child.disconnect();
      child.stderr?.destroy();
      child.unref();
      onGivenUp();
    }, killedMs);
    child.once('exit', () => clearTimeout(timer));
  }

  /** Its signal keeps it from doing anything more should it ever leave the kernel: the run that it has open can go on in another process. */
  #freeRuns(child: ChildProcess): void {
    if (child.pid !== undefined) freeCardOf(child.pid);
    for (const { child: own, run } of this.#pending.values()) {
      if (own !== child || run === undefined || child.pid === undefined) continue;
      try {
        removeLockOf(child.pid, run);
      } catch {
        // It stays, and whoever opens the run is told who has it.
      }
    }
  }

  /** It ends by itself once it has kept what it has learned; without an engine nobody hears of it any more. */
  #leave(child: ChildProcess): void {
    this.#exited(child, 'was left', null);
    child.stderr?.destroy();
    child.unref();
  }

  /**
   * Ends the process: it may give its work up and write a checkpoint for up to `graceMs`, while which this waits. Then it is killed, unless it
   * trains: so that nothing of that is lost, it goes on until it has its checkpoint, and ends by itself (`orphan-guard.ts`).
   */
  async dispose(graceMs = 10_000): Promise<void> {
    clearTimeout(this.#idle);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.#dismissed.add(child);
    if (this.#pending.size > 0) this.control('stop');
    // Whoever opens the run meanwhile waits for it.
    const runs = [...this.#pending.values()].flatMap((one) => (one.child === child && one.run !== undefined ? [one.run] : []));
    for (const run of runs) if (child.pid !== undefined) noteLeft(child.pid, run);
    if (child.connected) child.disconnect();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        const trains = [...this.#pending.values()].some((one) => one.child === child && one.run !== undefined);
        if (!trains) return this.#killNow(child, resolve);
        this.#leave(child);
        // Whoever awaits its jobs hears of their end first.
        setImmediate(resolve);
      }, graceMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

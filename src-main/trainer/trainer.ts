// The engine's handle on the trainer process: starts it when there is work, tells a crash from an exit, and ends it with the engine.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, fromWire } from '../../shared/errors.ts';
import type { FromTrainer, Job, JobTypes, ToTrainer } from './protocol.ts';

type Event<K extends Job['kind']> = JobTypes[K]['event'];
type Result<K extends Job['kind']> = JobTypes[K]['result'];

interface Pending {
  readonly onEvent: (event: FromTrainer & { type: 'event' }) => void;
  readonly onDone: (result: unknown) => void;
  readonly onFailed: (error: AppError) => void;
}

/** The compiled program has `.js` files where the sources have `.ts`. */
const entry = fileURLToPath(new URL(`./trainer-process${extname(import.meta.url)}`, import.meta.url));

export class Trainer {
  #child: ChildProcess | undefined;
  #lastError = '';
  #ids = 0;
  readonly #pending = new Map<number, Pending>();

  #start(): ChildProcess {
    const child = fork(entry, [], {
      serialization: 'advanced',
      execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#lastError = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#lastError = (this.#lastError + text).slice(-4000)));
    child.on('message', (message: FromTrainer) => this.#receive(message));
    child.on('exit', (code, signal) => this.#exited(child, code, signal));
    return child;
  }

  #receive(message: FromTrainer): void {
    if (message.type === 'ready') return;
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    if (message.type === 'event') pending.onEvent(message);
    else {
      this.#pending.delete(message.id);
      if (message.type === 'done') pending.onDone(message.result);
      else pending.onFailed(fromWire(message.error));
    }
  }

  #exited(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#child === child) this.#child = undefined;
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    const memory = signal === 'SIGKILL' ? ' The system may have run out of memory: choose a smaller micro-batch.' : '';
    const detail = this.#lastError.trim().split('\n').at(-1);
    const error = new AppError(
      'trainer-crashed',
      `The training process ${how}.${detail ? ` It said: ${detail}` : ''}`,
      `Start again: it goes on from the last checkpoint.${memory}`,
    );
    for (const { onFailed } of this.#pending.values()) onFailed(error);
    this.#pending.clear();
  }

  #send(message: ToTrainer): void {
    this.#child ??= this.#start();
    this.#child.send(message);
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
    return new Promise<Result<K>>((resolve, reject) => {
      this.#pending.set(id, {
        onEvent: (message) => onEvent(message.event as Event<K>),
        onDone: (result) => resolve(result as Result<K>),
        onFailed: reject,
      });
      this.#send({ type: 'job', id, job });
    });
  }

  /** Asks the running job to pause, go on, or stop after its current step. */
  control(action: 'pause' | 'resume' | 'stop'): void {
    if (this.#child) this.#send({ type: 'control', action });
  }

  /** Ends the process: it may finish its step and write a checkpoint for up to `graceMs`, then it is killed. */
  async dispose(graceMs = 10_000): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    if (this.#pending.size > 0) this.control('stop');
    child.disconnect();
    await gone;
    clearTimeout(timer);
  }
}

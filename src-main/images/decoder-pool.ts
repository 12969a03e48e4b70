// Decoders in processes of their own: a file that crashes or stalls one costs that file and a new process, never the engine.
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../shared/errors.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import type { DecoderAnswer, DecoderJob, DecoderResult } from './decoder-process.ts';
import { defaultLimits, ranOutExit } from './decoder.ts';
import type { DecodeFailure, DecodeLimits, Decoder, DecodeRequest, DecodeResult } from './decoder.ts';
import { PixelFile } from './pixel-file.ts';

/** The compiled program has `.js` files where the sources have `.ts`. */
const entry = fileURLToPath(new URL(`./decoder-process${extname(import.meta.url)}`, import.meta.url));

/** Files a process may be given ahead, so that it does not wait for the next one. */
const ahead = 4;
/** Processes in a row that may end before they are ready; then every waiting file is refused with `decoder-crashed`. */
const mostFailedStarts = 3;
/** Files after which a process is replaced: decoders of rare formats leak. */
const filesPerProcess = 20_000;

export interface PoolOptions {
  /** By default one per core. */
  readonly processes?: number;
  readonly limits?: DecodeLimits;
}

interface Task {
  readonly request: DecodeRequest;
  readonly resolve: (result: DecodeResult) => void;
  readonly reject: (error: AppError) => void;
  /** A process ran out of its own memory over it; the next one that does blames it. */
  isSecondTry?: true;
}

/** One process and the files that it has been given, the first of which it works on. */
interface Slot {
  readonly child: ChildProcess;
  /** Has a place for each file given ahead; undefined when temporary files cannot be made. */
  readonly pixels: PixelFile | undefined;
  readonly given: Map<number, Task>;
  ready: boolean;
  timer: NodeJS.Timeout | undefined;
  /** Whether it has the bytes of the file that it works on: from then on it is the file that takes the time. */
  hasRead: boolean;
  files: number;
  timedOut: boolean;
  over: boolean;
}

function pixelFile(): PixelFile | undefined {
  try {
    return new PixelFile();
  } catch {
    return undefined;
  }
}

/** Takes the pixels out of the file, before the place is given to another. */
function withPixels({ pixels }: Slot, result: DecoderResult): DecodeResult {
  if (!result.ok) return result;
  const { pixels: given, ...image } = result.image;
  return { ok: true, image: { ...image, ...(given instanceof Uint8Array ? { pixels: given } : pixels!.read(given)) } };
}

/** Why the file that a process worked on gave no image, the process having ended. */
function endOf({ timedOut, hasRead }: Slot, { timeoutMs }: DecodeLimits): DecodeFailure {
  const seconds = Math.round(timeoutMs / 1000);
  if (!timedOut) return { reason: 'crashed-the-decoder', message: 'The decoder crashed on this file; it is left alone until it changes.' };
  if (hasRead) return { reason: 'too-slow', message: `Decoding took longer than ${seconds} seconds.` };
  return {
    reason: 'unreadable',
    message: `Reading took longer than ${seconds} seconds; the file is tried again when the folder is read next.`,
  };
}

export class DecoderPool implements Decoder {
  readonly #processes: number;
  readonly #limits: DecodeLimits;
  readonly #waiting: Task[] = [];
  readonly #slots = new Set<Slot>();
  #ids = 0;
  #failedStarts = 0;
  #disposed = false;

  constructor({ processes = availableParallelism(), limits = defaultLimits }: PoolOptions = {}) {
    this.#processes = processes;
    this.#limits = limits;
  }

  /** Process numbers of the decoders that run now. */
  get pids(): readonly number[] {
    return [...this.#slots].map(({ child }) => child.pid!);
  }

  async decode(request: DecodeRequest): Promise<DecodeResult> {
    return new Promise((resolve, reject) => {
      if (this.#disposed) {
        reject(new AppError('cancelled', 'The decoders were shut down.', 'Start again.'));
        return;
      }
      this.#waiting.push({ request, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const slot = this.#freeSlot();
      if (!slot) return;
      this.#give(slot, this.#waiting.shift()!);
    }
  }

  #give(slot: Slot, task: Task): void {
    const id = ++this.#ids;
    slot.given.set(id, task);
    const place = slot.files++ % ahead;
    slot.child.send({ id, request: task.request, limits: this.#limits, place } satisfies DecoderJob);
    if (slot.given.size === 1) this.#watch(slot);
  }

  /** The least busy process, or a new one while there may be more. */
  #freeSlot(): Slot | undefined {
    const open = [...this.#slots].filter((slot) => slot.files < filesPerProcess && !slot.timedOut && slot.child.connected);
    const idle = open.find((slot) => slot.given.size === 0);
    if (idle) return idle;
    if (this.#slots.size < this.#processes) return this.#start();
    return open.filter((slot) => slot.given.size < ahead).toSorted((a, b) => a.given.size - b.given.size)[0];
  }

  #start(): Slot {
    const pixels = pixelFile();
    const child = fork(entry, pixels ? [pixels.path] : [], {
      serialization: 'advanced',
      execArgv: [...nodeArguments],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const slot: Slot = {
      child,
      pixels,
      given: new Map(),
      ready: false,
      timer: undefined,
      hasRead: false,
      files: 0,
      timedOut: false,
      over: false,
    };
    this.#slots.add(slot);
    child.on('message', (answer: DecoderAnswer) => {
      if (answer.type === 'ready') this.#isReady(slot);
      else if (answer.type === 'done') this.#answered(slot, answer);
      else this.#hasRead(slot);
    });
    // Without a process number there will be no `exit`: the operating system refused to start it.
    child.on('error', () => (child.pid === undefined ? this.#exited(slot) : child.kill('SIGKILL')));
    child.on('exit', (code) => this.#exited(slot, code));
    return slot;
  }

  #isReady(slot: Slot): void {
    slot.ready = true;
    slot.pixels?.forgetName();
    this.#failedStarts = 0;
    this.#watch(slot);
  }

  #hasRead(slot: Slot): void {
    // Said too late: the time was lost before.
    if (slot.timedOut) return;
    slot.hasRead = true;
    this.#watch(slot);
  }

  #watch(slot: Slot): void {
    clearTimeout(slot.timer);
    if (slot.given.size === 0 || !slot.ready) return;
    slot.timer = setTimeout(() => {
      slot.timedOut = true;
      slot.child.kill('SIGKILL');
    }, this.#limits.timeoutMs);
  }

  #answered(slot: Slot, { id, result }: { readonly id: number; readonly result: DecoderResult }): void {
    const task = slot.given.get(id);
    const whole = withPixels(slot, result);
    slot.given.delete(id);
    slot.hasRead = false;
    this.#watch(slot);
    if (slot.files >= filesPerProcess && slot.given.size === 0) {
      this.#slots.delete(slot);
      slot.child.disconnect();
    }
    task?.resolve(whole);
    this.#dispatch();
  }

  /**
   * The first file that it had been given is to blame, when it had one more try where a process ran out; the others go to another process.
   * Before `ready` no file is.
   */
  #exited(slot: Slot, code: number | null = null): void {
    if (slot.over) return;
    slot.over = true;
    this.#slots.delete(slot);
    clearTimeout(slot.timer);
    slot.pixels?.dispose();
    const given = [...slot.given.values()];
    slot.given.clear();
    const blamed = slot.ready ? given.shift() : undefined;
    this.#waiting.unshift(...given);
    if (this.#disposed) {
      const error = new AppError('cancelled', 'The decoders were shut down.', 'Start again.');
      for (const task of [...(blamed ? [blamed] : []), ...this.#waiting.splice(0)]) task.reject(error);
      return;
    }
    if (!slot.ready && ++this.#failedStarts >= mostFailedStarts) {
      const error = new AppError(
        'decoder-crashed',
        'The image decoder does not start on this computer.',
        'Install the program again for this system (in a terminal, ijepa-studio doctor says whether sharp can be loaded).',
      );
      for (const task of this.#waiting.splice(0)) task.reject(error);
      return;
    }
    if (blamed && code === ranOutExit && !slot.timedOut && !blamed.isSecondTry) {
      blamed.isSecondTry = true;
      this.#give(this.#start(), blamed);
      this.#dispatch();
      return;
    }
    blamed?.resolve({ ok: false, failure: endOf(slot, this.#limits) });
    this.#dispatch();
  }

  /** Ends all processes; files that were not decoded reject with `cancelled`. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const gone = [...this.#slots].map(
      async ({ child }) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
          child.once('exit', () => {
            clearTimeout(timer);
            resolve();
          });
          if (child.connected) child.disconnect();
        }),
    );
    for (const task of this.#waiting.splice(0)) task.reject(new AppError('cancelled', 'The decoders were shut down.', 'Start again.'));
    await Promise.all(gone);
  }
}

// Threads that do their shares of a step while this one does its own, asked all at once.
import { extname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { AppError, fromWire } from '../../../shared/errors.ts';
import { nodeArguments } from '../../files/node-arguments.ts';
import { answered, asked } from './share-questions.ts';
import type { ShareAnswer, ShareQuestion, StepThreadData } from './share-questions.ts';
import type { ShareCalls, ShareSettings } from './step-share.ts';

type Calls = keyof ShareCalls;

/** Milliseconds after which a thread that does not answer may have been lost: that is said by an event, which no blocked thread hears. */
const glanceMs = 200;

class StepThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #turns = new Int32Array(new SharedArrayBuffer(8));
  #lost: Error | undefined;
  readonly #ready: Promise<void>;

  constructor(settings: ShareSettings) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = new Worker(new URL(`./step-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: { ...settings, port: port2, turns: this.#turns } satisfies StepThreadData,
      transferList: [port2],
      execArgv: [...nodeArguments],
    });
    this.#worker.on('error', (error: Error) => this.#lose(error));
    this.#worker.on('exit', () => this.#lose(new Error('it ended by itself')));
    this.#ready = new Promise((resolve, reject) => {
      this.#worker.once('message', (answer: ShareAnswer) => ('failed' in answer ? reject(fromWire(answer.failed)) : resolve()));
      this.#worker.once('exit', () => reject(this.#lost!));
    });
    this.#ready.catch(() => {});
  }

  #lose(error: Error): void {
    this.#lost ??= new AppError(
      'device-failed',
      `A thread of the training step was lost: ${error.message}.`,
      'Resume the run: it goes on from its last checkpoint. A new run with threads 1 has no such threads.',
      error,
    );
  }

  async ready(): Promise<void> {
    return this.#ready;
  }

  ask(question: ShareQuestion): void {
    this.#port.postMessage(question);
    Atomics.add(this.#turns, asked, 1);
    Atomics.notify(this.#turns, asked);
  }

  /** The answer to the question that was asked last. */
  async answer(): Promise<ShareCalls[Calls]['answer']> {
    const turn = Atomics.load(this.#turns, asked);
    while (Atomics.load(this.#turns, answered) < turn) {
      if (this.#lost) throw this.#lost;
      if (Atomics.wait(this.#turns, answered, turn - 1, glanceMs) === 'timed-out') await setImmediate();
    }
    const { message } = receiveMessageOnPort(this.#port) as { message: ShareAnswer };
    if ('failed' in message) throw fromWire(message.failed);
    return message.answer;
  }

  async dispose(): Promise<void> {
    if (!this.#lost) {
      const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
      this.ask('dispose');
      await ended;
    }
    this.#port.close();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
    this.#port.close();
  }
}

/** The results of all, or the first failure once none of them works any more. */
export async function everyOne<T>(all: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(all);
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

export class StepThreads {
  readonly #threads: readonly StepThread[];

  private constructor(threads: readonly StepThread[]) {
    this.#threads = threads;
  }

  /** Starts a thread for each share. Throws what compiling it throws. */
  static async start(shares: readonly ShareSettings[]): Promise<StepThreads> {
    const threads: StepThread[] = [];
    try {
      for (const share of shares) threads.push(new StepThread(share));
      await everyOne(threads.map(async (thread) => thread.ready()));
    } catch (error) {
      await new StepThreads(threads).terminate();
      throw error;
    }
    return new StepThreads(threads);
  }

  ask<K extends Calls>(call: K, asks: readonly ShareCalls[K]['ask'][]): void {
    this.#threads.forEach((thread, i) => thread.ask({ call, ask: asks[i] } as ShareQuestion));
  }

  /** The answers to what was asked last, in the order of the threads, once all have answered. */
  async answers<K extends Calls>(): Promise<ShareCalls[K]['answer'][]> {
    return everyOne(this.#threads.map(async (thread) => thread.answer()));
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => thread.dispose()));
  }

  /** Ends them wherever they are. */
  async terminate(): Promise<void> {
    await Promise.all(this.#threads.map(async (thread) => thread.terminate()));
  }
}

// A face's handle on the engine's process: starts it, tells a crash from an exit, starts it once again, ends it. Pages talk through it
// and are told what becomes of the engine; their calls under way are lost with it. Node's own child process, in Electron too.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { EngineState, FromEngine, PagePort, ToEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { errorCodes } from '../../shared/errors.ts';
import type { WireError } from '../../shared/errors.ts';
import { writeEngineArguments } from './engine-arguments.ts';
import { EngineLog } from './engine-log.ts';
import { refusedExitCode } from './engine-messages.ts';
import type { EngineRefusal, FromEngineProcess, ToEngineProcess } from './engine-messages.ts';

export interface EngineLinkOptions {
  /** The Node 22, what it is told before, and the file that it runs: `programNode`, `programFlags`, `engineEntry`. */
  readonly node: string;
  readonly flags?: readonly string[];
  readonly entry: string;
  /** Folder of everything that the program makes. */
  readonly home: string;
  /** Folders that pages may name; none: every folder. */
  readonly roots?: readonly string[];
  /** Milliseconds until a silent engine counts as crashed, until a restarted one counts as healthy, and that an ending one has. */
  readonly helloMs?: number;
  readonly healthyMs?: number;
  readonly graceMs?: number;
  /** Whether the engine waits for `start`, which the window calls when its page asks for it. */
  readonly waits?: boolean;
}

/** A page's connection. `close`: the page is gone, its calls are cancelled. */
export interface PageConnection extends PagePort {
  close(): void;
}

/** Threads on which an engine works with files: with the usual four a few folders on servers that do not answer would hold up all others. */
const fileThreads = '16';

interface Page {
  readonly receive: (message: FromEngine) => void;
  readonly closed: () => void;
}

export class EngineLink {
  readonly log: EngineLog;
  readonly #options: Required<EngineLinkOptions>;
  readonly #pages = new Map<number, Page>();
  readonly #watchers = new Set<(state: EngineState, reason: string | undefined) => void>();
  #ids = 0;
  #started = false;
  #child: ChildProcess | undefined;
  #state: EngineState = 'starting';
  #reason: string | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  /** Why the link itself killed the process, where it did. */
  #verdict: string | undefined;
  #restartedAt = -Infinity;
  #refusal: EngineRefusal | undefined;
  #disposing: Promise<void> | undefined;
  #gone: (() => void) | undefined;

  /** Starts the engine at once, unless it `waits`. */
  constructor(options: EngineLinkOptions) {
    const flags = ['--disable-warning=ExperimentalWarning'];
    this.#options = { flags, roots: [], helloMs: 90_000, healthyMs: 300_000, graceMs: 12_000, waits: false, ...options };
    this.log = new EngineLog(join(options.home, 'engine.log'));
    if (!this.#options.waits) this.start();
  }

  /** Starts an engine that waits; nothing happens the second time. */
  start(): void {
    if (this.#started || this.#disposing) return;
    this.#started = true;
    this.#start(false);
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Process number of the engine while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Why the engine could not begin, once it has ended for that. */
  get refusal(): EngineRefusal | undefined {
    return this.#refusal;
  }

  /** Called at once and at every change; returns how to stop. */
  watch(watcher: (state: EngineState, reason: string | undefined) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#state, this.#reason);
    return () => this.#watchers.delete(watcher);
  }

  #start(resumeInterrupted: boolean): void {
    const { node, flags, entry, home, roots, helloMs } = this.#options;
    const child = spawn(node, [...flags, entry, ...writeEngineArguments({ home, roots, resumeInterrupted })], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { UV_THREADPOOL_SIZE: fileThreads, ...process.env },
      serialization: 'advanced',
      windowsHide: true,
    });
    this.#child = child;
    this.#verdict = undefined;
    this.log.note(`The engine is started${resumeInterrupted ? ' again' : ''} (process ${child.pid ?? 'none'}).`);
    child.stderr!.setEncoding('utf8').on('data', (text: string) => this.log.add(text));
    child.on('message', (message: FromEngineProcess) => this.#receive(child, message));
    child.on('exit', (code, signal) => {
      // Its last output may still be under way, and a process of its own may hold the pipe open.
      const timer = setTimeout(() => this.#exited(child, code, signal), 1000);
      child.once('close', () => {
        clearTimeout(timer);
        this.#exited(child, code, signal);
      });
    });
    child.on('error', (error) => {
      if (child.pid !== undefined) return;
      this.#verdict = `could not be started (${error.message})`;
      this.#exited(child, null, null);
    });
    this.#helloTimer = setTimeout(() => this.#kill(`did not answer within ${Math.round(helloMs / 1000)} seconds`), helloMs);
    this.#become('starting', undefined);
  }

  #kill(verdict: string): void {
    this.#verdict = verdict;
    this.#child?.kill('SIGKILL');
  }

  #receive(child: ChildProcess, message: FromEngineProcess): void {
    if (child !== this.#child) return;
    if ('client' in message) {
      this.#pages.get(message.client)?.receive(message.message);
      return;
    }
    clearTimeout(this.#helloTimer);
    if (message.protocol !== protocolVersion) {
      this.#restartedAt = Infinity; // The next one would be the same.
      this.#kill(`is of another version (${message.program}) than this program: install or build it again`);
    } else if (!this.#disposing) this.#become('ready', undefined);
  }

  #exited(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    clearTimeout(this.#helloTimer);
    this.#gone?.();
    if (this.#disposing) return this.#become('ended', 'was ended');
    if (code === 0) return this.#become('ended', 'has ended');
    if (code === refusedExitCode) this.#refusal = this.#findRefusal();
    if (this.#refusal) return this.#become('ended', `could not begin. ${this.#refusal.message} ${this.#refusal.hint}`);
    const how = this.#verdict ?? (signal ? `was ended by ${signal}` : `ended with code ${code}`);
    this.log.note(`The engine ${how}.`);
    const written = this.log.write();
    const memory = signal === 'SIGKILL' && this.#verdict === undefined ? ' (the system may have run out of memory)' : '';
    const now = performance.now();
    if (child.pid !== undefined && now - this.#restartedAt > this.#options.healthyMs) {
      // Only now: whoever hears of a crash says that the engine is started again.
      this.#become('crashed', how + memory);
      this.#restartedAt = now;
      this.#start(true);
    } else this.#become('ended', `${how}${memory}.${written ? ` What it said last is in ${this.log.path}` : ''}`);
  }

  /** What the engine said when it could not begin. */
  #findRefusal(): EngineRefusal | undefined {
    for (const line of [...this.log.lines].reverse())
      try {
        const { message, hint, code } = JSON.parse(line) as Record<string, unknown>;
        if (typeof message !== 'string' || typeof hint !== 'string') continue;
        const known = errorCodes.find((one) => one === code);
        return { message, hint, ...(known !== undefined && { code: known }) };
      } catch {
        // Any other line.
      }
    return undefined;
  }

  #become(state: EngineState, reason: string | undefined): void {
    this.#state = state;
    this.#reason = reason;
    for (const page of this.#pages.values()) page.receive(this.#announcement());
    for (const watcher of this.#watchers) watcher(state, reason);
  }

  #announcement(): FromEngine {
    return {
      type: 'engine',
      state: this.#state,
      protocol: protocolVersion,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
  }

  #send(message: ToEngineProcess): void {
    // A channel that broke is told by the end of the process.
    if (this.#child?.connected) this.#child.send(message, undefined, undefined, () => {});
  }

  /** A connection for one page. It learns the engine's state as soon as it listens; calls while that is not `ready` fail at once. */
  connect(): PageConnection {
    const client = ++this.#ids;
    const listeners: ((message: FromEngine) => void)[] = [];
    const closers: (() => void)[] = [];
    const receive = (message: FromEngine): void => {
      for (const listener of listeners) listener(message);
    };
    this.#pages.set(client, { receive, closed: () => closers.forEach((closer) => closer()) });
    return {
      send: (message: ToEngine) => {
        if (!this.#pages.has(client)) return;
        if (this.#state === 'ready') this.#send({ client, message });
        else if (message.type === 'call') receive({ type: 'fail', id: message.id, error: notReady(this.#state) });
      },
      onMessage: (listener) => {
        listeners.push(listener);
        queueMicrotask(() => this.#pages.has(client) && listener(this.#announcement()));
      },
      onClose: (closer) => closers.push(closer),
      close: () => {
        if (this.#pages.delete(client)) this.#send({ client, closed: true });
      },
    };
  }

  /** Ends the engine: a run keeps a checkpoint; what has not ended after the grace is killed. Pages are told and closed. */
  dispose(): Promise<void> {
    return (this.#disposing ??= this.#end());
  }

  async #end(): Promise<void> {
    clearTimeout(this.#helloTimer);
    const child = this.#child;
    if (child && child.pid !== undefined) {
      const gone = new Promise<void>((resolve) => (this.#gone = resolve));
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.graceMs);
      this.#send({ type: 'shutdown' });
      await gone;
      clearTimeout(timer);
    }
    const pages = [...this.#pages.values()];
    this.#pages.clear();
    for (const page of pages) page.closed();
  }
}

const notReady = (state: EngineState): WireError => ({
  code: 'engine-crashed',
  message: state === 'starting' ? 'The engine is still starting.' : 'The engine is not there.',
  hint: state === 'ended' ? 'Start the program again.' : 'Try again in a moment.',
});

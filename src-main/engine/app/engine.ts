// The engine as pages see it: a home that is open, the work under way in it, and an answer to every channel.
import type { EnginePort } from '../../../shared/contract/messages.ts';
import { serve } from '../../../shared/contract/rpc-server.ts';
import { Studio } from '../studio.ts';
import type { EngineContext } from './context.ts';
import { engineContract, engineHandlers } from './handlers.ts';
import type { EngineHandlers } from './handlers.ts';
import { Jobs } from './jobs.ts';
import { Roots } from './roots.ts';

export interface EngineOptions {
  /** Where everything is kept; '' for the place of the terminal's commands. */
  readonly home: string;
  /** Folders that pages may name; none: every folder. */
  readonly roots: readonly string[];
  /** Whether runs that were under way when the engine before this one died are gone on with. */
  readonly resumeInterrupted?: boolean;
}

export class Engine {
  readonly context: EngineContext;
  readonly #handlers: EngineHandlers;

  /** Opens the home. Throws `locked` while another engine has it, and what an unusable home means. */
  constructor({ home, roots, resumeInterrupted = false }: EngineOptions) {
    const within = roots.length > 0 ? roots : undefined;
    const studio = new Studio({ home, ...(within && { within }) });
    this.context = { studio, jobs: new Jobs(), roots: new Roots(within, () => studio.originals, [studio.home.exports]) };
    this.#handlers = engineHandlers(this.context);
    if (resumeInterrupted) this.#handlers.resumeInterrupted();
  }

  /** Answers a page until its port closes. */
  serve(port: EnginePort): void {
    serve(port, engineContract, this.#handlers.table);
  }

  /** Ends running work, which keeps what it has made for at most `graceMs`, and then everything else. */
  async dispose(graceMs = 10_000): Promise<void> {
    const until = performance.now() + graceMs;
    await this.context.jobs.dispose(graceMs);
    await this.#handlers.dispose();
    await this.context.studio.dispose(Math.max(1000, until - performance.now()));
  }
}

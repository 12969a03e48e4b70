// What every handler of the engine's channels works with.
import type { Studio } from '../studio.ts';
import type { Jobs } from './jobs.ts';
import type { Roots } from './roots.ts';

export interface EngineContext {
  readonly studio: Studio;
  readonly jobs: Jobs;
  readonly roots: Roots;
}

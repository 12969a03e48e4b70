// What the engine's process and whoever started it say to each other, over the child's channel with `serialization: 'advanced'`: typed
// arrays pass as they are. One process serves many pages; each is a number that its side of the link chose and never uses again.
import type { FromEngine, ToEngine } from '../../shared/contract/messages.ts';
import type { ErrorCode } from '../../shared/errors.ts';

export type ToEngineProcess =
  | { readonly client: number; readonly message: ToEngine }
  /** The page is gone: its calls are cancelled. */
  | { readonly client: number; readonly closed: true }
  /** End: a run keeps a checkpoint. */
  | { readonly type: 'shutdown' };

export type FromEngineProcess =
  | { readonly client: number; readonly message: FromEngine }
  /** The first message, once calls can be answered. */
  | { readonly type: 'hello'; readonly protocol: string; readonly program: string };

/** Exit code of an engine that could not begin: its last line of standard error is an `EngineRefusal` as JSON. No restart helps. */
export const refusedExitCode = 3;

/** Why an engine could not begin, for a person (the home is in use, the disk is full, ...). */
export interface EngineRefusal {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

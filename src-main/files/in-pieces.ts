// Long work that lets others in: a generator that yields wherever it can be interrupted, gone through at once or in pieces.
import { setImmediate as breathe } from 'node:timers/promises';
import { AppError } from '../../shared/errors.ts';

/** Work whose result is `T`. Between two yields it should take a millisecond or two at most. */
export type Pieces<T> = Generator<void, T>;

/** Milliseconds of work between two moments in which others get their turn. */
const pieceMs = 8;

export function atOnce<T>(work: Pieces<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

/** Rejects with `cancelled` after `signal`, at the next moment in which others had their turn. */
export async function inPieces<T>(work: Pieces<T>, signal?: AbortSignal): Promise<T> {
  for (let since = performance.now(); ;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (performance.now() - since < pieceMs) continue;
    await breathe();
    if (signal?.aborted === true) throw new AppError('cancelled', 'It was cancelled.', 'Start it again when you want it.');
    since = performance.now();
  }
}

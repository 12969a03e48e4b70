// Ctrl-C: the first asks the work to end where it can go on later, the second ends the program at once. When the program that started
// this one and waits for it is gone, nobody is there for the result: the work ends as at the first Ctrl-C.
import { exitCodes } from './exit-codes.ts';

export interface Interruptible {
  readonly signal: AbortSignal;
  /** The work is over; without any other a Ctrl-C ends the program. */
  readonly done: () => void;
}

interface Work {
  readonly controller: AbortController;
  readonly onFirst: () => void;
  readonly onSecond: () => void;
}

/** One key press may come twice within these milliseconds: from the terminal, and from npm, which hands it on. */
export const onePressMs = 1000;

/** Pieces of work that end in order when they are asked to. */
const underWay = new Set<Work>();
let lastPress = -Infinity;
let isListening = false;

function askToEnd(): void {
  // Also of the launcher's end: the key press that ended it may still be on its way here.
  lastPress = performance.now();
  for (const { controller, onFirst } of underWay) {
    if (controller.signal.aborted) continue;
    controller.abort();
    onFirst();
  }
}

function press(): void {
  const isEcho = performance.now() - lastPress < onePressMs;
  const isFirst = [...underWay].some(({ controller }) => !controller.signal.aborted);
  if (isEcho && !isFirst) return;
  if (isFirst) return askToEnd();
  for (const { onSecond } of underWay) onSecond();
  process.exit(exitCodes.cancelled);
}

/**
 * From the first piece of work to the end of the program: Node loses a signal that has come when the last listener for it goes before the
 * event loop turns, which between two pieces of work is easily so.
 */
function listen(): void {
  if (isListening) return;
  isListening = true;
  process.on('SIGINT', press);
  process.on('SIGTERM', press);
  process.on('disconnect', askToEnd);
}

/** `onFirst` and `onSecond` run at the first and the second Ctrl-C; after the second nothing is waited for. */
export function interruptible(onFirst: () => void = () => {}, onSecond: () => void = () => {}): Interruptible {
  const work: Work = { controller: new AbortController(), onFirst, onSecond };
  underWay.add(work);
  listen();
  return { signal: work.controller.signal, done: () => void underWay.delete(work) };
}

/** Ends the program when the one that started it is gone and no work is under way that ends by itself then. */
export function endWithParent(): void {
  process.on('disconnect', () => {
    if (underWay.size === 0) process.exit(exitCodes.cancelled);
  });
  // Whoever listens for its end would wait for it too.
  process.channel?.unref();
}

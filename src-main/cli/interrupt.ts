// Ctrl-C: the first asks the work to end where it can go on later, the second ends the program at once. When the program that started
// this one and waits for it is gone, nobody is there for the result: the work ends as at the first Ctrl-C.
import { exitCodes } from './exit-codes.ts';

export interface Interruptible {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  readonly done: () => void;
}

/** One key press may come twice within these milliseconds: from the terminal, and from npm, which hands it on. */
const onePressMs = 1000;

/** Pieces of work that end in order when they are asked to. */
let underWay = 0;

/** `onFirst` and `onSecond` run at the first and the second Ctrl-C; after the second nothing is waited for. */
export function interruptible(onFirst: () => void = () => {}, onSecond: () => void = () => {}): Interruptible {
  const controller = new AbortController();
  let asked = 0;
  const begin = (): void => {
    if (controller.signal.aborted) return;
    asked = performance.now();
    controller.abort();
    onFirst();
  };
  const listener = (): void => {
    if (!controller.signal.aborted) return begin();
    if (performance.now() - asked < onePressMs) return;
    onSecond();
    process.exit(exitCodes.cancelled);
  };
  underWay++;
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  process.on('disconnect', begin);
  return {
    signal: controller.signal,
    done: () => {
      underWay--;
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
      process.off('disconnect', begin);
    },
  };
}

/** Ends the program when the one that started it is gone and no work is under way that ends by itself then. */
export function endWithParent(): void {
  process.on('disconnect', () => {
    if (underWay === 0) process.exit(exitCodes.cancelled);
  });
  // Whoever listens for its end would wait for it too.
  process.channel?.unref();
}

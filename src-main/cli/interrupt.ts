// Ctrl-C: the first asks the work to end where it can go on later, the second ends the program at once.

export interface Interruptible {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  readonly done: () => void;
}

/** `onFirst` and `onSecond` run at the first and the second Ctrl-C; after the second nothing is waited for. */
export function interruptible(onFirst: () => void = () => {}, onSecond: () => void = () => {}): Interruptible {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) {
      onSecond();
      process.exit(130);
    }
    controller.abort();
    onFirst();
  };
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return {
    signal: controller.signal,
    done: () => {
      process.off('SIGINT', listener);
      process.off('SIGTERM', listener);
    },
  };
}

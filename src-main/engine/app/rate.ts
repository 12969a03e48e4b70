// How fast work goes and how long it will take, from counts as they come.

/** Seconds over which the rate is taken: what was long ago says little about what is left. */
const windowSeconds = 15;
/** Share of the work after which the time left is more than a guess. */
const firstShare = 0.03;

export interface Rate {
  /** Units per second, 0 while not known. */
  readonly rate: number;
  readonly secondsLeft?: number;
}

/** A meter for one piece of work; `now` in milliseconds. */
export function rateMeter(now: () => number = () => performance.now()): (done: number, total: number) => Rate {
  let seen: { readonly at: number; readonly done: number }[] = [];
  return (done, total) => {
    const at = now() / 1000;
    // The newest of those that are older than the window stays, so that slow work has a rate too.
    const from = seen.findLastIndex((one) => one.at <= at - windowSeconds);
    seen = [...seen.slice(Math.max(0, from)), { at, done }];
    const first = seen[0]!;
    const rate = at > first.at ? Math.max(0, (done - first.done) / (at - first.at)) : 0;
    return rate > 0 && total > 0 && done >= firstShare * total ? { rate, secondsLeft: (total - done) / rate } : { rate };
  };
}

// Smoothing of a noisy series, as charts of training have it.

/** The most that a person can ask for: about a hundred values count. */
export const mostSmoothing = 0.99;

/**
 * Exponential moving average without the pull towards zero at its start (each value is divided by 1 − weight^n). `weight` 0 changes
 * nothing. What is not finite stays as it is and does not count.
 */
export function smooth(values: ArrayLike<number>, weight: number): Float64Array {
  const smoothed = new Float64Array(values.length);
  let average = 0;
  let share = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      smoothed[i] = value;
      continue;
    }
    average = average * weight + value * (1 - weight);
    share *= weight;
    smoothed[i] = average / (1 - share);
  }
  return smoothed;
}

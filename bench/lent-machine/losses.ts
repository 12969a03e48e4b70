// Whether the losses of a run that was stopped and gone on with are those of one that was never stopped.

export interface StepLoss {
  readonly step: number;
  readonly loss: number;
}

/** How far losses may lie apart, relative, where steps were made on another device: rounding grows from step to step. */
export const tolerance = 0.02;

export interface Beside {
  /** Steps that both have. */
  readonly steps: number;
  /** Largest relative distance before the stop, and after it. */
  readonly before: number;
  readonly after: number;
  readonly goesOn: boolean;
  /** For a person. */
  readonly sentence: string;
}

const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);

/** `parts`: before the stop and after it. The second must begin right after the first, and reach as far as the whole run. */
export function lossesBeside(parts: readonly [readonly StepLoss[], readonly StepLoss[]], whole: readonly StepLoss[]): Beside {
  const known = new Map(whole.map(({ step, loss }) => [step, loss]));
  const [before, after] = parts.map((part) =>
    part.map(({ step, loss }) => {
      const other = known.get(step);
      return other === undefined ? Infinity : Math.abs(loss - other) / Math.abs(other);
    }),
  ) as [number[], number[]];
  const steps = [...parts[0], ...parts[1]].map(({ step }) => step);
  const isWhole = steps.length > 0 && steps.every((step, i) => step === i + 1) && steps.length === whole.length && after.length > 0;
  const distances = { before: most(before), after: most(after) };
  const goesOn = isWhole && most(Object.values(distances)) <= tolerance;
  const apart = `at most ${distances.before.toExponential(1)} apart before the stop and ${distances.after.toExponential(1)} after it (${tolerance} is allowed)`;
  const sentence = isWhole ? `${apart}.` : 'steps are missing or were made twice, so that they cannot be compared.';
  return { steps: steps.length, ...distances, goesOn, sentence };
}

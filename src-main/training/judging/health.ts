// What an evaluation says of a run's health by the table of rules: what of it is new, and what is over.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { smallSteps } from '../../../shared/config/config.ts';
import { runShare } from '../../../shared/run-progress.ts';
import type { OnlineEvaluation, TrainEvent } from '../../../shared/train-events.ts';
import { placeOf, rules } from './health-rules.ts';
import type { HealthRule, JudgedRun, Note, Situation } from './health-rules.ts';

export interface HealthNote extends Note {
  /** The rule's name. */
  readonly rule: string;
}

export interface Health {
  /** Names of the rules that could be asked and do not hold: what was said of them is over. */
  readonly healthy: readonly string[];
  /** What the evaluation before did not already call for: what stays as it is is said once. */
  readonly fresh: readonly HealthNote[];
}

/** Name of the note that evaluations before it do not compare with those to come, which cannot take back what those said. */
export const judgedOtherwiseRule = 'judged otherwise';

/** Step of the last of them in a run's log: no evaluation until then compares with those after it. */
export function judgedSince(events: readonly TrainEvent[]): number | undefined {
  const last = events.findLast((event) => event.type === 'note' && event.rule === judgedOtherwiseRule);
  return last?.type === 'note' ? last.step : undefined;
}

/** A run of `steps` updates: by its work, which its schedules go by as well, because steps of small crops are cheap. */
export const judgedRun = (config: Pick<TrainConfig, 'smallFirst'>, steps: number): JudgedRun => ({
  left: (step) => 1 - runShare(config, steps, step),
  smallUntil: smallSteps(config, steps),
});

const justBegun: JudgedRun = { left: () => 1, smallUntil: 0 };

/** Names of the rules, in the order in which they are told. */
export const healthRules: readonly string[] = rules.map(({ name }) => name);

/** Those of them whose advice is over when the run is done. */
export const rulesUntilDone: readonly string[] = rules.filter(({ endsWithRun }) => endsWithRun).map(({ name }) => name);

function holdingIn(situation: Situation): (HealthNote & Pick<HealthRule, 'isTimely'>)[] {
  return rules.flatMap(({ name, isTimely, note }) => {
    const made = note(situation);
    return made ? [{ rule: name, ...made, ...(isTimely && { isTimely }) }] : [];
  });
}

/**
 * Notes on an evaluation, given the earlier ones, the untrained network's, the run that they are of, and the evaluation of the weights that it
 * began with.
 */
export function healthNotes(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  run: JudgedRun = justBegun,
  origin?: OnlineEvaluation,
): HealthNote[] {
  return holdingIn({ now, earlier, untrained, origin, before: origin ?? untrained, run }).flatMap(({ isTimely, ...note }) =>
    isTimely?.(placeOf(now.step, run)) === false ? [] : [note],
  );
}

/** What an evaluation says of a run's health, and what of it is new. */
export function healthOf(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  run: JudgedRun = justBegun,
  origin?: OnlineEvaluation,
): Health {
  const situation = { now, earlier, untrained, origin, before: origin ?? untrained, run };
  const last = earlier.at(-1);
  const said = last ? healthNotes(last, earlier.slice(0, -1), untrained, run, origin).map(({ rule }) => rule) : [];
  return {
    healthy: rules.flatMap(({ name, canTell, note }) => (canTell?.(situation) === false || note(situation) ? [] : [name])),
    fresh: healthNotes(now, earlier, untrained, run, origin).filter(({ rule }) => !said.includes(rule)),
  };
}

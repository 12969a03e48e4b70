// What the figures of a run mean, in words with a next step. The loss alone says little: it may rise while features improve.
// One table: a rule is silent, or has a sentence and what to do. Nothing wrong, nothing said.
import { readAgain } from '../../shared/decoded-images.ts';
import { clearErrors, leadError } from '../../shared/run-verdict.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import { courseOf, plateauWindow } from './plateau.ts';
import type { Course } from './plateau.ts';
import { decidingScore } from './scores.ts';

export interface Note {
  readonly message: string;
  readonly hint: string;
}

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

/** Borders of the rules, each with where it comes from. */
export const limits = {
  /** Mean pairwise cosine above which all images look alike to the encoder: 1 is collapse (IJEPA.md); healthy runs here stay below 0.9. */
  collapseCosine: 0.98,
  /** Share of the target variance explained by position, above which predictions can be right without the image (IJEPA.md: near 1). */
  positionalShare: 0.8,
  /**
   * Margin of predictions below which they fit any image alike (IJEPA.md: about 0). Untrained networks of two sizes measured 0.0002 and
   * 0.0018 on CIFAR-10, so that is what nothing learned looks like.
   */
  predictionMargin: 0.01,
  /** Share of its own best that RankMe or LiDAR falls to. Both compare within a run only (Garrido et al. 2023, §5; Thilak et al. 2023, §4). */
  fallenRank: 0.5,
  /** α of the spectrum beyond which a few directions say nearly everything; about 1 is healthy (Agrawal et al. 2022, fig. 2; IJEPA.md). */
  steepAlpha: 2.5,
  /** Share of the run that is left below which it is of no use to stop it. */
  nearEnd: 0.1,
  /** Share of the run before which figures of learning are young: warm-up and first steps are no failure. */
  young: 0.3,
} as const;

interface Situation {
  readonly now: OnlineEvaluation;
  readonly earlier: readonly OnlineEvaluation[];
  readonly untrained: OnlineEvaluation | undefined;
  /** Of the weights of another run that it began with. */
  readonly origin: OnlineEvaluation | undefined;
  /** What the run stood at before its first step. */
  readonly before: OnlineEvaluation | undefined;
  /** Step until which its crops are small. */
  readonly smallUntil: number;
}

/** Where in its run an evaluation stands. */
interface Place {
  /** Share that is still to come. */
  readonly left: number;
  /** Share that is over of the part in which the predictor learns. */
  readonly predicted: number;
}

function placeOf(step: number, left: number, smallUntil: number): Place {
  const rest = step / (1 - left) - smallUntil;
  return { left, predicted: smallUntil === 0 ? 1 - left : Math.max(0, step - smallUntil) / rest };
}

interface HealthRule {
  /** Kept in logs: a rule that asks something else has another name. */
  readonly name: string;
  /** Whether the figures that it asks are there; always when absent. */
  readonly canTell?: (situation: Situation) => boolean;
  /** Whether it is of use to say it at that point of the run; always when absent. */
  readonly isTimely?: (at: Place) => boolean;
  /** Whether it is advice for a run that trains, and of no use once that is done. */
  readonly endsWithRun?: true;
  readonly note: (situation: Situation) => Note | undefined;
}

const isGrown = ({ left }: Place): boolean => 1 - left >= limits.young;

const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** The quality rises again when crops become larger: only what came after that tells whether it still does. */
const ownCourse = ({ now, earlier, smallUntil }: Situation): Course | undefined =>
  now.step <= smallUntil && smallUntil > 0
    ? undefined
    : courseOf(now, smallUntil > 0 ? earlier.filter(({ step }) => step > smallUntil) : earlier);

/** A figure that was once at least twice as high, and more than a few. */
function fallen(
  { now, earlier }: Situation,
  figure: 'rankMe' | 'lidar',
): { readonly from: number; readonly step: number; readonly to: number } | undefined {
  const to = now[figure];
  const best = earlier.reduce<OnlineEvaluation | undefined>(
    (found, one) => ((one[figure] ?? 0) > (found?.[figure] ?? 0) ? one : found),
    undefined,
  );
  const from = best?.[figure];
  if (to === undefined || !best || from === undefined || from < 4 || to > limits.fallenRank * from) return undefined;
  return { from, step: best.step, to };
}

/** Whether a figure is worse than before the first step, which a run cannot be blamed for. */
const worse = (own: number | undefined, earlier: number | undefined): boolean =>
  own !== undefined && (earlier === undefined || own > earlier);

/** Whether a run is better than the weights that it began with, by more than chance. */
function gainOf({ now, origin }: Situation): 'worse' | 'unclear' | 'better' | undefined {
  if (!origin) return undefined;
  const lead = decidingScore(now) - decidingScore(origin);
  if (Math.abs(lead) <= clearErrors * (leadError(now, origin) ?? 0)) return 'unclear';
  return lead < 0 ? 'worse' : 'better';
}

const besideOrigin = ({ now, origin }: Situation): string =>
  `${(100 * decidingScore(now)).toFixed(1)} against ${(100 * decidingScore(origin!)).toFixed(1)} %`;

const rules: readonly HealthRule[] = [
  {
    name: 'unreadable',
    note: ({ now }) =>
      now.unreadable === undefined
        ? undefined
        : {
            message: `${now.unreadable} decoded images of the evaluation cannot be read and were left out.`,
            hint: `${readAgain} Scores before and after that are of slightly different images.`,
          },
  },
  {
    name: 'collapse',
    note: ({ now, before }) =>
      now.meanCosine > limits.collapseCosine && worse(now.meanCosine, before?.meanCosine)
        ? {
            message: `The encoder answers almost the same for all images (mean cosine ${now.meanCosine.toFixed(3)}): the run has collapsed.`,
            hint: 'Stop it and start again with agreement by contrast, a lower learning rate, or a higher starting momentum.',
          }
        : undefined,
  },
  {
    name: 'position',
    note: ({ now, before }) =>
      now.positionalShare > limits.positionalShare && worse(now.positionalShare, before?.positionalShare)
        ? {
            message: `The targets depend mostly on position (${percent(now.positionalShare)} of their variance), hardly on the image.`,
            hint: 'Start again with more agreement of crops, which knows nothing of positions, or with larger targets.',
          }
        : undefined,
  },
  {
    name: 'blind predictor',
    canTell: ({ now }) => now.predictionMargin !== undefined,
    isTimely: ({ predicted }) => predicted >= limits.young,
    note: ({ now }) =>
      now.predictionMargin !== undefined && now.predictionMargin < limits.predictionMargin
        ? {
            message: `Predictions fit any other image as well as their own (their cosines differ by ${now.predictionMargin.toFixed(3)}): the predictor knows where patches lie, not what is on them.`,
            hint: 'A falling loss means nothing then. Start again with more agreement of crops, or with larger contexts and targets.',
          }
        : undefined,
  },
  {
    name: 'rank',
    canTell: ({ earlier }) => earlier.length > 0,
    note: (situation) => {
      const found = fallen(situation, 'rankMe');
      return (
        found && {
          message: `The vectors use fewer and fewer directions: RankMe is ${found.to.toFixed(1)}, after ${found.from.toFixed(1)} at step ${found.step}.`,
          hint: 'If the score falls too, stop: the best checkpoint is kept. Start again with a lower learning rate, or a higher SIGReg weight where it is used.',
        }
      );
    },
  },
  {
    name: 'views',
    canTell: ({ now, earlier }) => now.lidar !== undefined && earlier.length > 0,
    note: (situation) => {
      const found = fallen(situation, 'lidar');
      return (
        found && {
          message: `Fewer and fewer directions tell one image from another (LiDAR is ${found.to.toFixed(1)}, after ${found.from.toFixed(1)} at step ${found.step}); the others differ between parts of one image.`,
          hint: 'If the score falls too, stop: the best checkpoint is kept. More weight on agreement makes parts of one image agree.',
        }
      );
    },
  },
  {
    name: 'steep spectrum',
    canTell: ({ now }) => now.alpha !== undefined,
    isTimely: isGrown,
    note: ({ now, before }) =>
      now.alpha !== undefined && now.alpha > limits.steepAlpha && worse(now.alpha, before?.alpha)
        ? {
            message: `A few directions say nearly everything (spectrum α ${now.alpha.toFixed(1)}, where about 1 is healthy).`,
            hint: 'Search in the whitened space, which weighs all directions alike; agreement by contrast or a higher SIGReg weight spreads them in the next run.',
          }
        : undefined,
  },
  {
    name: 'plateau',
    // What may be a rise takes nothing back, and does not call for it again.
    canTell: (situation) => {
      const course = ownCourse(situation);
      return course !== undefined && course !== 'undecided';
    },
    isTimely: ({ left }) => left > limits.nearEnd,
    endsWithRun: true,
    note: (situation) => {
      const { now } = situation;
      const course = ownCourse(situation);
      if (course === undefined || typeof course === 'string') return undefined;
      const { gain, noise } = course;
      const within =
        gain > 0 ? ` by more than chance (±${(100 * noise).toFixed(1)} points with ${now.queries!.toLocaleString('en')} that ask)` : '';
      return {
        message: `The quality has not risen in the last ${['no', 'one', 'two', 'three', 'four'][plateauWindow] ?? plateauWindow} evaluations${within}.`,
        hint: 'The best checkpoint is kept: stopping here loses nothing that was measured. A slower rise would not show yet, and the end of a run, where the learning rate falls, may still add a little.',
      };
    },
  },
  {
    name: 'nothing learned',
    canTell: ({ untrained }) => untrained !== undefined,
    isTimely: ({ left }) => left <= 0.5,
    note: ({ now, untrained }) => {
      if (!untrained) return undefined;
      const [own, before] = [decidingScore(now), decidingScore(untrained)];
      const noise = clearErrors * (leadError(now, untrained) ?? 0);
      return own - before > noise
        ? undefined
        : {
            message: `Half of the steps are made, and its vectors are not clearly better than the untrained network’s (${(100 * own).toFixed(1)} against ${(100 * before).toFixed(1)} %).`,
            hint: 'If the next evaluations say the same, start again with the suggested settings, more steps, or more images.',
          };
    },
  },
  {
    name: 'worse than its start',
    canTell: ({ origin }) => origin !== undefined,
    isTimely: isGrown,
    note: (situation) =>
      gainOf(situation) === 'worse'
        ? {
            message: `The vectors have become worse than those of the weights that it began with (${besideOrigin(situation)}).`,
            hint: 'Use those weights as they are (step 0), or start again with a lower learning rate; a higher starting momentum changes them more slowly.',
          }
        : undefined,
  },
  {
    name: 'nothing gained',
    // What has become worse has not gained either: that is said by the rule above, and this one is not over by it.
    canTell: (situation) => ['unclear', 'better'].includes(gainOf(situation) ?? ''),
    isTimely: ({ left }) => left <= 0.5,
    note: (situation) =>
      gainOf(situation) === 'unclear'
        ? {
            message: `Half of the steps are made, and its vectors are not clearly better than those of the weights that it began with (${besideOrigin(situation)}).`,
            hint: 'If the next evaluations say the same, those weights (step 0) serve as well as they are; more steps or more images may add something.',
          }
        : undefined,
  },
];

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
 * Notes on an evaluation, given the earlier ones, the untrained network's, the share of the run that is still to come, the evaluation of
 * the weights that it began with, and the step until which its crops are small.
 */
export function healthNotes(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  left = 1,
  origin?: OnlineEvaluation,
  smallUntil = 0,
): HealthNote[] {
  return holdingIn({ now, earlier, untrained, origin, before: origin ?? untrained, smallUntil }).flatMap(({ isTimely, ...note }) =>
    isTimely?.(placeOf(now.step, left, smallUntil)) === false ? [] : [note],
  );
}

/** What an evaluation says of a run's health, and what of it is new. */
export function healthOf(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  left = 1,
  origin?: OnlineEvaluation,
  smallUntil = 0,
): Health {
  const situation = { now, earlier, untrained, origin, before: origin ?? untrained, smallUntil };
  const last = earlier.at(-1);
  // What was left of the run at the evaluation before follows from the steps of both.
  const leftBefore = last && now.step > 0 ? 1 - ((1 - left) * last.step) / now.step : left;
  const said = last ? healthNotes(last, earlier.slice(0, -1), untrained, leftBefore, origin, smallUntil).map(({ rule }) => rule) : [];
  return {
    healthy: rules.flatMap(({ name, canTell, note }) => (canTell?.(situation) === false || note(situation) ? [] : [name])),
    fresh: healthNotes(now, earlier, untrained, left, origin, smallUntil).filter(({ rule }) => !said.includes(rule)),
  };
}

// What each figure of a run means, in words with a next step. The loss alone says little: it may rise while features improve.
// One table: a rule is silent, or has a sentence and what to do. Nothing wrong, nothing said.
import { readAgain } from '../../../shared/decoded-images.ts';
import { clearErrors, leadError } from '../../../shared/run-verdict.ts';
import type { OnlineEvaluation } from '../../../shared/train-events.ts';
import { courseOf, plateauWindow } from './plateau.ts';
import type { Course } from './plateau.ts';
import { decidingScore } from './scores.ts';

export interface Note {
  readonly message: string;
  readonly hint: string;
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
  /** Share of a run's work that is left below which it is of no use to stop it. */
  nearEnd: 0.1,
  /** Share of its work before which figures of learning are young: warm-up and first steps are no failure. */
  young: 0.3,
} as const;

/** The run that evaluations are of. */
export interface JudgedRun {
  /** Share of its work that is still to come after a step: 1 before the first. */
  readonly left: (step: number) => number;
  /** Step until which its crops are small; 0 where none are. */
  readonly smallUntil: number;
}

export interface Situation {
  readonly now: OnlineEvaluation;
  readonly earlier: readonly OnlineEvaluation[];
  readonly untrained: OnlineEvaluation | undefined;
  /** Of the weights of another run that it began with. */
  readonly origin: OnlineEvaluation | undefined;
  /** What the run stood at before its first step. */
  readonly before: OnlineEvaluation | undefined;
  readonly run: JudgedRun;
}

/** Where in its run an evaluation stands. */
export interface Place {
  /** Share that is still to come. */
  readonly left: number;
  /** Share that is over of the part in which the predictor learns. */
  readonly predicted: number;
}

export function placeOf(step: number, { left, smallUntil }: JudgedRun): Place {
  return { left: left(step), predicted: 1 - left(Math.max(step, smallUntil)) / left(smallUntil) };
}

export interface HealthRule {
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

/** The course at an evaluation of small crops, or of whole ones: quality may rise again when they become larger. Undefined at one of the others. */
function courseWith(crops: 'small' | 'whole', { now, earlier, run: { left, smallUntil } }: Situation): Course | undefined {
  const isSmall = now.step <= smallUntil;
  if (isSmall !== (crops === 'small')) return undefined;
  return courseOf(now, earlier, { over: 1 - left(now.step), ...(!isSmall && smallUntil > 0 && { since: smallUntil }) });
}

// What may be a rise takes nothing back, and does not call for it again.
const canTellCourse = (course: Course | undefined): boolean => course !== undefined && course !== 'undecided';

/** What a quality that stands still has not done, in words; undefined where it does not, or that is not known. */
function standstill(course: Course | undefined, { now }: Situation): string | undefined {
  if (course === undefined || typeof course === 'string') return undefined;
  const { gain, noise } = course;
  const within =
    gain > 0 ? ` by more than chance (±${(100 * noise).toFixed(1)} points with ${now.queries!.toLocaleString('en')} queries)` : '';
  return `has not risen in the last ${['no', 'one', 'two', 'three', 'four'][plateauWindow] ?? plateauWindow} evaluations${within}.`;
}

/** Whether the vectors are better than the untrained network's by more than chance; they count as such where that was not judged. */
const hasLearned = ({ now, untrained }: Situation): boolean =>
  !untrained || decidingScore(now) - decidingScore(untrained) > clearErrors * (leadError(now, untrained) ?? 0);

/** What has not learned anything yet does not stand still: it may be too young, or have too few steps. */
const courseWithSmall = (situation: Situation): Course | undefined => (hasLearned(situation) ? courseWith('small', situation) : undefined);

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

const beside = (own: OnlineEvaluation, other: OnlineEvaluation): string =>
  `${(100 * decidingScore(own)).toFixed(1)} against ${(100 * decidingScore(other)).toFixed(1)} %`;
const besideOrigin = ({ now, origin }: Situation): string => beside(now, origin!);

export const rules: readonly HealthRule[] = [
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
            message: `The encoder gives almost the same vector for every image (mean cosine ${now.meanCosine.toFixed(3)}): the run has collapsed.`,
            hint: 'Stop it and start again with agreement by contrast, a lower learning rate, or a higher starting momentum.',
          }
        : undefined,
  },
  {
    name: 'position',
    note: ({ now, before }) =>
      now.positionalShare > limits.positionalShare && worse(now.positionalShare, before?.positionalShare)
        ? {
            message: `Position explains most of the targets (${percent(now.positionalShare)} of their variance); the image hardly matters.`,
            hint: 'Start again with more agreement of crops, which does not depend on position, or with larger targets.',
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
            message: `Predictions fit other images as well as their own (cosine difference ${now.predictionMargin.toFixed(3)}): the predictor knows where patches are, not what they show.`,
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
            message: `A few directions carry nearly everything (spectrum α ${now.alpha.toFixed(1)}, where about 1 is healthy).`,
            hint: 'Search in the whitened space, which weighs all directions alike; agreement by contrast or a higher SIGReg weight spreads them in the next run.',
          }
        : undefined,
  },
  {
    // It holds for that part of the run whatever comes after it.
    name: 'plateau of small crops',
    canTell: (situation) => canTellCourse(courseWithSmall(situation)),
    note: (situation) => {
      const found = standstill(courseWithSmall(situation), situation);
      // CIFAR-10 gained 1.2 points from half of the run to its end.
      return found === undefined
        ? undefined
        : {
            message: `With small crops the quality ${found}`,
            hint: 'Whole crops come last and usually add a little, so it is no reason to stop before them. Next time fewer steps may do as well.',
          };
    },
  },
  {
    name: 'plateau',
    canTell: (situation) => canTellCourse(courseWith('whole', situation)),
    isTimely: ({ left }) => left > limits.nearEnd,
    endsWithRun: true,
    note: (situation) => {
      const found = standstill(courseWith('whole', situation), situation);
      return found === undefined
        ? undefined
        : {
            message: `The quality ${found}`,
            hint: 'The best checkpoint is kept: stopping here loses nothing that these images can tell. A slower rise would not show yet, and the end of a run, where the learning rate falls, may still add a little.',
          };
    },
  },
  {
    name: 'nothing learned',
    canTell: ({ untrained }) => untrained !== undefined,
    isTimely: ({ left }) => left <= 0.5,
    note: (situation) =>
      hasLearned(situation)
        ? undefined
        : {
            message: `Half of the run is over, and its vectors are not clearly better than the untrained network’s (${beside(situation.now, situation.untrained!)}).`,
            hint: 'If the next evaluations say the same, start again with the suggested settings, more steps, or more images.',
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
            message: `Half of the run is over, and its vectors are not clearly better than those of the weights that it began with (${besideOrigin(situation)}).`,
            hint: 'If the next evaluations say the same, those weights (step 0) serve as well as they are; more steps or more images may add something.',
          }
        : undefined,
  },
];

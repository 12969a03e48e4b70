// What the figures of a run mean, in words with a next step. The loss alone says little: it may rise while features improve.
import type { OnlineEvaluation } from '../../shared/train-events.ts';
import { decidingScore } from './scores.ts';

export interface HealthNote {
  readonly message: string;
  readonly hint: string;
}

/** Above this share of the target variance explained by position, predictions can be right without looking at the image. */
export const positionalLimit = 0.8;
/** Mean pairwise cosine above which all images look alike to the encoder. */
export const collapseCosine = 0.98;

/** Share of the run that is left below which it is of no use to stop it. */
const nearEnd = 0.1;

/** Notes on an evaluation, given the earlier ones, the untrained network's, and the share of the run that is still to come. */
export function healthNotes(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  left = 1,
): HealthNote[] {
  const notes: HealthNote[] = [];
  if (now.unreadable !== undefined) {
    notes.push({
      message: `${now.unreadable} images of the evaluation cannot be read from the decode cache and were left out.`,
      hint: 'ijepa-studio scan FOLDER --retry reads them anew; scores before and after that are of slightly different images.',
    });
  }
  if (now.meanCosine > collapseCosine && (untrained === undefined || now.meanCosine > untrained.meanCosine)) {
    notes.push({
      message: `All images look alike to the encoder (mean cosine ${now.meanCosine.toFixed(3)}): the run has collapsed.`,
      hint: 'Start again with a lower learning rate, a higher starting momentum, or sigreg 0.05.',
    });
  }
  if (now.positionalShare > positionalLimit && (untrained === undefined || now.positionalShare > untrained.positionalShare)) {
    notes.push({
      message: `The targets depend mostly on position (${Math.round(100 * now.positionalShare)} % of their variance), hardly on the image.`,
      hint: 'Try sigreg 0.05 with agreement 1, or larger targets.',
    });
  }
  const recent = earlier.slice(-3);
  const score = decidingScore(now);
  if (left > nearEnd && recent.length === 3 && recent.every((one) => decidingScore(one) >= score)) {
    notes.push({
      message: 'The quality has not risen in the last four evaluations.',
      hint: 'The best checkpoint is kept; stopping here loses nothing that was measured.',
    });
  }
  return notes;
}

/** Notes that the evaluation before did not already call for: what stays as it is is said once. */
export function freshNotes(
  now: OnlineEvaluation,
  earlier: readonly OnlineEvaluation[],
  untrained: OnlineEvaluation | undefined,
  left = 1,
): HealthNote[] {
  const last = earlier.at(-1);
  const said = last ? healthNotes(last, earlier.slice(0, -1), untrained).map(({ hint }) => hint) : [];
  return healthNotes(now, earlier, untrained, left).filter(({ hint }) => !said.includes(hint));
}

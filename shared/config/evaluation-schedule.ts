// After which steps a run is judged: decided here alone, so that what the page promises is what the run does.
import { shownBefore } from '../run-progress.ts';
import type { TrainConfig } from './config-table.ts';
import { cropsPerImage, smallSteps } from './config.ts';

type Judging = Pick<TrainConfig, 'evaluateSteps' | 'evaluateImages' | 'smallFirst' | 'batchSize' | 'agreement' | 'crops'>;

/** Evaluations of a run whose settings do not say how often: of a short one, and of one that is long beside them. */
const fewest = 10;
const most = 16;
/**
 * Crops that are trained on for each image that is judged, where more evaluations than the fewest come: to judge an image takes half as long as
 * a crop of the full size in a step (2,000 images as long as 950 crops; default settings for small images, one thread), so all evaluations
 * together take a fiftieth of the training.
 */
const cropsPerJudged = 25;

/** How many evaluations are due before the end of each step. */
function dueBy(config: Judging, steps: number): (step: number) => number {
  const { evaluateSteps, evaluateImages, batchSize } = config;
  if (evaluateSteps > 0) return (step) => Math.floor(step / evaluateSteps);
  const until = smallSteps(config, steps);
  const all = shownBefore(steps, until);
  const affordable = (all * batchSize * cropsPerImage(config)) / (cropsPerJudged * Math.max(1, evaluateImages));
  const count = Math.min(most, Math.max(fewest, Math.floor(affordable)));
  // Multiples of a quarter, so that nothing is lost to rounding before the quotient.
  return (step) => Math.floor((count * shownBefore(step, until)) / all);
}

/**
 * Whether a run of `steps` updates is judged after a step, 1 for the first: evenly by what crops show, as its time goes and its schedules
 * run, or every `evaluateSteps`; and after its last step. It follows from the settings alone, so a resumed run is judged as one never stopped.
 */
export function isJudgedAfter(config: Judging, steps: number): (step: number) => boolean {
  const due = dueBy(config, steps);
  return (step) => step === steps || due(step) > due(step - 1);
}

/** Step of a run's first evaluation; undefined where none comes: by its settings, or where it was found not to be judged. */
export function firstEvaluation(config: Judging, steps: number, judged = true): number | undefined {
  if (!judged || config.evaluateImages === 0) return undefined;
  const due = dueBy(config, steps);
  let [low, high] = [1, Math.max(1, steps)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (due(middle) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

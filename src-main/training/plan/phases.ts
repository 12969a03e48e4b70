// The parts of a run whose steps have other sizes: with `smallFirst` its first steps see crops of half the size without the masked
// prediction. Weights and moments go on from one to the next; the schedules run over what crops show (schedules.ts).
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { smallSteps } from '../../../shared/config/config.ts';
import { tokenCount } from '../../jepa/model.ts';
import type { StepSize } from '../../jepa/step.ts';
import { stepSize } from './step-size.ts';

export interface Phase {
  /** The step that it begins with, and the first that is no longer its own. */
  readonly from: number;
  readonly until: number;
  /** What its steps are compiled for; a batch is cut into as many pieces in all phases. */
  readonly size: StepSize;
  /** Weight of the masked prediction in it. */
  readonly prediction: number;
}

/** The same batch with half the image along each side. Patches lie in the middle of those that they stand for. */
function halved(size: StepSize): StepSize {
  const model = { ...size.model, grid: size.model.grid / 2, spacing: 2 };
  return { ...size, model, contextTokens: tokenCount(model), predictionStride: 1, othersWhole: true, paddedContext: false };
}

/** The phases of a run of `steps` updates, in order; the last has the sizes of the settings. Throws as `stepSize`. */
export function phasesOf(config: TrainConfig, steps: number): readonly [...Phase[], Phase] {
  const size = stepSize(config);
  const small = smallSteps(config, steps);
  const last: Phase = { from: small, until: steps, size, prediction: config.prediction };
  return small > 0 ? [{ from: 0, until: small, size: halved(size), prediction: 0 }, last] : [last];
}

// An evaluation as a run logs it, with figures that no test asks for.
import type { TrainEvent } from '../../../shared/train-events.ts';

/** At a step; `healthy` is absent in logs of earlier versions. */
export const evaluationEvent = (step: number, healthy?: readonly string[]): TrainEvent => ({
  type: 'evaluation',
  best: false,
  step,
  ...(healthy && { healthy }),
  raw: {},
  centred: {},
  whitened: { knn: 0.5 },
  rankMe: 9,
  meanCosine: 0.2,
  positionalShare: 0.3,
});

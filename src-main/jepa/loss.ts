// The objective: distance of predictions to layer-normed targets, and the statistics that are drawn beside it.
import { clip, multiply, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { sumAll } from '../tensor/structure.ts';

/** Loss of predicting zero against unit-variance targets: E of smooth L1 of a standard normal, and its variance. */
export const noInformationLoss = { 'smooth-l1': 0.4254, l2: 1 } as const;

/** Σ weight · smooth L1 (β = 1) of prediction − target; `weight` [..., 1] holds 1 / (number of values) and 0 at padding. */
export function smoothL1(difference: Tensor, weight: Tensor): Tensor {
  const limited = clip(difference, -1, 1);
  return sumAll(multiply(multiply(limited, subtract(difference, multiply(limited, 0.5))), weight));
}

/** Σ weight · (prediction − target)². */
export const squaredError = (difference: Tensor, weight: Tensor): Tensor => sumAll(multiply(square(difference), weight));

// One update as a graph: AdamW (or Muon for the blocks' matrices) with decoupled weight decay (Loshchilov & Hutter 2019), then the moving average of the target
// encoder. Nothing moves when a gradient is not finite.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { add, equal, multiply, divide, select, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { input, sumAll } from '../tensor/structure.ts';
import { trainedParameters } from './model.ts';
import type { ModelSize, ParameterSpec } from './model.ts';
import { isMuonMatrix, muonDirection } from './muon.ts';

export type UpdateSettings = Pick<TrainConfig, 'beta1' | 'beta2' | 'epsilon' | 'optimiser'>;

/** Numbers of one step, given as float32 scalars. The predictor may have begun later than the rest, so that its moments are younger. */
export const scheduleInputs = [
  'learningRate',
  'weightDecay',
  'momentum',
  'correction1',
  'correction2',
  'predictorCorrection1',
  'predictorCorrection2',
] as const;
export type ScheduleInput = (typeof scheduleInputs)[number];

/** 1 / (1 − β^t) for the moments of step t = 1, 2, …; the second as a root, because that is where it is used. */
export function biasCorrections(beta1: number, beta2: number, t: number): { correction1: number; correction2: number } {
  return { correction1: 1 / (1 - beta1 ** t), correction2: 1 / Math.sqrt(1 - beta2 ** t) };
}

/** Which of the schedule's corrections are those of a parameter. */
export const correctionsOf = (name: string): readonly [ScheduleInput, ScheduleInput] =>
  name.startsWith('predictor.') ? ['predictorCorrection1', 'predictorCorrection2'] : ['correction1', 'correction2'];

/** The name of a parameter's moving average, which only the context encoder's parameters have. */
export const averageOf = (name: string): string | undefined =>
  name.startsWith('contextEncoder.') ? `targetEncoder.${name.slice('contextEncoder.'.length)}` : undefined;

/** a + rate · (b − a). */
const towards = (a: Tensor, b: Tensor, rate: Tensor | number): Tensor => add(a, multiply(subtract(b, a), rate));

/**
 * Inputs: every trained parameter, `gradient.*`, `moment1.*`, `moment2.*`, `targetEncoder.*` and the schedule's scalars. Outputs:
 * the same names moved by one step (gradients excepted), and `gradientNorm`, which is not finite when the step was refused.
 */
export function update(size: ModelSize, settings: UpdateSettings): Readonly<Record<string, Tensor>> {
  const specs = trainedParameters(size);
  const squared = squaredNorm(specs);
  return { gradientNorm: sqrt(squared), ...moved(specs, settings, equal(subtract(squared, squared), 0)) };
}

const gradientOf = ({ name, shape }: ParameterSpec): Tensor => input(`gradient.${name}`, shape);

/** Σ g² over the gradients of some parameters. */
export const squaredNorm = (specs: readonly ParameterSpec[]): Tensor =>
  specs.map((spec) => sumAll(square(gradientOf(spec)))).reduce((a, b) => add(a, b));

/**
 * Some parameters, their moments and moving averages, moved by one step where `finite` holds: the part of `update` that a device takes
 * a group of parameters at a time, because what is moved is in its memory twice.
 */
export function moved(
  specs: readonly ParameterSpec[],
  { beta1, beta2, epsilon, optimiser }: UpdateSettings,
  finite: Tensor | undefined,
): Readonly<Record<string, Tensor>> {
  const schedule = Object.fromEntries(scheduleInputs.map((name) => [name, input(name, [])])) as Record<ScheduleInput, Tensor>;
  const where = (after: Tensor, before: Tensor): Tensor => (finite ? select(finite, after, before) : after);
  const keep = subtract(1, multiply(schedule.learningRate, schedule.weightDecay));
  const outputs: Record<string, Tensor> = {};

  for (const spec of specs) {
    const { name, shape, decay } = spec;
    const gradient = gradientOf(spec);
    const [weight, first, second] = [name, `moment1.${name}`, `moment2.${name}`].map((key) => input(key, shape)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const kept = decay ? multiply(weight, keep) : weight;
    if (optimiser === 'muon' && isMuonMatrix({ name, shape })) {
      const { direction, momentum } = muonDirection(name, gradient, first);
      outputs[name] = where(subtract(kept, multiply(direction, schedule.learningRate)), weight);
      outputs[`moment1.${name}`] = where(momentum, first);
    } else {
      const moment1 = towards(first, gradient, 1 - beta1);
      const moment2 = towards(second, square(gradient), 1 - beta2);
      const [correction1, correction2] = correctionsOf(name);
      const direction = divide(moment1, add(multiply(sqrt(moment2), schedule[correction2]), epsilon));
      const stepSize = multiply(schedule.learningRate, schedule[correction1]);
      outputs[name] = where(subtract(kept, multiply(direction, stepSize)), weight);
      outputs[`moment1.${name}`] = where(moment1, first);
      outputs[`moment2.${name}`] = where(moment2, second);
    }
    const target = averageOf(name);
    if (target !== undefined) {
      const average = input(target, shape);
      outputs[target] = where(towards(outputs[name], average, schedule.momentum), average);
    }
  }
  return outputs;
}

// How many floating-point operations an update takes: what its time, and the choice of a preset, follow from.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import type { ModelSize, TransformerSize } from '../../jepa/model.ts';
import { tokenCount } from '../../jepa/model.ts';
import { isWholeStem, stemLayers } from '../../jepa/stem.ts';
import { crossesParts, isCoupled } from '../../jepa/step.ts';
import type { Objective, StepSize } from '../../jepa/step.ts';
import { phasesOf } from './phases.ts';

/** Of the matrix products of one sequence in one block: projections, feed-forward, scores and values. */
function blockOperations({ width, hidden }: TransformerSize, tokens: number): number {
  return 2 * tokens * (4 * width ** 2 + 2 * width * hidden) + 4 * tokens ** 2 * width;
}

/** Of the encoder over `tokens` patches of one image, forward. */
export const encoderOperations = (model: ModelSize, tokens = tokenCount(model)): number =>
  2 *
    (isWholeStem(model) ? tokenCount(model) : tokens) *
    stemLayers(model).reduce((sum, { inner, outer, places }) => sum + inner * outer * places, 0) +
  model.encoder.depth * blockOperations(model.encoder, tokens);

/** A backward pass costs twice the forward pass: one product for the input, one for the weights. */
const trained = 3;

/**
 * Floating-point operations of one update, matrix products alone (elementwise work is a few per cent of them): the context pass of every
 * image, for each predicted image the target pass and the predictor's passes, and the forward pass that losses over crops of
 * several micro-batches need.
 */
export function stepOperations(size: StepSize, objective: Objective): number {
  const { model, batch, contextTokens, targetBlocks, targetTokens, predictionStride, othersWhole } = size;
  const { encoder, predictor, projector } = model;
  const masked = encoderOperations(model, contextTokens);
  const whole = encoderOperations(model, tokenCount(model));
  const wholeShare = othersWhole ? 1 - (objective.prediction > 0 ? 1 / predictionStride : 0) : 0;
  const context = masked + wholeShare * (whole - masked);
  const projected = projector ? 2 * projector.hidden * (encoder.width + projector.width) : 0;
  const passes = trained + (crossesParts(size, objective) ? 1 : 0);
  const seen = batch * passes * (context + (isCoupled(objective) ? projected : 0));
  if (objective.prediction === 0) return seen;
  const ends = 2 * encoder.width * predictor.width * (contextTokens + targetBlocks * targetTokens);
  const blocks = targetBlocks * predictor.depth * blockOperations(predictor, contextTokens + targetTokens);
  const predicted = whole + trained * (ends + blocks);
  return seen + (batch / predictionStride) * predicted;
}

/** Steps of a run whose phases are as long as those of any. */
const longRun = 10_000;

/** Operations of an update of a run on average: its phases have steps of other sizes. Throws as `stepSize`. */
export const meanStepOperations = (config: TrainConfig): number => runOperations(config, longRun)(longRun) / longRun;

/** The phases of a run of `steps` updates, with the operations of each step in them. */
const costsOf = (config: TrainConfig, steps: number): readonly { readonly from: number; readonly until: number; readonly each: number }[] =>
  phasesOf(config, steps).map(({ from, until, size, prediction }) => ({
    from,
    until,
    each: stepOperations(size, { ...config, prediction }),
  }));

/** Phases of a run, and how much work a step of each of them is together, in steps of its average size. */
export function trialOf(config: TrainConfig): { readonly phases: number; readonly work: number } {
  const costs = costsOf(config, longRun);
  return { phases: costs.length, work: costs.reduce((sum, { each }) => sum + each, 0) / meanStepOperations(config) };
}

/** Operations of a run of `steps` updates before each of its steps. */
function runOperations(config: TrainConfig, steps: number): (step: number) => number {
  const phases = costsOf(config, steps);
  return (step) => phases.reduce((sum, { from, until, each }) => sum + each * Math.max(0, Math.min(step, until) - from), 0);
}

/** How much of a run of `steps` updates is done before each step, in steps of its average size: at the end as many as it has. */
export function workOf(config: TrainConfig, steps: number): (step: number) => number {
  const before = runOperations(config, steps);
  const mean = before(steps) / steps;
  return (step) => before(step) / mean;
}

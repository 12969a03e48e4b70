// How much memory the trainer takes for a run, counted from its graph before anything is compiled.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { cropsPerImage } from '../../../shared/config/config.ts';
import type { MemoryParts } from '../../../shared/memory-parts.ts';
import { atOnce } from '../../files/in-pieces.ts';
import type { Pieces } from '../../files/in-pieces.ts';
import { slotCount } from '../../images/batch-plan.ts';
import { modelSize, movedParameters, patchValues, tokenCount } from '../../jepa/model.ts';
import { muonDirections, muonMatrices } from '../../jepa/muon.ts';
import { accumulate, crossesParts } from '../../jepa/step.ts';
import type { StepSize } from '../../jepa/step.ts';
import { sizeOf } from '../../tensor/graph.ts';
import type { Tensor } from '../../tensor/graph.ts';
import { graphMemory } from '../../tensor/memory.ts';
import type { GraphMemory } from '../../tensor/memory.ts';
import { untiled } from '../../tensor/tiles.ts';
import { inGroups, stateTensors } from '../run-folder/state.ts';
import { feedMemory, trialCutting } from './feed-memory.ts';
import type { Feed } from './feed-memory.ts';
import { cardJudging, processorJudging, tokenImages } from './judging-memory.ts';
import { parallelParts } from './parallel-parts.ts';
import type { Parts } from './parallel-parts.ts';
import { phasesOf } from './phases.ts';
import { stepSize } from './step-size.ts';

export interface MemoryPlan {
  /** Bytes of parameters and target encoder. */
  readonly weights: number;
  /** Of the optimiser's moments. */
  readonly moments: number;
  /** Running gradients, with the copies of them that the runtime returns. */
  readonly gradients: number;
  /** What is kept of a micro-batch for the backward pass, with what the runtime's arena cannot use. */
  readonly activations: number;
  /** Patches of the batches that are held. */
  readonly batch: number;
  /** Threads that cut pictures, with what passes through them, and the names of all images. */
  readonly cutting: number;
  /** Smaller pictures that are kept to cut crops from. */
  readonly pictures: number;
  /** What evaluations take beside the step: their graphs stay compiled, and what their arenas took once stays with them. */
  readonly judging: number;
  /** Node, onnxruntime, the thread that cuts batches, and the compiled graph. */
  readonly program: number;
  readonly total: number;
}

// Measured (README, "Memory"): a process that has loaded the runtime; a compiled graph per node; outputs are copied, and a copy waits
// for its collection; the arena holds more than what is alive.
const processBytes = 150e6;
const nodeBytes = 23e3;
/** Of a thread that loads the program and the runtime for itself. */
const threadBytes = 30e6;
const gradientCopies = 3;
const arenaShare = 1.15;

const bytesOf = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
  tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);

/** What a card holds of a run. */
export interface CardMemory {
  /**
   * Bytes: state, gradients, what of the state is there twice while it is moved, a micro-batch, and evaluations. What a driver takes for
   * itself is not in it.
   */
  readonly total: number;
  /** Bytes of the largest single value: drivers do not hand out buffers of any size. */
  readonly largest: number;
  readonly parts: MemoryParts;
}

/** A plan in the words of a person, who takes the threads that cut for a part of the program. */
export const partsOf = (plan: MemoryPlan): MemoryParts => ({
  weights: plan.weights,
  moments: plan.moments,
  gradients: plan.gradients,
  activations: plan.activations,
  batches: plan.batch,
  pictures: plan.pictures,
  evaluations: plan.judging,
  program: plan.program + plan.cutting,
});

const isMoment = ({ name }: { readonly name: string }): boolean => /^moment\d\./.test(name);

/** Bytes of what a run keeps from step to step. */
function stateBytes(model: StepSize['model']): Pick<MemoryPlan, 'weights' | 'moments'> {
  const tensors = stateTensors(model);
  return { weights: bytesOf(tensors.filter((one) => !isMoment(one))), moments: bytesOf(tensors.filter(isMoment)) };
}

/** Steps of a run that has all of its phases. */
const longRun = 1000;

/** A page asks after each change of a setting, for several micro-batches, and the graph of a large network takes a while. */
const mostCounted = 24;
const counts = new Map<string, MemoryPlan | CardMemory>();

function* remembered<T extends MemoryPlan | CardMemory>(
  kind: string,
  size: StepSize,
  config: TrainConfig,
  count: () => Pieces<T>,
): Pieces<T> {
  const { loss, prediction, sigreg, sigregProjections, agreement, agreementBy, contrastImages, optimiser, precision } = config;
  const objective = [loss, prediction, sigreg, sigregProjections, agreement, agreementBy, contrastImages];
  const key = JSON.stringify([kind, size, objective, optimiser, precision, Math.min(config.evaluateImages, tokenImages)]);
  const known = counts.get(key) ?? (yield* count());
  counts.delete(key);
  counts.set(key, known);
  if (counts.size > mostCounted) counts.delete(counts.keys().next().value!);
  return known as T;
}

/**
 * Within 15 % of the measured peak of a trial for every size tried, on the threads of the settings (one where they name none); of a run with
 * what it is cut from, its `feed`. Throws `bad-config` where the grid is too small for its masks.
 */
export const memoryPlan = (config: TrainConfig, feed?: Feed): MemoryPlan => atOnce(memoryPlanInPieces(config, feed));

/** The same, letting others in. */
export function* memoryPlanInPieces(config: TrainConfig, feed?: Feed): Pieces<MemoryPlan> {
  const plans: MemoryPlan[] = [];
  // The last phase has the largest crops, and one before it may be cut into more parts.
  for (const phase of phasesOf(config, longRun)) {
    const settings = { ...config, prediction: phase.prediction };
    const parts = parallelParts(phase.size, settings, config.threads);
    if (parts === undefined && phase.until < longRun) continue;
    plans.push(yield* remembered(`processor, ${JSON.stringify(parts)}`, phase.size, settings, () => counted(phase.size, settings, parts)));
  }
  const most = plans.reduce((larger, plan) => (plan.total > larger.total ? plan : larger));
  const fed = feedMemory(config, feed);
  return { ...most, ...fed, total: most.total + fed.cutting + fed.pictures };
}

/**
 * Bytes of the computer's memory that a run takes beside what a trial of it was measured to take: a trial cuts its crops from a made-up picture
 * and judges nothing. What evaluations compute lies there where the run is `onProcessor`. Less than nothing where the trial had far more threads.
 * Throws as above.
 */
export function* besideTrialInPieces(config: TrainConfig, feed: Feed | undefined, onProcessor: boolean): Pieces<number> {
  const { cutting, pictures } = feedMemory(config, feed);
  const judging = onProcessor ? (yield* memoryPlanInPieces(config)).judging : 0;
  return cutting + pictures + judging - trialCutting();
}

/** What a run takes of a graphics card that keeps its state, counted from its graph. Throws as `memoryPlan`. */
export function* cardMemoryInPieces(config: TrainConfig): Pieces<CardMemory> {
  return yield* cardMemoryOf(stepSize(config), config);
}

/** The same for sizes that are known. */
export function* cardMemoryOf(size: StepSize, config: TrainConfig): Pieces<CardMemory> {
  return yield* remembered('card', size, config, () => countedOnCard(size, config));
}

/** Each value that is alive may have a copy in float16 beside it, for the products that it goes into. */
const roundedShare = 0.5;

function* countedOnCard(size: StepSize, config: TrainConfig): Pieces<CardMemory> {
  const { model, microBatch } = size;
  // Cards are given graphs that are not cut into tiles.
  const counted = yield* stepMemory(size, config, untiled);
  const judging = cardJudging(size, config);
  const peak = (config.precision === 'float16' ? 1 + roundedShare : 1) * counted.peak;
  const { weights, moments } = stateBytes(model);
  const moved = Math.max(...inGroups(stateTensors(model)).map(bytesOf));
  const patches = 4 * microBatch * tokenCount(model) * patchValues(model);
  // The running gradients are among the outputs of the graph.
  const gradientBytes = bytesOf(movedParameters(model, config));
  const parts: MemoryParts = {
    weights,
    moments,
    gradients: gradientBytes + moved,
    activations: Math.max(0, peak - gradientBytes),
    batches: patches,
    pictures: 0,
    evaluations: judging.total,
    program: 0,
  };
  return {
    total: Object.values(parts).reduce((a, b) => a + b),
    largest: Math.max(counted.largest, judging.largest),
    parts,
  };
}

function* counted(size: StepSize, config: TrainConfig, parts: Parts | undefined): Pieces<MemoryPlan> {
  const shares = parts?.shares ?? 1;
  const pass = parts ? { ...size, microBatch: parts.microBatch } : size;
  const step = yield* stepMemory(pass, config);
  const moved = movedParameters(size.model, config);
  const gradientBytes = bytesOf(moved);
  const matrices = muonMatrices(moved, config);
  const orthogonal = graphMemory(Object.values(muonDirections(matrices)));
  yield;
  const judging = processorJudging(size, config);
  yield;
  // What shares have in common is there beside what is saved.
  const times = shares > 1 ? 2 : 1;
  const { weights, moments } = stateBytes(modelSize(config));
  const memory = {
    weights: times * weights,
    moments: times * moments,
    // Muon's directions and moved momenta are outputs as gradients are.
    gradients: gradientCopies * (shares * gradientBytes + 2 * bytesOf(matrices)),
    // The running gradients among the outputs are counted above.
    activations: shares * arenaShare * Math.max(0, step.peak - gradientBytes),
    batch: slotCount * 4 * size.batch * tokenCount(size.model) * patchValues(size.model),
    ...feedMemory(config, undefined),
    judging: arenaShare * judging.values + judging.collected,
    program:
      processBytes +
      (shares - 1) * threadBytes +
      nodeBytes * (shares * passes(pass, config) * step.nodes + orthogonal.nodes + judging.nodes),
  };
  return { ...memory, total: Object.values(memory).reduce((a, b) => a + b) };
}

/** Graphs of a pass, in those of the longest: a third of it is the forward pass that losses over several parts need. */
const passes = (size: StepSize, config: TrainConfig): number => (crossesParts(size, config) ? 4 / 3 : 1);

/** Of the graph of a micro-batch: blocks are alike, so that it is traced with one and with two, and the others follow from that. */
function* stepMemory(
  size: StepSize,
  config: TrainConfig,
  build: (graph: () => readonly Tensor[]) => readonly Tensor[] = (graph) => graph(),
): Pieces<GraphMemory> {
  const { model } = size;
  const { encoder, predictor } = model;
  function* traced(encoderDepth: number, predictorDepth: number): Pieces<GraphMemory> {
    const shallow = { ...model, encoder: { ...encoder, depth: encoderDepth }, predictor: { ...predictor, depth: predictorDepth } };
    const graph = build(() => Object.values(accumulate({ ...size, model: shallow }, config)));
    yield;
    const found = graphMemory(graph);
    yield;
    return found;
  }
  const one = yield* traced(1, 1);
  const encoderBlock = yield* traced(2, 1);
  const predictorBlock = yield* traced(1, 2);
  const at = (key: 'peak' | 'nodes'): number =>
    one[key] + (encoder.depth - 1) * (encoderBlock[key] - one[key]) + (predictor.depth - 1) * (predictorBlock[key] - one[key]);
  return { peak: at('peak'), largest: one.largest, nodes: at('nodes') };
}

/** More bytes than a run takes whose micro-batch was chosen for speed, without tracing its graph: several times what most take. */
export function surelyEnough(config: TrainConfig, feed?: Feed): number {
  const size = modelSize(config);
  const depth = size.encoder.depth + size.predictor.depth;
  const state = bytesOf(stateTensors(size));
  // A thread has gradients and graphs of its own; of activations all have as much as one would.
  const each = threadBytes + state + depth * 1e8;
  const batches = slotCount * 4 * config.batchSize * cropsPerImage(config) * 3 * config.imageSize ** 2;
  const { cutting, pictures } = feedMemory(config, feed);
  return processBytes + 3 * state + batches + 2e9 + depth * 2e8 + Math.max(0, config.threads - 1) * each + cutting + pictures;
}

// How much memory the trainer takes for a run on the processor, counted from its graph before anything is compiled.
import type { TrainConfig } from '../../shared/config-table.ts';
import { atOnce } from '../files/in-pieces.ts';
import type { Pieces } from '../files/in-pieces.ts';
import { modelSize, patchValues, tokenCount, trainedParameters } from '../jepa/model.ts';
import { isMuonMatrix } from '../jepa/muon.ts';
import { accumulate } from '../jepa/step.ts';
import type { StepSize } from '../jepa/step.ts';
import { sizeOf } from '../tensor/graph.ts';
import { graphMemory } from '../tensor/memory.ts';
import type { GraphMemory } from '../tensor/memory.ts';
import { muonDirections } from './optimiser.ts';
import { inGroups, stateTensors } from './state.ts';
import { possibleMicroBatches, stepSize } from './step-size.ts';

export interface MemoryPlan {
  /** Bytes of parameters, target encoder and moments. */
  readonly state: number;
  /** Running gradients, with the copies of them that the runtime returns. */
  readonly gradients: number;
  /** What is kept of a micro-batch for the backward pass, with what the runtime's arena cannot use. */
  readonly activations: number;
  /** Patches of a batch. */
  readonly batch: number;
  /** Node, onnxruntime and the compiled graph. */
  readonly program: number;
  readonly total: number;
}

// Measured (README, "Memory"): a process that has loaded the runtime; a compiled graph per node; outputs are copied, and a copy waits
// for its collection; the arena holds more than what is alive.
const processBytes = 150e6;
const nodeBytes = 23e3;
const gradientCopies = 3;
const arenaShare = 1.15;

const bytesOf = (tensors: readonly { readonly shape: readonly number[] }[]): number =>
  tensors.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);

/** A page asks after each change of a setting, and the graph of a large network takes a while. */
let last: { readonly key: string; readonly plan: MemoryPlan } | undefined;

/** Within 15 % of the measured peak of a trial for every size tried. Throws `bad-config` where the grid is too small for its masks. */
export const memoryPlan = (config: TrainConfig): MemoryPlan => atOnce(memoryPlanInPieces(config));

/** The same, letting others in. */
export function* memoryPlanInPieces(config: TrainConfig): Pieces<MemoryPlan> {
  const size = stepSize(config);
  const { loss, prediction, sigreg, sigregProjections, agreement, agreementBy, optimiser } = config;
  const key = JSON.stringify([size, loss, prediction, sigreg, sigregProjections, agreement, agreementBy, optimiser]);
  if (last?.key !== key) last = { key, plan: yield* counted(size, config) };
  return last.plan;
}

/**
 * Bytes that a run takes of a graphics card that keeps its state, counted from its graph: state, gradients, what of the state is there
 * twice while it is moved, and a micro-batch. What a driver takes for itself is not in it. Throws as `memoryPlan`.
 */
export function* cardMemoryInPieces(config: TrainConfig): Pieces<number> {
  const { state, activations } = yield* memoryPlanInPieces(config);
  const { model, microBatch } = stepSize(config);
  const gradientBytes = bytesOf(trainedParameters(model));
  const moved = Math.max(...inGroups(stateTensors(model)).map(bytesOf));
  return state + gradientBytes + moved + activations / arenaShare + 4 * microBatch * tokenCount(model) * patchValues(model);
}

function* counted(size: StepSize, config: TrainConfig): Pieces<MemoryPlan> {
  const step = yield* stepMemory(size, config);
  const trained = trainedParameters(size.model);
  const gradientBytes = bytesOf(trained);
  const matrices = config.optimiser === 'muon' ? trained.filter(isMuonMatrix) : [];
  const orthogonal = graphMemory(Object.values(muonDirections(matrices)));
  yield;
  const parts = {
    state: bytesOf(stateTensors(modelSize(config))),
    // Muon's directions and moved momenta are outputs as gradients are.
    gradients: gradientCopies * (gradientBytes + 2 * bytesOf(matrices)),
    // The running gradients among the outputs are counted above.
    activations: arenaShare * Math.max(0, step.peak - gradientBytes),
    batch: 4 * size.batch * tokenCount(size.model) * patchValues(size.model),
    program: processBytes + nodeBytes * (step.nodes + orthogonal.nodes),
  };
  return { ...parts, total: Object.values(parts).reduce((a, b) => a + b) };
}

/** Of the graph of a micro-batch: blocks are alike, so that it is traced with one and with two, and the others follow from that. */
function* stepMemory(size: StepSize, config: TrainConfig): Pieces<GraphMemory> {
  const { model } = size;
  const { encoder, predictor } = model;
  const traced = (encoderDepth: number, predictorDepth: number): GraphMemory => {
    const shallow = { ...model, encoder: { ...encoder, depth: encoderDepth }, predictor: { ...predictor, depth: predictorDepth } };
    return graphMemory(Object.values(accumulate({ ...size, model: shallow }, config)));
  };
  const one = traced(1, 1);
  yield;
  const encoderBlock = traced(2, 1);
  yield;
  const predictorBlock = traced(1, 2);
  yield;
  const at = (key: keyof GraphMemory): number =>
    one[key] + (encoder.depth - 1) * (encoderBlock[key] - one[key]) + (predictor.depth - 1) * (predictorBlock[key] - one[key]);
  return { peak: at('peak'), nodes: at('nodes') };
}

/** More bytes than a run takes whose micro-batch was chosen for speed, without tracing its graph: several times what most take. */
function surelyEnough(config: TrainConfig): number {
  const size = modelSize(config);
  const depth = size.encoder.depth + size.predictor.depth;
  return processBytes + 3 * bytesOf(stateTensors(size)) + 2e9 + depth * 2e8;
}

/**
 * The run with a micro-batch that fits `available` bytes, when none was set: the largest of those not above what is best for speed, or
 * the smallest there is.
 */
export function withFittingMicroBatch(config: TrainConfig, available: number): TrainConfig {
  if (config.microBatch > 0 || surelyEnough(config) <= available || memoryPlan(config).total <= available) return config;
  const smaller = possibleMicroBatches(config).map((microBatch) => ({ ...config, microBatch }));
  return smaller.findLast((one) => memoryPlan(one).total <= available) ?? smaller[0] ?? config;
}

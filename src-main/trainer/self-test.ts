// A device is used only after three tiny steps on it, and embeddings, agree with the float64 reference of the same graphs.
import { Random } from '../../shared/random.ts';
import { update } from '../jepa/adamw.ts';
import { embed } from '../jepa/embedding.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import { encoderInputs } from '../jepa/transformer.ts';
import { runtimeVersion } from '../runtime/onnx-session.ts';
import { tensorflowStatus } from '../runtime/tensorflow-status.ts';
import { evaluate } from '../tensor/reference.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import type { ForwardOptions } from '../training/passes/forward-pass.ts';
import { stepSize } from '../training/plan/step-size.ts';
import { initialState } from '../training/run-folder/state.ts';
import { scheduleInputsAt, scheduleOf } from '../training/schedules.ts';
import { StepRunner } from '../training/step-runner.ts';
import { leavesProducts, longProductDeviation } from './bare-product.ts';
import { productRate } from './product-rate.ts';
import type { SelfTestJob, SelfTestResult } from './protocol.ts';
import { figureDeviation, referenceStep, testPatches, tiny, tinySteps as steps } from './tiny-steps.ts';
import type { Figures, ReferenceStep, Weights } from './tiny-steps.ts';

const pictures = 3;
/** Relative, of losses and gradient norms. */
const tolerances = { float32: 1e-4, bfloat16: 2e-2, float16: 2e-2 } as const;
const updateTolerance = 1e-2;

/** Largest difference of what an update has made of the state from the same update in float64, over the largest change of its tensor. */
function updateDeviation(before: Weights, after: Weights, { gradients }: ReferenceStep): number {
  const { model } = stepSize(tiny);
  const { gradientNorm: _, ...graph } = update(model, tiny);
  const schedule = scheduleInputsAt(scheduleOf(tiny, steps), tiny, 0);
  const expected = evaluate(Object.values(graph), { ...before, ...gradients, ...schedule });
  const deviations = Object.keys(graph).map((name, at) => {
    // The gradient of the keys' biases is 0: what moves them is the rounding of each device.
    if (name.endsWith('attention.qkv.bias')) return 0;
    const [was, is] = [before[name]!, after[name]!];
    let [difference, change] = [0, 1e-12];
    expected[at]!.forEach((value, i) => {
      difference = Math.max(difference, Math.abs(is[i]! - value));
      change = Math.max(change, Math.abs(value - was[i]!));
    });
    return difference / change;
  });
  return Math.max(...deviations);
}

/** Largest difference of the embeddings of a few images from those in float64, over the largest number. */
async function embeddingDeviation(tensors: Weights, options: ForwardOptions): Promise<number> {
  const { model } = stepSize(tiny);
  const random = new Random(1, 'test', steps);
  const patches = Float32Array.from({ length: pictures * tokenCount(model) * patchValues(model) }, () => random.normal());
  const weights = Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith('targetEncoder.')));
  const { embedding } = embed(encoderInputs('targetEncoder', model), model, pictures, 'last');
  const [expected] = evaluate([embedding], { ...weights, patches });
  const runner = await EncoderRunner.create(model, 'last', options, false, pictures, weights);
  const found = (await runner.run(patches)).embedding;
  await runner.dispose();
  const largest = expected!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected![i]!)), 0) / largest;
}

/** What computes on a device, and why it is not a card where it should be one. */
async function runtimeOf({ device, threads }: SelfTestJob): Promise<Pick<SelfTestResult, 'runtime' | 'remark'>> {
  if (device !== 'tensorflow') {
    const leaves = await leavesProducts({ device, threads });
    return { runtime: `onnxruntime ${runtimeVersion()}`, ...(leaves && { remark: 'It leaves matrix products to the processor.' }) };
  }
  const { version, obstacles } = tensorflowStatus();
  return { runtime: `TensorFlow ${version}`, ...(obstacles.length > 0 && { remark: `It uses no graphics card. ${obstacles.join(' ')}` }) };
}

/** The first step in micro-batches, whose gradients are carried and whose losses over the batch are made of pieces: it has the same figures. */
async function piecesDeviation(options: Omit<SelfTestJob, 'kind' | 'free'>, expected: Figures): Promise<number> {
  const runner = await StepRunner.create({ ...tiny, microBatch: 1 }, steps, options);
  const { model, batch } = runner.size;
  const found = await runner.run(initialState(tiny), testPatches(model, batch, 0));
  await runner.dispose();
  return figureDeviation(found, expected);
}

/**
 * In float32 micro-batches, updates and embeddings are compared too; in reduced precision that would be the same kernels once more, and
 * long sums are looked at instead.
 */
export async function runSelfTest(job: SelfTestJob): Promise<SelfTestResult> {
  const { device, threads, precision = 'float32' } = job;
  const options = { device, threads, precision };
  const isFull = precision === 'float32';
  const runner = await StepRunner.create(tiny, steps, options);
  const { model, batch } = runner.size;
  const state = initialState(tiny);
  const deviations: number[] = [];
  for (let step = 0; step < steps; step++) {
    const patches = testPatches(model, batch, step);
    const before = Object.fromEntries(Object.entries(state.tensors).map(([name, values]) => [name, values.slice()]));
    const expected = referenceStep(before, step, patches);
    const found = await runner.run(state, patches);
    // The next reference is computed from what the device's update has made of the weights.
    await runner.save();
    deviations.push(figureDeviation(found, expected.figures));
    if (step > 0 || !isFull) continue;
    deviations.push(await piecesDeviation(options, expected.figures));
    const moved = updateDeviation(before, state.tensors, expected);
    // Weights have few digits left where they hardly move.
    if (!(moved < updateTolerance)) deviations.push(moved);
  }
  await runner.dispose();
  deviations.push(isFull ? await embeddingDeviation(state.tensors, { device, threads }) : await longProductDeviation(options));
  const deviation = Math.max(...deviations);
  // What is not a number is no small deviation.
  const passed = deviation < tolerances[precision];
  const { rate, side } = passed ? await productRate(options, job.free) : { rate: 0, side: 0 };
  return { deviation, passed, matmulRate: rate, matmulSide: side, ...(await runtimeOf(job)) };
}

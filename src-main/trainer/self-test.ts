// A device is used only after three tiny steps on it, and embeddings, agree with the float64 reference of the same graphs.
import { parseConfig } from '../../shared/config.ts';
import { Random } from '../../shared/random.ts';
import { packMasks } from '../jepa/mask-batch.ts';
import { drawMasks } from '../jepa/masks.ts';
import { update } from '../jepa/adamw.ts';
import { patchValues, pooledWidth, tokenCount } from '../jepa/model.ts';
import type { ModelSize } from '../jepa/model.ts';
import { embed } from '../jepa/embedding.ts';
import { encoderInputs } from '../jepa/transformer.ts';
import { accumulate } from '../jepa/step.ts';
import { encodingDevice, keepsState } from '../runtime/devices.ts';
import { OnnxSession, runtimeVersion } from '../runtime/onnx-session.ts';
import type { SessionOptions } from '../runtime/onnx-session.ts';
import { TensorflowSession } from '../runtime/tensorflow-session.ts';
import { tensorflowStatus } from '../runtime/tensorflow-status.ts';
import { lowerTensorflow } from '../tensor/lower-tensorflow.ts';
import { matmul } from '../tensor/products.ts';
import { evaluate } from '../tensor/reference.ts';
import { input, sumAll } from '../tensor/structure.ts';
import { scheduleInputsAt, scheduleOf } from '../training/schedules.ts';
import { initialState } from '../training/state.ts';
import { EncoderRunner } from '../training/encoder-runner.ts';
import { StepRunner } from '../training/step-runner.ts';
import { stepSize } from '../training/step-size.ts';
import type { SelfTestJob, SelfTestResult } from './protocol.ts';

/** The usual recipe on a network of a few thousand weights: every kind of op that a run has. */
const tiny = parseConfig({
  architecture: 'custom',
  width: 16,
  depth: 2,
  heads: 2,
  mlpRatio: 2,
  imageSize: 16,
  patchSize: 4,
  predictorWidth: 8,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 2,
  microBatch: 2,
  agreement: 1,
  sigreg: 0.1,
  sigregProjections: 8,
  projectorWidth: 8,
  predictionStride: 2,
  optimiser: 'muon',
  learningRate: 1e-2,
  threads: 1,
});
const steps = 3;
const pictures = 3;
type Weights = Readonly<Record<string, Float32Array>>;
const tolerance = 1e-4;
const updateTolerance = 1e-2;
const matmulSide = 1024;

/** Rate of a bare float32 matrix product, GFLOP/s: the bound that everything else is compared with. */
export async function matmulRate(
  options: { readonly device?: SelfTestJob['device']; readonly threads: number },
  seconds = 0.5,
): Promise<number> {
  const product = await productOn(options);
  await product.run();
  const began = performance.now();
  let runs = 0;
  while (performance.now() - began < 1000 * seconds) {
    await product.run();
    runs++;
  }
  const rate = (runs * 2 * matmulSide ** 3) / (performance.now() - began) / 1e6;
  await product.dispose();
  return rate;
}

interface Product {
  run(): Promise<unknown>;
  dispose(): Promise<void>;
}

async function productOn({
  device = 'cpu',
  threads,
}: {
  readonly device?: SelfTestJob['device'];
  readonly threads: number;
}): Promise<Product> {
  const shape = [matmulSide, matmulSide];
  const y = matmul(input('a', shape), input('b', shape));
  const a = new Float32Array(matmulSide ** 2).fill(0.5);
  if (device === 'tensorflow') {
    const functions = {
      load: { outputs: { a: input('given', shape) } },
      total: { outputs: { total: sumAll(matmul(input('a', shape), input('a', shape))) } },
    };
    const session = await TensorflowSession.create(lowerTensorflow(functions, { a: shape }), { threads });
    await session.call('load', { given: a });
    return { run: async () => session.call('total'), dispose: async () => session.dispose() };
  }
  const options = { device, threads };
  if (!keepsState(device)) {
    const session = await OnnxSession.compile({ y }, options);
    const result = new Float32Array(matmulSide ** 2);
    return { run: async () => session.run({ a, b: a }, { y: result }), dispose: async () => session.dispose() };
  }
  // Operands and product stay on the device, and only a sum comes back.
  const upload = await OnnxSession.compile({ a: input('a', shape) }, { ...options, keep: () => true });
  const held = (await upload.runOnDevice({ a })).kept['a']!;
  const session = await OnnxSession.compile({ total: sumAll(y) }, options);
  return {
    run: async () => session.runOnDevice({ a: held, b: held }),
    dispose: async () => {
      held.dispose();
      await Promise.all([upload.dispose(), session.dispose()]);
    },
  };
}

/** Loss and norm of the gradient of one step in float64, from the weights as they are. */
function referenceStep(tensors: Weights, step: number, patches: Float32Array): ReferenceStep {
  const size = stepSize(tiny);
  const { pooled: _, squaredError: __, smoothL1, coupled, ...gradients } = accumulate(size, tiny, 'alone');
  const random = new Random(tiny.seed, 'projection', step);
  const directions = Float32Array.from({ length: pooledWidth(size.model) * tiny.sigregProjections }, () => random.normal());
  const masks = packMasks(size, drawMasks(tiny, tiny.seed, step, size.batch, size.contextTokens), 0);
  const [masked, agreed, ...computed] = evaluate([smoothL1!, coupled!, ...Object.values(gradients)], {
    ...tensors,
    ...masks,
    directions,
    patches,
  });
  const squared = computed.reduce((total, values) => total + values.reduce((sum, value) => sum + value * value, 0), 0);
  return {
    figures: { loss: tiny.prediction * masked![0]! + agreed![0]!, gradientNorm: Math.sqrt(squared) },
    gradients: Object.fromEntries(Object.keys(gradients).map((name, at) => [name, Float32Array.from(computed[at]!)])),
  };
}

interface ReferenceStep {
  readonly figures: Figures;
  readonly gradients: Weights;
}
type Figures = Readonly<Record<'loss' | 'gradientNorm', number>>;

const figureDeviation = (found: Figures, expected: Figures): number =>
  Math.max(...(['loss', 'gradientNorm'] as const).map((figure) => Math.abs(found[figure] / expected[figure] - 1)));

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
async function embeddingDeviation(tensors: Weights, options: SessionOptions): Promise<number> {
  const { model } = stepSize(tiny);
  const random = new Random(1, 'test', steps);
  const patches = Float32Array.from({ length: pictures * tokenCount(model) * patchValues(model) }, () => random.normal());
  const weights = Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith('targetEncoder.')));
  const { embedding } = embed(encoderInputs('targetEncoder', model), model, pictures, 'last');
  const [expected] = evaluate([embedding], { ...weights, patches });
  const runner = await EncoderRunner.create(model, 'last', options, false, pictures, weights);
  const found = (await runner.run(weights, patches)).embedding;
  await runner.dispose();
  const largest = expected!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected![i]!)), 0) / largest;
}

/** What computes on a device, and why it is not a card where it should be one. */
function runtimeOf(device: SelfTestJob['device']): Pick<SelfTestResult, 'runtime' | 'remark'> {
  if (device !== 'tensorflow') return { runtime: `onnxruntime ${runtimeVersion()}` };
  const { version, obstacles } = tensorflowStatus();
  return { runtime: `TensorFlow ${version}`, ...(obstacles.length > 0 && { remark: `It uses no graphics card. ${obstacles.join(' ')}` }) };
}

const testPatches = (model: ModelSize, batch: number, step: number): Float32Array => {
  const random = new Random(1, 'test', step);
  return Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.normal());
};

/** The first step in micro-batches, whose gradients are carried and whose losses over the batch are made of pieces: it has the same figures. */
async function piecesDeviation(options: Omit<SelfTestJob, 'kind'>, expected: Figures): Promise<number> {
  const runner = await StepRunner.create({ ...tiny, microBatch: 1 }, steps, options);
  const { model, batch } = runner.size;
  const found = await runner.run(initialState(tiny), testPatches(model, batch, 0));
  await runner.dispose();
  return figureDeviation(found, expected);
}

export async function runSelfTest({ device, threads }: SelfTestJob): Promise<SelfTestResult> {
  const runner = await StepRunner.create(tiny, steps, { device, threads });
  const { model, batch } = runner.size;
  const state = initialState(tiny);
  let deviation = 0;
  for (let step = 0; step < steps; step++) {
    const patches = testPatches(model, batch, step);
    const before = Object.fromEntries(Object.entries(state.tensors).map(([name, values]) => [name, values.slice()]));
    const expected = referenceStep(before, step, patches);
    const found = await runner.run(state, patches);
    // The next reference is computed from what the device's update has made of the weights.
    await runner.save();
    deviation = Math.max(deviation, figureDeviation(found, expected.figures));
    if (step > 0) continue;
    const moved = updateDeviation(before, state.tensors, expected);
    // Weights have few digits left where they hardly move.
    if (!(moved < updateTolerance)) deviation = Math.max(deviation, moved);
    deviation = Math.max(deviation, await piecesDeviation({ device, threads }, expected.figures));
  }
  await runner.dispose();
  deviation = Math.max(deviation, await embeddingDeviation(state.tensors, { device: encodingDevice(device), threads }));
  // What is not a number is no small deviation.
  const passed = deviation < tolerance;
  return { deviation, passed, matmulRate: passed ? await matmulRate({ device, threads }) : 0, ...runtimeOf(device) };
}

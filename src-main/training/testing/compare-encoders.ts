// Embeds the same pictures on the CPU and on a device, in a process of its own that may die of it, with weights that are compiled in and with
// two networks that are held one after the other; says how far the vectors lie apart, and what memory is resident after some more passes.
// Needs --expose-gc. Argument: JSON { device, passes }.
import { readFileSync } from 'node:fs';
import { parseConfig } from '../../../shared/config/config.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { Random } from '../../../shared/random.ts';
import { asTargets } from '../../evaluation/positional.ts';
import type { PatchBlock } from '../../images/patches.ts';
import { embed } from '../../jepa/embedding.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { modelSize } from '../../jepa/model.ts';
import { encoderInputs } from '../../jepa/transformer.ts';
import { DeviceValue, OnnxSession } from '../../runtime/onnx-session.ts';
import type { Values } from '../../runtime/onnx-session.ts';
import { cast, less } from '../../tensor/elementwise.ts';
import { input, transpose } from '../../tensor/structure.ts';
import { MaskedViews } from '../judging/masked-figures.ts';
import { EncoderRunner } from '../passes/encoder-runner.ts';
import { compileForward } from '../passes/forward-pass.ts';
import type { Weights } from '../passes/forward-pass.ts';
import { encoderWeights, initialState } from '../run-folder/state.ts';
import { deviceSettings } from './small-run.ts';

export interface EncoderComparison {
  /** Largest difference from the CPU's, over its largest number, by what was compared. */
  readonly deviations: Readonly<Record<string, number>>;
  /** MB resident after a quarter of the passes, and after all. */
  readonly early: number;
  readonly late: number;
  /** Of one encoder on the device. */
  readonly crossings: Crossings;
  /** Why a pass is refused of which onnxruntime's WebGPU has no kernel for a part; absent where it is compiled. */
  readonly refused?: string;
}

export interface Crossings {
  /** Bytes of arrays that onnxruntime is fed as it is made with its weights, and in each of four calls. */
  readonly hold: number;
  readonly calls: readonly number[];
  /** Bytes of its weights, and of the pictures of a call. */
  readonly weights: number;
  readonly patches: number;
  /** Values that the device keeps after two calls, one with other weights, once they are let go of, after one more, and in the end. */
  readonly kept: readonly number[];
  /** What the later calls make beside the first: with the same weights, others, and the first again. */
  readonly differences: readonly number[];
}

const { device, passes } = JSON.parse(process.argv[2]!) as { readonly device: DeviceId; readonly passes: number };
const [pictures, batch] = [7, 4];
const config = parseConfig({
  ...deviceSettings,
  imageSize: 24,
  width: 32,
  depth: 2,
  positions: 'learned',
  masking: 'paper-exact',
  minKeep: 2,
});
const size = modelSize(config);
const perImage = 3 * config.imageSize ** 2;
const random = new Random(4, 'test');
const patches = Float32Array.from({ length: pictures * perImage }, () => random.normal());
const states = [config, { ...config, seed: 1 }].map((one) => initialState(one).tensors);
const networks = states.map((tensors) => encoderWeights({ step: 0, tensors }, size, 'targetEncoder'));

type Made = Record<string, Float32Array>;

/** In two passes, the last of which is not full. */
async function embedded(runner: EncoderRunner): Promise<{ readonly vectors: Float32Array; readonly tokens: Float32Array }> {
  const parts: { embedding: Float32Array; tokens?: Float32Array }[] = [];
  for (let at = 0; at < pictures; at += batch) {
    const { embedding, tokens } = await runner.run(patches.subarray(at * perImage, (at + batch) * perImage));
    parts.push({ embedding: embedding.slice(), ...(tokens && { tokens: tokens.slice() }) });
  }
  const joined = (of: readonly Float32Array[]): Float32Array => Float32Array.from(of.flatMap((part) => [...part]));
  return { vectors: joined(parts.map(({ embedding }) => embedding)), tokens: joined(parts.flatMap(({ tokens }) => tokens ?? [])) };
}

async function madeOn(where: DeviceId): Promise<Made> {
  const made: Made = {};
  const options = { device: where, threads: 1 };
  const runnerOf = async (layer: EmbeddingLayer, withTokens: boolean, frozen?: Weights): Promise<EncoderRunner> =>
    EncoderRunner.create(size, layer, options, withTokens, batch, frozen);
  for (const layer of ['last', 'last4'] as const) {
    const runner = await runnerOf(layer, false, networks[0]);
    made[`${layer}, known weights`] = (await embedded(runner)).vectors;
    await runner.dispose();
  }
  const held = await runnerOf('last', true);
  for (const [i, network] of networks.entries()) {
    await held.hold(network);
    const { vectors, tokens } = await embedded(held);
    made[`network ${i}`] = vectors;
    made[`tokens of network ${i}`] = tokens;
  }
  await held.dispose();
  const views = await MaskedViews.create(config, options);
  async function* blocks(): AsyncGenerator<PatchBlock> {
    for (let from = 0; from < pictures; from += views.batch) {
      const places = Array.from({ length: Math.min(views.batch, pictures - from) }, (_, i) => from + i);
      yield { places, patches: patches.subarray(from * perImage, (from + places.length) * perImage) };
      await Promise.resolve();
    }
  }
  for (const [i, tensors] of states.entries()) {
    const targets = asTargets(made[`tokens of network ${i}`]!.slice(), size.encoder.width);
    const images = { rows: Uint32Array.from({ length: pictures }, (_, row) => row), targets };
    const { lidar, predictionMargin } = await views.figures(tensors, images, blocks());
    made[`LiDAR of network ${i}`] = Float32Array.of(lidar!);
    // A difference of two cosines, beside one.
    made[`prediction margin of network ${i}`] = Float32Array.of(predictionMargin!, 1);
  }
  await views.dispose();
  return made;
}

async function resident(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc!();
    await new Promise((resolve) => setImmediate(resolve)); // finalisers run between two tasks
  }
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
}

const [expected, found] = [await madeOn('cpu'), await madeOn(device)];
const most = (values: Float32Array): number => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
const deviations = Object.fromEntries(
  Object.entries(expected).map(([name, values]) => [name, most(values.map((value, i) => found[name]![i]! - value)) / most(values)]),
);
// The two networks are told apart by more than any deviation.
deviations['between the networks'] = most(expected['network 0']!.map((value, i) => value - expected['network 1']![i]!));

/** Counts what is fed to a call as an array, and what a device keeps until it is disposed of. */
function counted(): { fed: number; readonly alive: Set<DeviceValue> } {
  const counts = { fed: 0, alive: new Set<DeviceValue>() };
  // Called with their own objects below.
  const run = Reflect.get(OnnxSession.prototype, 'run') as OnnxSession['run'];
  const runOnDevice = Reflect.get(OnnxSession.prototype, 'runOnDevice') as OnnxSession['runOnDevice'];
  const dispose = Reflect.get(DeviceValue.prototype, 'dispose') as DeviceValue['dispose'];
  const count = (names: readonly string[], feeds: Readonly<Record<string, Values | DeviceValue>>): void => {
    for (const name of names) {
      const values = feeds[name]!;
      if (!(values instanceof DeviceValue)) counts.fed += values.byteLength;
    }
  };
  OnnxSession.prototype.run = async function (this: OnnxSession, feeds, ...rest) {
    count(this.inputs, feeds);
    return run.call(this, feeds, ...rest);
  };
  OnnxSession.prototype.runOnDevice = async function (this: OnnxSession, feeds) {
    count(this.inputs, feeds);
    const results = await runOnDevice.call(this, feeds);
    for (const value of Object.values(results.kept)) counts.alive.add(value);
    return results;
  };
  DeviceValue.prototype.dispose = function (this: DeviceValue) {
    counts.alive.delete(this);
    dispose.call(this);
  };
  return counts;
}

const counts = counted();
/** Bytes that were fed since it was last asked. */
const fed = (): number => {
  const { fed: bytes } = counts;
  counts.fed = 0;
  return bytes;
};
const kept: number[] = [];
const vectors: Float32Array[] = [];
const calls: number[] = [];
const pictureValues = patches.subarray(0, batch * perImage);
const build = () => embed(encoderInputs('targetEncoder', size), size, batch, 'last');
// As one that is too large to be compiled in.
const pass = await compileForward(() => ({ ...build() }), { device, threads: 1 }, networks[0]!, 0);
const hold = fed();
const call = async (): Promise<void> => {
  vectors.push((await pass.run({ patches: pictureValues }))['embedding']!.slice());
  calls.push(fed());
  kept.push(counts.alive.size);
};
await call();
await call();
await pass.hold(networks[1]!);
fed();
await call();
pass.release();
kept.push(counts.alive.size);
await call();
let early = 0;
for (let i = 0; i < passes; i++) {
  await pass.hold(networks[i % 2]!);
  await pass.run({ patches: pictureValues });
  if (i === Math.floor(passes / 4)) early = await resident();
}
const late = await resident();
await pass.dispose();
kept.push(counts.alive.size);
const crossings: Crossings = {
  hold,
  calls,
  weights: Object.values(networks[0]!).reduce((sum, { byteLength }) => sum + byteLength, 0),
  patches: pictureValues.byteLength,
  kept,
  differences: vectors.slice(1).map((one) => most(one.map((value, i) => value - vectors[0]![i]!))),
};

/** Truth values are transposed by the processor alone. */
const transposed = () => ({ y: cast(transpose(less(input('x', [2, 3]), 1), [1, 0]), 'float32') });
const refused = await compileForward(transposed, { device, threads: 1 }).then(
  async (pass) => pass.dispose(),
  (error: unknown) => String(error),
);
process.stdout.write(
  JSON.stringify({
    deviations,
    early,
    late,
    crossings,
    ...(refused !== undefined && { refused }),
  } satisfies EncoderComparison),
);

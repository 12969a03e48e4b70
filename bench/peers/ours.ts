// This program on the same work, in a process like the trainer's. Answers `matmul`, `step` and `embed`; see ../peer.ts.
// Parameters: threads, images per pass (0: as many as the program chooses), what the step runs on (cpu, or tensorflow where its library is
// installed), and whether the network is the one that is suggested for small pictures instead of ViT-S/16, with its small crops (`small`)
// or with whole ones (`suggested`).
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DeviceId } from '../../shared/devices.ts';
import { Random } from '../../shared/random.ts';
import { encoderParameters, movedParameters, patchValues, tokenCount } from '../../src-main/jepa/model.ts';
import { muonDirections, muonMatrices } from '../../src-main/jepa/muon.ts';
import { accumulate } from '../../src-main/jepa/step.ts';
import { OnnxSession, runtimeVersion } from '../../src-main/runtime/onnx-session.ts';
import { sizeOf } from '../../src-main/tensor/graph.ts';
import { lowerOnnx } from '../../src-main/tensor/lower-onnx.ts';
import { matmul } from '../../src-main/tensor/products.ts';
import { input } from '../../src-main/tensor/structure.ts';
import { EncoderRunner } from '../../src-main/training/passes/encoder-runner.ts';
import { phasesOf } from '../../src-main/training/plan/phases.ts';
import { initialState } from '../../src-main/training/run-folder/state.ts';
import { StepRunner } from '../../src-main/training/step-runner.ts';
import { operationsOf } from '../operations.ts';
import { benchConfig, suggestedConfig } from '../shape.ts';

const [threads, microBatch] = process.argv.slice(2, 4).map(Number) as [number, number];
const device = (process.argv[4] ?? 'cpu') as DeviceId;
const crops = process.argv[5] as 'small' | 'suggested' | undefined;
const config = crops === undefined ? benchConfig(microBatch, threads) : suggestedConfig(crops, threads);
const steps = 1000;
const [{ size, prediction }] = phasesOf(config, steps);
const objective = { ...config, prediction };
const { batch, microBatch: perPass, model: network } = size;
const valuesOfImage = tokenCount(network) * patchValues(network);
const random = new Random(1, 'test');
// As batches are: memory that threads share.
const patches = new Float32Array(new SharedArrayBuffer(4 * batch * valuesOfImage));
for (let i = 0; i < patches.length; i++) patches[i] = random.between(-1, 1);
const state = initialState(config);

// Time inside `run`, copies of its results included; what is left of a step is ours.
let inside = 0;
const prototype: { run(this: OnnxSession, ...given: Parameters<OnnxSession['run']>): ReturnType<OnnxSession['run']> } =
  OnnxSession.prototype;
const bare = Object.getOwnPropertyDescriptor(prototype, 'run')!.value as typeof prototype.run;
prototype.run = async function timed(...given) {
  const began = performance.now();
  const results = await bare.apply(this, given);
  inside += performance.now() - began;
  return results;
};

const side = 1024;
const product = await OnnxSession.create(lowerOnnx({ y: matmul(input('a', [side, side]), input('b', [side, side])) }), { threads });
const [a, y] = [new Float32Array(side ** 2).fill(0.5), new Float32Array(side ** 2)];

let runner: StepRunner | undefined;
let encoder: EncoderRunner | undefined;
const commands: Readonly<Record<string, () => Promise<Readonly<Record<string, number>>>>> = {
  matmul: async () => {
    for (let i = 0; i < 20; i++) await product.run({ a, b: a }, { y });
    return {};
  },
  create: async () => {
    runner = await StepRunner.create(config, steps, { threads, device });
    const graph = Object.values(accumulate(size, objective));
    const calls = batch / perPass;
    const directions = muonDirections(muonMatrices(movedParameters(network, objective), config));
    return {
      operations: calls * operationsOf(graph) + operationsOf(Object.values(directions)),
      copiedBytes: calls * graph.reduce((total, tensor) => total + 4 * sizeOf(tensor.shape), 0),
    };
  },
  step: async () => {
    inside = 0;
    await runner!.run(state, patches);
    return { insideSeconds: inside / 1000 };
  },
  embed: async () => {
    const { model } = size;
    const names = encoderParameters(model).map(({ name }) => `targetEncoder.${name}`);
    const weights = Object.fromEntries(names.map((name) => [name, state.tensors[name]!]));
    encoder ??= await EncoderRunner.create(model, 'last', { threads }, false, undefined, weights);
    const valuesOfPass = encoder.batch * valuesOfImage;
    for (let at = 0; at < patches.length; at += valuesOfPass) await encoder.run(patches.subarray(at, at + valuesOfPass));
    return {};
  },
};

/** Peak resident memory; 0 where the system does not tell. */
function peakMebibytes(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024;
  } catch {
    return 0;
  }
}

process.stdout.write(`${JSON.stringify({ version: runtimeVersion() })}\n`);
for await (const command of createInterface({ input: process.stdin })) {
  const [began, used] = [performance.now(), process.cpuUsage()];
  let figures: Readonly<Record<string, number>>;
  try {
    figures = await commands[command]!();
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
    continue;
  }
  const { user, system } = process.cpuUsage(used);
  const answer = { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6, peakMebibytes: peakMebibytes(), ...figures };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

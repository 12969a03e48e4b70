// A device is used only after three tiny steps on it agree with the float64 reference of the same graph.
import { parseConfig } from '../../shared/config.ts';
import { Random } from '../../shared/random.ts';
import { packMasks } from '../jepa/mask-batch.ts';
import { drawMasks } from '../jepa/masks.ts';
import { accumulate } from '../jepa/step.ts';
import { OnnxSession, runtimeVersion } from '../runtime/onnx-session.ts';
import { matmul } from '../tensor/products.ts';
import { evaluate } from '../tensor/reference.ts';
import { input } from '../tensor/structure.ts';
import { initialState } from '../training/state.ts';
import { StepRunner } from '../training/step-runner.ts';
import { stepSize } from '../training/step-size.ts';
import type { SelfTestJob, SelfTestResult } from './protocol.ts';

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
  learningRate: 1e-2,
  threads: 1,
});
const tolerance = 1e-4;
const matmulSide = 1024;

/** Rate of a bare float32 matrix product, GFLOP/s: the bound that everything else is compared with. */
export async function matmulRate(
  options: { readonly device?: SelfTestJob['device']; readonly threads: number },
  seconds = 0.5,
): Promise<number> {
  const session = await OnnxSession.compile(
    { y: matmul(input('a', [matmulSide, matmulSide]), input('b', [matmulSide, matmulSide])) },
    options,
  );
  const a = new Float32Array(matmulSide ** 2).fill(0.5);
  const y = new Float32Array(matmulSide ** 2);
  await session.run({ a, b: a }, { y });
  const began = performance.now();
  let runs = 0;
  while (performance.now() - began < 1000 * seconds) {
    await session.run({ a, b: a }, { y });
    runs++;
  }
  const rate = (runs * 2 * matmulSide ** 3) / (performance.now() - began) / 1e6;
  await session.dispose();
  return rate;
}

export async function runSelfTest({ device, threads }: SelfTestJob): Promise<SelfTestResult> {
  const runner = await StepRunner.create(tiny, 3, { device, threads });
  const size = stepSize(tiny);
  const graph = accumulate(size, tiny);
  const state = initialState(tiny);
  let deviation = 0;
  for (let step = 0; step < 3; step++) {
    const random = new Random(1, 'test', step);
    const patches = Float32Array.from({ length: size.batch * 16 * 48 }, () => random.normal());
    const zeros = Object.fromEntries(
      Object.keys(graph)
        .filter((name) => name.startsWith('gradient.'))
        .map((name) => [name, new Float32Array(state.tensors[name.slice(9)]!.length)]),
    );
    const masks = packMasks(size, drawMasks(tiny, tiny.seed, step, size.batch, size.contextTokens), 0);
    const [expected] = evaluate([graph['smoothL1']!], { ...state.tensors, ...zeros, ...masks, patches });
    const { smoothL1 } = await runner.run(state, patches);
    deviation = Math.max(deviation, Math.abs(smoothL1! / expected![0]! - 1));
  }
  await runner.dispose();
  return { deviation, passed: deviation < tolerance, matmulRate: await matmulRate({ device, threads }), runtime: runtimeVersion() };
}

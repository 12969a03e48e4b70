import { describe, expect, it } from 'vitest';
import { Random } from '../../../shared/random.ts';
import { assembled } from '../../files/testing/assemble.ts';
import { update } from '../../jepa/adamw.ts';
import type { UpdateSettings } from '../../jepa/adamw.ts';
import { trainedParameters } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { muonMatrices, orthogonalise } from '../../jepa/muon.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { updateKernelBase64 } from '../../runtime/update-kernel.ts';
import { evaluate } from '../../tensor/reference.ts';
import { input } from '../../tensor/structure.ts';
import { stateTensors } from '../run-folder/state.ts';
import { MuonSession } from './muon-session.ts';
import { kernelOptimiser, optimise } from './optimiser.ts';
import type { Optimiser } from './optimiser.ts';

// Lengths of the tensors: below, at and above one block of the kernel, and no multiple of four.
const size: ModelSize = {
  encoder: { width: 36, depth: 1, heads: 2, hidden: 530 },
  predictor: { width: 10, depth: 1, heads: 2, hidden: 21 },
  patchSize: 4,
  grid: 3,
};
const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, optimiser: 'adamw' } as const;

function arrays(): { tensors: Record<string, Float32Array>; gradients: Record<string, Float32Array> } {
  const values = (shape: readonly number[], place: number, low: number): Float32Array => {
    const random = new Random(4, 'test', place);
    return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.between(low, 1));
  };
  return {
    tensors: Object.fromEntries(
      stateTensors(size).map(({ name, shape }, i) => [name, values(shape, i, name.startsWith('moment2.') ? 0 : -1)]),
    ),
    gradients: Object.fromEntries(trainedParameters(size).map(({ name, shape }, i) => [`gradient.${name}`, values(shape, 1000 + i, -1)])),
  };
}
const scalarOf = (value: number): Float32Array => Float32Array.of(value);
const schedule = {
  learningRate: scalarOf(0.01),
  weightDecay: scalarOf(0.2),
  momentum: scalarOf(0.9),
  correction1: scalarOf(3),
  correction2: scalarOf(4),
  predictorCorrection1: scalarOf(1.5),
  predictorCorrection2: scalarOf(6),
};

describe('orthogonalisation in float32', () => {
  // Five iterations in one stretch are 2e-5 away: small singular values drown in what is rounded off large ones.
  it.each([
    [64, 256],
    [256, 64],
  ])('of %i×%i keeps to float64 where singular values differ by a million', async (rows, columns) => {
    const random = new Random(7, 'test');
    const short = Math.min(rows, columns);
    const x = Float32Array.from({ length: rows * columns }, (_, at) => {
      const place = rows < columns ? Math.floor(at / columns) : at % columns;
      return random.normal() * 10 ** ((-6 * place) / (short - 1));
    });
    const y = orthogonalise(input('x', [rows, columns]));
    const [exact] = evaluate([y], { x });
    const session = await OnnxSession.compile({ y }, { threads: 1 });
    const { y: found } = await session.run({ x });
    await session.dispose();
    const norm = (values: Float64Array): number => Math.hypot(...values);
    expect(norm(exact!.map((value, i) => found![i]! - value)) / norm(exact as Float64Array)).toBeLessThan(8e-6);
  });
});

const specs = trainedParameters(size);
const optimiserOf = async (config: UpdateSettings): Promise<Optimiser> =>
  kernelOptimiser(specs, config, await MuonSession.create(muonMatrices(specs, config), { threads: 1 }));

describe('the update kernel', () => {
  it('is the committed source, assembled', async () => {
    expect(await assembled(new URL('../../runtime/update-kernel.wat', import.meta.url))).toBe(updateKernelBase64);
  });

  it.each(['adamw', 'muon'] as const)('moves everything as the graph does: %s', async (optimiser) => {
    const config = { ...settings, optimiser };
    const [ours, graphs] = [arrays(), arrays()];
    const kernel = await optimiserOf(config);
    const graph = await OnnxSession.compile(update(size, config), { threads: 1 });
    for (let step = 0; step < 3; step++) {
      const norms = [
        await optimise(kernel, ours.tensors, ours.gradients, schedule),
        (await graph.run({ ...graphs.tensors, ...graphs.gradients, ...schedule }, graphs.tensors))['gradientNorm']![0]!,
      ];
      expect(norms[0]! / norms[1]!).toBeCloseTo(1, 5);
    }
    await Promise.all([graph.dispose(), kernel.dispose()]);
    for (const [name, values] of Object.entries(graphs.tensors)) {
      const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - ours.tensors[name]![i]!)), 0);
      expect(worst, name).toBeLessThan(optimiser === 'muon' ? 2e-6 : 1e-6);
    }
  });

  it.each([NaN, Infinity, 1e30])('moves nothing when a gradient holds %s', async (bad) => {
    const kernel = await optimiserOf({ ...settings, optimiser: 'muon' });
    const [given, before] = [arrays(), arrays()];
    given.gradients['gradient.predictor.proj.bias']![3] = bad;
    const norm = await optimise(kernel, given.tensors, given.gradients, schedule);
    await kernel.dispose();
    expect(Number.isFinite(norm)).toBe(false);
    expect(given.tensors).toEqual(before.tensors);
  });
});

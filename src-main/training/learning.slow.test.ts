// That a run learns without collapsing, and that its memory stays as it is.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { Random } from '../../shared/random.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { modelSize } from '../jepa/model.ts';
import { EncoderRunner } from './passes/encoder-runner.ts';
import { encoderWeights, initialState } from './run-folder/state.ts';
import { StepRunner } from './step-runner.ts';

const config = parseConfig({
  architecture: 'custom',
  width: 32,
  depth: 2,
  heads: 2,
  imageSize: 24,
  patchSize: 4,
  predictorWidth: 16,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 64,
  threads: 1,
  learningRate: 3e-3,
  startLearningRate: 1e-3,
  weightDecay: [0.01, 0.01],
  momentum: [0.98, 1],
  // Without it these pictures are predicted by position alone within a hundred steps, and all embeddings become one.
  sigreg: 0.05,
  sigregProjections: 64,
});

/** 64 pictures of smooth stripes, each of its own direction, width and colour, as patches [64, N, 3·P·P]. */
function stripes(): Float32Array {
  const { imageSize, patchSize, batchSize } = config;
  const grid = imageSize / patchSize;
  const patches = new Float32Array(batchSize * 3 * imageSize ** 2);
  let at = 0;
  for (let image = 0; image < batchSize; image++) {
    const random = new Random(2, 'test', image);
    const [fx, fy, phase] = [random.between(-0.6, 0.6), random.between(-0.6, 0.6), random.between(0, 6)];
    const colour = [random.between(0.3, 1.5), random.between(0.3, 1.5), random.between(0.3, 1.5)];
    for (let patch = 0; patch < grid ** 2; patch++) {
      for (let channel = 0; channel < 3; channel++) {
        for (let pixel = 0; pixel < patchSize ** 2; pixel++) {
          const x = (patch % grid) * patchSize + (pixel % patchSize);
          const y = Math.floor(patch / grid) * patchSize + Math.floor(pixel / patchSize);
          patches[at++] = colour[channel]! * Math.sin(fx * x + fy * y + phase);
        }
      }
    }
  }
  return patches;
}

/** Mean over dimensions of the variance over images, relative to the mean square: 0 when all embeddings are one. */
function spread(embedding: Float32Array, width: number): number {
  const images = embedding.length / width;
  let [variance, square] = [0, 0];
  for (let k = 0; k < width; k++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < images; i++) {
      sum += embedding[i * width + k]!;
      squares += embedding[i * width + k]! ** 2;
    }
    variance += squares / images - (sum / images) ** 2;
    square += squares / images;
  }
  return variance / square;
}

describe('64 pictures and a small model', () => {
  it('are learned by heart: the masked loss falls by half, and embeddings move apart', async () => {
    const steps = 180;
    const size = modelSize(config);
    const patches = stripes();
    const runner = await StepRunner.create(config, steps, { threads: 1 });
    const encoder = await EncoderRunner.create(size, 'last', { threads: 1 }, false, 64);
    const state = initialState(config);
    const spreadNow = async (): Promise<number> => {
      await encoder.hold(encoderWeights(state, size, 'targetEncoder'));
      return spread((await encoder.run(patches)).embedding, encoder.width);
    };
    const before = await spreadNow();
    const losses: number[] = [];
    while (state.step < steps) losses.push((await runner.run(state, patches)).smoothL1!);
    const after = await spreadNow();
    await Promise.all([runner.dispose(), encoder.dispose()]);
    const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
    expect(mean(losses.slice(0, 5))).toBeGreaterThan(0.4);
    expect(mean(losses.slice(-20))).toBeLessThan(0.25);
    expect(before).toBeLessThan(0.01);
    expect(after).toBeGreaterThan(0.1);
  });
});

describe.runIf(process.platform === 'linux')('the memory of a process that trains', () => {
  it.each([
    ['in micro-batches', {}],
    ['with losses over the whole batch', { agreement: 0.5, sigreg: 0.1 }],
    ['with the published masks, whose contexts vary', { masking: 'paper-exact', minKeep: 2 }],
  ])('is after 200 steps what it was after 50: %s', (_, settings) => {
    const script = join(import.meta.dirname, 'testing/measure-memory.ts');
    const bigger = { width: 48, depth: 2, imageSize: 24, batchSize: 8, microBatch: 4, ...settings };
    const said = execFileSync(process.execPath, [...nodeArguments, '--expose-gc', script, JSON.stringify(bigger)]);
    const { early, late } = JSON.parse(String(said)) as Record<'early' | 'late', { resident: number; external: number; state: number }>;
    expect(early.resident).toBeGreaterThan(50);
    // A state or a batch lost at each step would be far more than this; allocators alone move by some megabytes.
    expect(late.resident - early.resident).toBeLessThan(Math.min(32, 150 * early.state));
    expect(late.external - early.external).toBeLessThan(4);
  });
});

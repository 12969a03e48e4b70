import { describe, expect, it } from 'vitest';
import { accumulate } from '../src-main/jepa/step.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../src-main/runtime/testing/software-gpu.ts';
import { lowerOnnx } from '../src-main/tensor/lower-onnx.ts';
import { stepSize } from '../src-main/training/plan/step-size.ts';
import { firstStepOn, firstStepRow } from './first-step.ts';
import { placementOn, placementRows } from './placement.ts';
import { smallestConfig } from './shape.ts';

const limitMs = 120_000;
const config = smallestConfig(1);

it('finds every node of a step on the processor', async () => {
  const placement = await placementOn('cpu', config, limitMs);
  expect(Object.keys(placement.nodes)).toEqual(['CPUExecutionProvider']);
  // Constants are folded and some nodes joined.
  const lowered = lowerOnnx(accumulate(stepSize(config), config)).nodes;
  expect(placement.nodes['CPUExecutionProvider']! / lowered).toBeGreaterThan(0.7);
  expect(placement.nodes['CPUExecutionProvider']! / lowered).toBeLessThanOrEqual(1);
  expect(placement.copies.nodes).toBe(0);
  for (const operation of ['Gemm', 'LayerNormalization', 'Softmax']) expect(placement.operations[operation], operation).toBeGreaterThan(0);
  expect(placementRows('it', 'cpu', placement)[0]!.value).toMatch(/^[\d,]+ on CPUExecutionProvider$/);
});

it('says why there is no profile', async () => {
  await expect(placementOn('cpu', config, 50)).rejects.toThrow('it took longer than 0.05 s');
  const noDriver = { VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' };
  await expect(placementOn('webgpu', config, limitMs, noDriver)).rejects.toThrow('WebGPU finds no graphics card that it can use.');
});

describe.skipIf(noSoftwareGpu !== undefined)(`on WebGPU${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`, () => {
  it('finds every node on the card, by whose clock they are timed, and no copies', async () => {
    const placement = await placementOn('webgpu', config, limitMs, softwareGpuEnvironment);
    expect(Object.keys(placement.nodes)).toEqual(['WebGpuExecutionProvider']);
    expect(placement.copies.nodes).toBe(0);
    expect(placement.operations['MatMul']).toBeGreaterThan(0);
  });

  it('compiles shaders in the first step, which a person waits for as well', async () => {
    const found = await firstStepOn('webgpu', config, limitMs, softwareGpuEnvironment);
    expect(found.compiling).toBeGreaterThan(0);
    // The same in the next ones takes a small part of it.
    expect(found.step).toBeGreaterThan(found.compiling);
    expect(firstStepRow('it', found).figure).toBe(found.compiling + found.step);
  });
});

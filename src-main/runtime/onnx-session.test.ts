// What onnxruntime is told before a graph is compiled, without compiling any.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterEach, expect, it, vi } from 'vitest';
import type { OnnxDevice } from '../../shared/devices.ts';
import { input } from '../tensor/structure.ts';
import { OnnxSession } from './onnx-session.ts';

const variable = 'NVIDIA_TF32_OVERRIDE';
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** The variable as a device's libraries find it when they are loaded. */
async function foundBy(device: OnnxDevice, before: string | undefined): Promise<string | undefined> {
  vi.stubEnv(variable, before);
  let found: string | undefined;
  vi.spyOn(ort.InferenceSession, 'create').mockImplementation(async () => {
    found = process.env[variable];
    return Promise.resolve({} as ort.InferenceSession);
  });
  await OnnxSession.compile({ y: input('x', [1]) }, { device });
  return found;
}

it('a part of onnxruntime that is missing does not promise that WebGPU is ready', async () => {
  vi.spyOn(ort.InferenceSession, 'create').mockRejectedValue(
    new Error('OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library'),
  );
  const compiled = OnnxSession.compile({ y: input('x', [1]) }, { device: 'cuda' });
  await expect(compiled).rejects.toMatchObject({ code: 'unsupported', hint: expect.stringMatching(/^Where WebGPU is ready/) as string });
});

it('CUDA computes float32 in float32, unless a person has set something else', async () => {
  expect(await foundBy('cuda', undefined)).toBe('0');
  expect(await foundBy('cuda', '1')).toBe('1');
  expect(await foundBy('webgpu', undefined)).toBeUndefined();
});

// Dawn hides float16 of NVIDIA's cards on Linux unless it is told not to, which a program cannot do through onnxruntime. Only its library
// for x64 has WebGPU there.
it.runIf(`${process.platform}-${process.arch}` === 'linux-x64')("onnxruntime asks for float16 of NVIDIA's cards on Linux by itself", () => {
  const library = readFileSync(join(import.meta.dirname, `../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1`));
  // Beside its other switches and not among Dawn's list of all, in the order of its source (webgpu_context.cc).
  expect(library.includes('\0use_vulkan_memory_model\0vulkan_enable_f16_on_nvidia\0skip_validation\0')).toBe(true);
});

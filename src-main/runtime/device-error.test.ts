// Words of WebGPU's errors as onnxruntime 1.30 threw them on SwiftShader: for graphs too large (webgpu-memory.slow.test.ts makes most of them
// again), and over a Vulkan library whose queue said VK_ERROR_DEVICE_LOST. Those of CUDA and TensorFlow are worded like theirs.
import { describe, expect, it } from 'vitest';
import { deviceError } from './device-error.ts';

const download =
  '/onnxruntime_src/onnxruntime/core/providers/webgpu/buffer_manager.cc:641 void onnxruntime::webgpu::BufferManager::Download(WGPUBuffer, void*, size_t) const map_async_result.status == wgpu::MapAsyncStatus::Success was false. Failed to download data from buffer. wgpu::MapAsyncStatus value:';

const noMemory = {
  'a buffer that could not be had, where a kernel wants it':
    'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[2] against { binding: 2, visibility: ShaderStage::Compute, buffer: {type: BufferBindingType::Storage, minBindingSize: 0, hasDynamicOffset: 0} }.\n - While validating [BindGroupDescriptor ""MatMul""] against [BindGroupLayout "MatMul"]\n - While calling [Device].CreateBindGroup([BindGroupDescriptor ""MatMul""]).',
  'the same, where it is read': `${download} 3, message: [Invalid Buffer (unlabeled)] is invalid due to a previous error.`,
  'a buffer larger than any':
    'WebGPU validation failed. Buffer size (1600000000) exceeds the max buffer size limit (1073741824).\n - While calling [Device].CreateBuffer([BufferDescriptor]).',
  'a buffer in more pieces than a kernel can bind':
    "Non-zero status code returned while running Add node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/webgpu/shader_helper.cc:306 onnxruntime::webgpu::ShaderVariableHelper& onnxruntime::webgpu::ShaderHelper::AddVariableImpl(bool, const std::string&, onnxruntime::webgpu::ShaderUsage, const onnxruntime::TensorShape&, uint32_t) numbers_storage_buffers_ <= limits_.maxStorageBuffersPerShaderStage was false. Too many storage buffers in shader. Current: 13, Max is 12",
  'CUDA’s arena': 'Failed to allocate memory for requested buffer of size 6710886400',
  TensorFlow: 'RESOURCE_EXHAUSTED: Out of memory while trying to allocate 16000000000000 bytes.',
} as const;

describe('what is thrown', () => {
  it.each(Object.entries(noMemory))('of %s is a lack of memory', (_, message) => {
    const error = deviceError(new Error(message), 'webgpu');
    expect(error.code).toBe('out-of-memory');
    expect(error.message).toContain(message);
    expect(error.hint).toContain('smaller micro-batch');
  });

  it('of a card that is lost says that it was', () => {
    const error = deviceError(new Error(`${download} 4, message: [Device] is lost.`), 'webgpu');
    expect(error).toMatchObject({ code: 'device-failed', message: expect.stringContaining('was lost') as string });
    expect(error.hint).toContain('device=cpu');
  });

  it('of a card that has died or does something wrong is a failure in its own words', () => {
    for (const message of [
      'an illegal memory access was encountered',
      'WebGPU validation failed. [Invalid ShaderModule "Add"] is invalid.',
    ])
      expect(deviceError(new Error(message), 'webgpu')).toMatchObject({ code: 'device-failed', message: `The device failed: ${message}` });
  });

  it('of the processor does not send the person to the processor', () => {
    const failed = deviceError(new Error('This is an invalid model.'), 'cpu');
    expect(failed).toMatchObject({ code: 'device-failed', message: expect.stringContaining('This is an invalid model.') as string });
    expect(failed.hint).toContain('checkpoint is intact');
    expect(failed.hint).not.toMatch(/CPU|--device/);
    expect(deviceError('bad allocation', 'cpu')).toMatchObject({
      code: 'out-of-memory',
      message: expect.stringContaining('The computer ran out of memory') as string,
      hint: 'Close other programs, or choose a smaller imageSize, batchSize or network.',
    });
  });
});

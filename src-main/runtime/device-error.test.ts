// Words of WebGPU's errors as onnxruntime 1.30 threw them on SwiftShader: for graphs too large (webgpu-memory.slow.test.ts makes most of them
// again), and over a Vulkan library whose queue said VK_ERROR_DEVICE_LOST. Those of CUDA, TensorFlow and DirectML are worded like theirs.
import { describe, expect, it } from 'vitest';
import { deviceError } from './device-error.ts';

const download =
  '/onnxruntime_src/onnxruntime/core/providers/webgpu/buffer_manager.cc:641 void onnxruntime::webgpu::BufferManager::Download(WGPUBuffer, void*, size_t) const map_async_result.status == wgpu::MapAsyncStatus::Success was false. Failed to download data from buffer. wgpu::MapAsyncStatus value:';

/** As DirectML names the place, the caller and the thread before what Windows says of a number. */
const directml = (file: string, said: string): string =>
  `Non-zero status code returned while running DmlFusedNode_0_0 node. Name:'DmlFusedNode_0_0' Status Message: D:\\a\\_work\\1\\s\\onnxruntime\\core\\providers\\dml\\DmlExecutionProvider\\src\\${file}\\onnxruntime.dll!00007FFA82D145C8: (caller: 00007FFA8336D326) ${said}`;

const lost = {
  WebGPU: `${download} 4, message: [Device] is lost.`,
  'DirectML, where it wanted memory next': directml(
    'DmlCommittedResourceAllocator.cpp(22)',
    'Exception(7) tid(4790) 887A0005 The GPU device instance has been suspended. Use GetDeviceRemovedReason to determine the appropriate action.',
  ),
  'DirectML on a German Windows': directml(
    'BucketizedBufferAllocator.cpp(122)',
    'Exception(2) tid(1828) 887A0006 Das Grafikgerät reagiert nicht mehr, vermutlich weil ungültige Befehle gesendet wurden.',
  ),
  Vulkan: 'Failed to submit command buffer: VK_ERROR_DEVICE_LOST',
} as const;

const noMemory = {
  'a buffer that could not be had, where a kernel wants it':
    'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.\n - While validating entries[2] against { binding: 2, visibility: ShaderStage::Compute, buffer: {type: BufferBindingType::Storage, minBindingSize: 0, hasDynamicOffset: 0} }.\n - While validating [BindGroupDescriptor ""MatMul""] against [BindGroupLayout "MatMul"]\n - While calling [Device].CreateBindGroup([BindGroupDescriptor ""MatMul""]).',
  'the same, where it is read': `${download} 3, message: [Invalid Buffer (unlabeled)] is invalid due to a previous error.`,
  'a buffer larger than any':
    'WebGPU validation failed. Buffer size (1600000000) exceeds the max buffer size limit (1073741824).\n - While calling [Device].CreateBuffer([BufferDescriptor]).',
  'a buffer in more pieces than a kernel can bind':
    "Non-zero status code returned while running Add node. Name:'' Status Message: /onnxruntime_src/onnxruntime/core/providers/webgpu/shader_helper.cc:306 onnxruntime::webgpu::ShaderVariableHelper& onnxruntime::webgpu::ShaderHelper::AddVariableImpl(bool, const std::string&, onnxruntime::webgpu::ShaderUsage, const onnxruntime::TensorShape&, uint32_t) numbers_storage_buffers_ <= limits_.maxStorageBuffersPerShaderStage was false. Too many storage buffers in shader. Current: 13, Max is 12",
  'CUDA’s arena': 'Failed to allocate memory for requested buffer of size 6710886400',
  'CUDA’s arena, with a limit': 'BFCArena::Extend Available memory of 12345 is smaller than requested bytes of 6710886400',
  CUDA: 'CUDA failure 2: out of memory ; GPU=0 ; hostname=pc',
  cuBLAS: 'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; hostname=pc',
  Vulkan: 'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
  Metal: 'Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)',
  DirectML: directml(
    'BucketizedBufferAllocator.cpp(122)',
    'Exception(1) tid(4790) 8007000E Not enough memory resources are available to complete this operation.',
  ),
  'DirectML on a German Windows': directml(
    'MLOperatorAuthorImpl.cpp(2816)',
    'Exception(3) tid(1828) 8007000E Für diesen Vorgang sind nicht genügend Speicherressourcen verfügbar.',
  ),
  'an older TensorFlow': 'Resource exhausted: OOM when allocating tensor with shape[16,128,98,98]',
  TensorFlow: 'RESOURCE_EXHAUSTED: Out of memory while trying to allocate 16000000000000 bytes.',
} as const;

describe('what is thrown', () => {
  it.each(Object.entries(noMemory))('of %s is a lack of memory', (_, message) => {
    const error = deviceError(new Error(message), 'webgpu');
    expect(error.code).toBe('out-of-memory');
    expect(error.message).toContain(message);
    expect(error.hint).toContain('smaller micro-batch');
  });

  it.each(Object.entries(lost))('of a card that is lost says that it was: %s', (_, message) => {
    const error = deviceError(new Error(message), 'webgpu');
    expect(error).toMatchObject({ code: 'device-failed', message: expect.stringContaining('was lost') as string });
    expect(error.hint).toContain('device=cpu');
  });

  it('of a card that has died or does something wrong is a failure in its own words', () => {
    for (const message of [
      'an illegal memory access was encountered',
      'CUDA failure 700: an illegal memory access was encountered ; expr=cudaFree(p); cuda_allocator.cc',
      directml('MLOperatorAuthorImpl.cpp(2482)', 'Exception(3) tid(1828) 80070057 The parameter is incorrect.'),
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

// What can train: the processor, or a graphics card through one of several ways of speaking to it.

export const deviceIds = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml', 'tensorflow'] as const;
export type DeviceId = (typeof deviceIds)[number];

// The devices that a graph can be compiled for, and what is known of each without asking it.
import type { DeviceId } from '../../shared/devices.ts';

/** Execution providers of onnxruntime. */
export type OnnxDevice = Exclude<DeviceId, 'tensorflow'>;

/** Devices whose memory can hold what a step leaves for the next one; to the others arrays cross at each call. */
export const keepsState = (device: OnnxDevice): boolean => device === 'webgpu';

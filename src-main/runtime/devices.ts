// What is known of a device without asking it.
import type { OnnxDevice } from '../../shared/devices.ts';

/** Devices whose memory can hold what a step leaves for the next one; to the others arrays cross at each call. */
export const keepsState = (device: OnnxDevice): boolean => device === 'webgpu';

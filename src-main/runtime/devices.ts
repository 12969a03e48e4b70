// What is known of a device without asking it.
import type { DeviceId, OnnxDevice } from '../../shared/devices.ts';

/** Devices whose memory can hold what a step leaves for the next one; to the others arrays cross at each call. */
export const keepsState = (device: OnnxDevice): boolean => device === 'webgpu';

/** Where encoders run that a device trains: TensorFlow has the step alone, so that for its runs the processor embeds and judges. */
export const encodingDevice = (device: DeviceId): OnnxDevice => (device === 'tensorflow' ? 'cpu' : device);

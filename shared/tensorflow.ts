// Where TensorFlow's native part lies: what the engine installs is what the trainer loads.

/** Names a folder that holds the native part; set by the engine to where it has installed it, or by a person. */
export const tensorflowVariable = 'IJEPA_TENSORFLOW';
/** The binding in such a folder, as in the npm package; TensorFlow itself is in `deps/lib`, where the binding looks for it. */
export const tensorflowBinding = 'lib/napi-v8/tfjs_binding.node';

/** What a person can do where it is missing or cannot be loaded. */
export const howToInstall = `Install it anew (ijepa-studio devices install tensorflow), set ${tensorflowVariable} to a folder that holds ${tensorflowBinding} and deps/lib as the install script of @tensorflow/tfjs-node-gpu 4.22.0 makes them, or choose another device.`;

/** Compute capability from which on no published TensorFlow has kernels (RTX 50). */
const firstWithoutKernels = 12;

/** Why none of these cards can be used, as a sentence; undefined where one may, or nothing is known of them. */
export function withoutKernels(computeCapabilities: readonly number[]): string | undefined {
  const [least] = computeCapabilities.toSorted((a, b) => a - b);
  if (least === undefined || least < firstWithoutKernels) return undefined;
  return `No published TensorFlow has kernels for this card (compute capability ${least.toFixed(1)}): choose the device webgpu.`;
}

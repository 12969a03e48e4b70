// Where TensorFlow's native part lies: what the engine installs is what the trainer loads.

/** Names a folder that holds the native part; set by the engine to where it has installed it, or by a person. */
export const tensorflowVariable = 'IJEPA_TENSORFLOW';
/** The binding in such a folder, as in the npm package; TensorFlow itself is in `deps/lib`, where the binding looks for it. */
export const tensorflowBinding = 'lib/napi-v8/tfjs_binding.node';

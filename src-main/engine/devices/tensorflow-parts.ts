// What TensorFlow's native part consists of, and where its publishers keep it: the addresses are those that the install script of
// @tensorflow/tfjs-node-gpu 4.22.0 makes (scripts/install.js, and `binary` of its package.json).

export interface NativePart {
  readonly address: string;
  /** Hex, where it is published. What has none is checked by being loaded. */
  readonly sha256?: string;
}

export interface NativeParts {
  /** libtensorflow with its headers and licences. */
  readonly library: NativePart;
  /** What connects it to Node. */
  readonly binding: NativePart;
}

/** Of TensorFlow; see `shared/tensorflow-requirements.ts` for the CUDA that it wants. */
export const nativeVersion = '2.9.1';

const librariesAt = 'https://storage.googleapis.com/tensorflow/libtensorflow';
const bindingsAt = 'https://storage.googleapis.com/tf-builds/pre-built-binary/napi-v8/4.22.0';

/** By `platform-arch` of Node; elsewhere none is published that uses a card. */
export const nativeParts: Readonly<Record<string, NativeParts>> = {
  'linux-x64': {
    library: {
      address: `${librariesAt}/libtensorflow-gpu-linux-x86_64-${nativeVersion}.tar.gz`,
      // As pinned by wamuir/graft, the Go bindings, in its WORKSPACE.
      sha256: '20c46f761d5905f592c4eac0812e8e50d9cb439f9440a9391912cf4c02ed8be8',
    },
    binding: { address: `${bindingsAt}/GPU-linux-4.22.0.tar.gz` },
  },
  'win32-x64': {
    library: { address: `${librariesAt}/libtensorflow-gpu-windows-x86_64-${nativeVersion}.zip` },
    binding: { address: `${bindingsAt}/GPU-windows-4.22.0.zip` },
  },
};

export const nativeLicence =
  "TensorFlow and its binding for Node are under the Apache License 2.0. NVIDIA's driver, CUDA 11.2 and cuDNN 8.1, which they need for a card, are not part of them.";

// What can train: the processor, or a graphics card through one of several ways of speaking to it.

export const deviceIds = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml', 'tensorflow'] as const;
export type DeviceId = (typeof deviceIds)[number];

/** Of matrix products: their operands and results are rounded to it. All else, and every sum over them, is float32. */
export const precisions = ['float32', 'bfloat16', 'float16'] as const;
export type Precision = (typeof precisions)[number];

/** What a device can compute matrix products in, beside float32. */
export const reducedPrecisions: Readonly<Partial<Record<DeviceId, Precision>>> = {
  webgpu: 'float16',
  cuda: 'float16',
  dml: 'float16',
  tensorflow: 'bfloat16',
};

/** How they are called where a person reads. */
export const deviceNames: Readonly<Record<DeviceId, string>> = {
  cpu: 'Processor',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'Core ML',
  tensorflow: 'TensorFlow',
};

/**
 * `ready`: it has passed its self-test on this computer, with these drivers. `untested`: it may be used once it has (anew). `failed`: it is
 * there and does not compute right, or crashes. `absent`: there is nothing to use.
 */
export type DeviceState = 'ready' | 'untested' | 'failed' | 'absent';

export interface ReducedReport {
  readonly precision: Precision;
  readonly works: boolean;
  /** A sentence. */
  readonly reason: string;
  /** Of bare matrix products in that precision, as in float32. */
  readonly matmulRate?: number;
  readonly matmulSide?: number;
}

export interface DeviceReport {
  readonly id: DeviceId;
  readonly state: DeviceState;
  /** A sentence: why it is in that state, with what to do where something can be done. */
  readonly reason: string;
  /** Largest relative deviations of three tiny steps from the float64 reference: losses and gradient norms. */
  readonly deviation?: number;
  /**
   * Rate of bare float32 matrix products, several in a call and as large as it takes to keep the device busy, GFLOP/s; and the side of the
   * matrices, which earlier versions' reports lack.
   */
  readonly matmulRate?: number;
  readonly matmulSide?: number;
  /** What computes there, with its version. */
  readonly runtime?: string;
  /** Its test in the reduced precision that it has a way to compute in; absent where there is none, and in earlier versions' reports. */
  readonly reduced?: ReducedReport;
  /**
   * Whether it has passed without a graphics card, as TensorFlow does where it finds none that it can use, or has left matrix products to the
   * processor, as Core ML does.
   */
  readonly onProcessor?: boolean;
  /** Times that it has failed in the middle of work since a person had it tested or a run on it came to its end; absent where it has not. */
  readonly failures?: number;
  /** When it was tested, ISO 8601. */
  readonly tested?: string;
}

/** A graphics card as the system knows it. */
export interface GraphicsCard {
  readonly name: string;
  readonly driver?: string;
  /** Whether it is known that no driver runs it, so that nothing can compute on it. */
  readonly driverless?: true;
  /** Bytes. */
  readonly memory?: number;
  readonly memoryFree?: number;
  /** Whether it is known to be part of a processor, and to work in the computer's memory. */
  readonly inProcessor?: true;
  /** Of NVIDIA's cards: their number in the order of the bus, and the name that CUDA knows each by. */
  readonly index?: number;
  readonly uuid?: string;
  /** Of NVIDIA's cards: which kernels they run, such as 8.6. */
  readonly computeCapability?: number;
}

/** Bytes of the computer itself, which graphics in a processor take theirs from. */
export interface ComputerMemory {
  readonly total: number;
  readonly free: number;
}

/** Execution providers of onnxruntime. */
export type OnnxDevice = Exclude<DeviceId, 'tensorflow'>;

/** Whether a card is of the one vendor that CUDA and TensorFlow know. */
export const isNvidia = ({ name }: GraphicsCard): boolean => /nvidia|geforce|rtx|tesla/i.test(name);

/** Whether it runs on the driver of Linux itself, with which neither CUDA nor TensorFlow can use it. */
export const isOnNouveau = ({ driver = '' }: GraphicsCard): boolean => driver.startsWith('nouveau');

// Updates on the CPU in one pass through memory. As a graph that of AdamW reads and writes every weight about twenty times, and
// onnxruntime hands each moved tensor back as a fresh copy besides the one it was told to write: five times slower, and 0.4 GB of
// garbage per step of ViT-S. Source: update-kernel.wat; the test assembles it and compares with the graph.
import { kernelMemory, kernelOf } from '../../shared/web-assembly.ts';

/** Numbers of one update; names as in src-main/jepa/adamw.ts. */
export interface AdamwScalars {
  /** 1 − β₁ and 1 − β₂. */
  readonly rate1: number;
  readonly rate2: number;
  /** 1 − learning rate · weight decay. */
  readonly keep: number;
  /** Learning rate · correction of the first moment. */
  readonly stepSize: number;
  readonly correction2: number;
  readonly epsilon: number;
  /** Of the moving average. */
  readonly momentum: number;
}

/** Arrays of one parameter, all of one length; all but the gradient are moved in place. */
export interface AdamwArrays {
  readonly gradient: Float32Array;
  readonly weight: Float32Array;
  readonly moment1: Float32Array;
  readonly moment2: Float32Array;
  readonly average?: Float32Array;
}

/** Numbers of a step along a direction. */
export interface AlongScalars extends Pick<AdamwScalars, 'keep' | 'momentum'> {
  readonly learningRate: number;
}

/** Arrays of one parameter, all of one length; all but the direction are moved in place. */
export interface AlongArrays extends Pick<AdamwArrays, 'weight' | 'average'> {
  readonly direction: Float32Array;
}

interface Exports {
  readonly move: (bytes: number, ...scalars: number[]) => void;
  readonly along: (bytes: number, ...scalars: number[]) => void;
  readonly squares: (bytes: number) => number;
}
/** Values of one region of the kernel's memory. */
const blockValues = 16_384;
const regions = ['gradient', 'weight', 'moment1', 'moment2', 'average'] as const;
const roundedBytes = (values: number): number => 16 * Math.ceil(values / 4);

export class UpdateKernel {
  readonly #exports: Exports;
  readonly #regions: readonly Float32Array[];

  constructor() {
    const memory = kernelMemory(regions.length);
    this.#exports = kernelOf<Exports>(updateKernelBase64, memory);
    this.#regions = regions.map((_, i) => new Float32Array(memory.buffer, 4 * blockValues * i, blockValues));
  }

  /** Σ value², summed in float64. */
  squares(values: Float32Array): number {
    let total = 0;
    for (let at = 0; at < values.length; at += blockValues) {
      const block = values.subarray(at, at + blockValues);
      this.#regions[0]!.set(block);
      this.#regions[0]!.fill(0, block.length, roundedBytes(block.length) / 4);
      total += this.#exports.squares(roundedBytes(block.length));
    }
    return total;
  }

  /** Moves one parameter by one step of AdamW. */
  move(arrays: AdamwArrays, { rate1, rate2, keep, stepSize, correction2, epsilon, momentum }: AdamwScalars): void {
    this.#inBlocks(arrays, (bytes) => this.#exports.move(bytes, rate1, rate2, keep, stepSize, correction2, epsilon, momentum));
  }

  /** Moves one parameter by one step along a direction, which takes the gradient's place in the kernel's memory. */
  moveAlong({ direction, ...moved }: AlongArrays, { keep, learningRate, momentum }: AlongScalars): void {
    this.#inBlocks({ gradient: direction, ...moved }, (bytes) => this.#exports.along(bytes, keep, learningRate, momentum));
  }

  /** Runs `kernel` on stretches of the arrays that lie in its memory; all but the gradient are taken back. */
  #inBlocks(arrays: Pick<AdamwArrays, 'gradient'> & Partial<AdamwArrays>, kernel: (bytes: number) => void): void {
    const { length } = arrays.gradient;
    for (let at = 0; at < length; at += blockValues) {
      const end = Math.min(length, at + blockValues);
      regions.forEach((name, i) => {
        const values = arrays[name];
        if (values) this.#regions[i]!.set(values.subarray(at, end));
      });
      kernel(roundedBytes(end - at));
      regions.forEach((name, i) => {
        if (i > 0) arrays[name]?.set(this.#regions[i]!.subarray(0, end - at), at);
      });
    }
  }
}

/** update-kernel.wat, assembled. */
export const updateKernelBase64 = [
  'AGFzbQEAAAABGANgCH99fX19fX19AGAEf319fQBgAX8BfAIPAQNlbnYGbWVtb3J5AgAFAwQDAAECBxoDBG1vdmUAAAVhbG9uZwABB3NxdWFyZXMAAgriAwP1AQIB',
  'fwt7IAH9EyENIAL9EyEOIAP9EyEPIAT9EyEQIAX9EyERIAb9EyESIAf9EyETAkADQCAIIABPDQEgCP0ABAAhCSAI/QAEgIAIIQogCP0ABICADCELIAogCSAK/eUB',
  'IA395gH95AEhCiALIAkgCf3mASAL/eUBIA795gH95AEhCyAI/QAEgIAEIA/95gEgCiAL/eMBIBH95gEgEv3kAf3nASAQ/eYB/eUBIQwgCCAK/QsEgIAIIAggC/0L',
  'BICADCAIIAz9CwSAgAQgCCAMIAj9AASAgBAgDP3lASAT/eYB/eQB/QsEgIAQIAhBEGohCAwACwsLdAIBfwR7IAH9EyEGIAL9EyEHIAP9EyEIAkADQCAEIABPDQEg',
  'BP0ABICABCAG/eYBIAT9AAQAIAf95gH95QEhBSAEIAX9CwSAgAQgBCAFIAT9AASAgBAgBf3lASAI/eYB/eQB/QsEgIAQIARBEGohBAwACwsLdAIBfwV7AkADQCAB',
  'IABPDQEgAf0ABAAhAiAC/V8hAyACIAL9DQgJCgsMDQ4PAAECAwQFBgf9XyEEIAUgAyAD/fIB/fABIQUgBiAEIAT98gH98AEhBiABQRBqIQEMAAsLIAUgBv3wASEF',
  'IAX9IQAgBf0hAaAL',
].join('');

// AdamW on the CPU in one pass through memory. As a graph the update reads and writes every weight about twenty times, and
// onnxruntime hands each moved tensor back as a fresh copy besides the one it was told to write: five times slower, and 0.4 GB of
// garbage per step of ViT-S. Source: adamw-kernel.wat; the test assembles it and compares with the graph.

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

interface Exports {
  readonly move: (bytes: number, ...scalars: number[]) => void;
  readonly squares: (bytes: number) => number;
}
// Only what is used here: neither Node's types nor the language's declare WebAssembly.
interface WebAssemblyGlobal {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };

/** Values of one region of the kernel's memory. */
const blockValues = 16_384;
const regions = ['gradient', 'weight', 'moment1', 'moment2', 'average'] as const;
const roundedBytes = (values: number): number => 16 * Math.ceil(values / 4);

export class AdamwKernel {
  readonly #exports: Exports;
  readonly #regions: readonly Float32Array[];

  constructor() {
    const memory = new WebAssembly.Memory({ initial: regions.length });
    const module = new WebAssembly.Module(Buffer.from(adamwKernelBase64, 'base64'));
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
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

  /** Moves one parameter by one step. */
  move(arrays: AdamwArrays, { rate1, rate2, keep, stepSize, correction2, epsilon, momentum }: AdamwScalars): void {
    const { length } = arrays.gradient;
    for (let at = 0; at < length; at += blockValues) {
      const end = Math.min(length, at + blockValues);
      regions.forEach((name, i) => {
        const values = arrays[name];
        if (values) this.#regions[i]!.set(values.subarray(at, end));
      });
      this.#exports.move(roundedBytes(end - at), rate1, rate2, keep, stepSize, correction2, epsilon, momentum);
      regions.forEach((name, i) => {
        if (i > 0) arrays[name]?.set(this.#regions[i]!.subarray(0, end - at), at);
      });
    }
  }
}

/** adamw-kernel.wat, assembled. */
export const adamwKernelBase64 = [
  'AGFzbQEAAAABEQJgCH99fX19fX19AGABfwF8Ag8BA2VudgZtZW1vcnkCAAUDAwIAAQcSAgRtb3ZlAAAHc3F1YXJlcwABCu0CAvUBAgF/C3sgAf0TIQ0gAv0T',
  'IQ4gA/0TIQ8gBP0TIRAgBf0TIREgBv0TIRIgB/0TIRMCQANAIAggAE8NASAI/QAEACEJIAj9AASAgAghCiAI/QAEgIAMIQsgCiAJIAr95QEgDf3mAf3kASEK',
  'IAsgCSAJ/eYBIAv95QEgDv3mAf3kASELIAj9AASAgAQgD/3mASAKIAv94wEgEf3mASAS/eQB/ecBIBD95gH95QEhDCAIIAr9CwSAgAggCCAL/QsEgIAMIAgg',
  'DP0LBICABCAIIAwgCP0ABICAECAM/eUBIBP95gH95AH9CwSAgBAgCEEQaiEIDAALCwt0AgF/BXsCQANAIAEgAE8NASAB/QAEACECIAL9XyEDIAIgAv0NCAkK',
  'CwwNDg8AAQIDBAUGB/1fIQQgBSADIAP98gH98AEhBSAGIAQgBP3yAf3wASEGIAFBEGohAQwACwsgBSAG/fABIQUgBf0hACAF/SEBoAs=',
].join('');

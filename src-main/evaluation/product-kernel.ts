// The assembled kernel of products (source: product-kernel.wat) and the memory that it works in.
import { AppError } from '../../shared/errors.ts';
import { kernelMemory, kernelOf, pageBytes } from '../../shared/web-assembly.ts';
import type { KernelMemory } from '../../shared/web-assembly.ts';

/** Rows of a tile: element k of its row r lies at tileRows·k + r. */
export const tileRows = 4;

interface Exports {
  readonly tiles: (a: number, b: number, depth: number, count: number, sums: number) => void;
}

/** product-kernel.wat, assembled. */
export const productKernelBase64 = [
  'AGFzbQEAAAABCQFgBX9/f39/AAIPAQNlbnYGbWVtb3J5AgABAwIBAAcJAQV0aWxlcwAACssDAcgDAgJ/C3sgASACQSBsaiEGAkADQCADRQ0B/QwAAAAAAAAAAAAA',
  'AAAAAAAAIQr9DAAAAAAAAAAAAAAAAAAAAAAhC/0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ39DAAAAAAAAAAAAAAAAAAAAAAhDv0MAAAA',
  'AAAAAAAAAAAAAAAAACEP/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAAAAAAAAAAAAAAAAAhESABIQUDQCAF/QAEACEIIAX9AAQQIQkgAP0KAwAhByAKIAcgCP3y',
  'Af3wASEKIAsgByAJ/fIB/fABIQsgAP0KAwghByAMIAcgCP3yAf3wASEMIA0gByAJ/fIB/fABIQ0gAP0KAxAhByAOIAcgCP3yAf3wASEOIA8gByAJ/fIB/fABIQ8g',
  'AP0KAxghByAQIAcgCP3yAf3wASEQIBEgByAJ/fIB/fABIREgAEEgaiEAIAVBIGohBSAFIAZJDQALIAQgCv0LBAAgBCAL/QsEECAEIAz9CwQgIAQgDf0LBDAgBCAO',
  '/QsEQCAEIA/9CwRQIAQgEP0LBGAgBCAR/QsEcCAEQYABaiEEIANBAWshAwwACwsL',
].join('');

interface Kernel extends Exports {
  readonly memory: KernelMemory;
}

let kernel: Kernel | undefined;

/** With room for `bytes`. Made when it is first needed: a memory takes address space, of which some places allow little. */
function kernelWith(bytes: number): Kernel {
  try {
    if (!kernel) {
      const memory = kernelMemory(1);
      kernel = { memory, ...kernelOf<Exports>(productKernelBase64, memory) };
    }
    const lacking = bytes - kernel.memory.buffer.byteLength;
    if (lacking > 0) kernel.memory.grow(Math.ceil(lacking / pageBytes));
    return kernel;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Not `out-of-memory`: in a run on a graphics card that is the card's.
    throw new AppError(
      'internal',
      `No memory for a product of ${Math.ceil(bytes / 2 ** 20)} MiB of vectors.`,
      'Close other programs, or raise the limit of address space (ulimit -v) where one is set.',
      error,
    );
  }
}

/**
 * Products of every row of `a` with every row of `b`, whose rows of `depth` lie in tiles. For the tile of b that begins with row j `visit` is
 * given the sums of the first `wanted(j)` tiles of a, four for each row of a; they are overwritten afterwards, and by any other product that
 * it makes. Throws `internal` where there is no memory.
 */
export function multiplyTiles(
  a: Float64Array,
  b: Float64Array,
  depth: number,
  wanted: (j: number) => number,
  visit: (j: number, sums: Float64Array) => void,
): void {
  const [rowsA, rowsB] = [a.length / depth, b.length / depth];
  const values = a.length + b.length + tileRows * rowsA;
  const { memory, tiles } = kernelWith(8 * values);
  const held = new Float64Array(memory.buffer, 0, values);
  held.set(a);
  held.set(b, a.length);
  const sums = held.subarray(a.length + b.length);
  for (let j = 0; j < rowsB; j += tileRows) {
    tiles(0, 8 * (a.length + j * depth), depth, wanted(j), sums.byteOffset);
    visit(j, sums);
  }
}

// The assembled kernel (source: search-kernel.wat) and the shared memory it works in.
import { AppError } from '../../shared/errors.ts';
import { kernelOf, pageBytes, sharedKernelMemory } from '../../shared/web-assembly.ts';
import type { SharedKernelMemory } from '../../shared/web-assembly.ts';

export interface SearchKernel {
  /** scores[r] = query · vectors[r]. Addresses and sizes in bytes; a row's bytes are a multiple of 16. */
  readonly dot1: KernelProduct;
  /** scores[j·stride + r] = queries[j] · vectors[r] for four queries. */
  readonly dot4: KernelProduct;
  /** Sum of the float32 values in [from, from + bytes). */
  readonly sum: (from: number, bytes: number) => number;
}
export type KernelProduct = (queries: number, vectors: number, rows: number, rowBytes: number, scores: number, stride: number) => void;

export const maxPages = 65_536;

/** A shared memory of `initial` pages of 64 KiB that may grow to 4 GiB. Throws `out-of-memory`. */
export function createSharedMemory(initial: number): SharedKernelMemory {
  try {
    return sharedKernelMemory(initial, maxPages);
  } catch (error) {
    throw new AppError(
      'out-of-memory',
      `No memory for a search index of ${Math.ceil((initial * pageBytes) / 2 ** 20)} MiB.`,
      'Close other programs, or search a smaller part of the library.',
      error,
    );
  }
}

/** The kernel, working in `memory`. */
export const instantiateKernel = (memory: SharedKernelMemory): SearchKernel => kernelOf<SearchKernel>(searchKernelBase64, memory);

/** search-kernel.wat, assembled. */
export const searchKernelBase64 = [
  'AGFzbQEAAAABEAJgBn9/f39/fwBgAn9/AX0CEgEDZW52Bm1lbW9yeQIDAYCABAMEAwAAAQcVAwRkb3QxAAAEZG90NAABA3N1bQACCpoKA/8CAg',
  'R/CHsgASACIANsaiEGAkADQCABIAZGDQEgASADaiEIIAggA0HAAHBrIQcgACEJ/QwAAAAAAAAAAAAAAAAAAAAAIQr9DAAAAAAAAAAAAAAAAAAA',
  'AAAhC/0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ0gASAHRwRAA0AgAf0ABAAhDiAB/QAEECEPIAH9AAQgIRAgAf0ABD',
  'AhESAKIA4gCf0ABAD95gH95AEhCiALIA8gCf0ABBD95gH95AEhCyAMIBAgCf0ABCD95gH95AEhDCANIBEgCf0ABDD95gH95AEhDSABQcAAaiEB',
  'IAlBwABqIQkgASAHRw0ACwsgASAIRwRAA0AgAf0ABAAhDiAKIA4gCf0ABAD95gH95AEhCiABQRBqIQEgCUEQaiEJIAEgCEcNAAsLIAogC/3kAS',
  'AMIA395AH95AEhCiAEIAr9HwAgCv0fAZIgCv0fAiAK/R8DkpI4AgAgBEEEaiEEDAALCwveBQIEfwp7IAEgAiADbGohBgJAA0AgASAGRg0BIAEg',
  'A2ohCCAIIANBIHBrIQcgACEJ/QwAAAAAAAAAAAAAAAAAAAAAIQr9DAAAAAAAAAAAAAAAAAAAAAAhC/0MAAAAAAAAAAAAAAAAAAAAACEM/QwAAA',
  'AAAAAAAAAAAAAAAAAAIQ39DAAAAAAAAAAAAAAAAAAAAAAhDv0MAAAAAAAAAAAAAAAAAAAAACEP/QwAAAAAAAAAAAAAAAAAAAAAIRD9DAAAAAAA',
  'AAAAAAAAAAAAAAAhESABIAdHBEADQCAB/QAEACESIAH9AAQQIRMgCiASIAn9AAQA/eYB/eQBIQogCyATIAn9AAQQ/eYB/eQBIQsgDCASIAkgA2',
  'r9AAQA/eYB/eQBIQwgDSATIAkgA2r9AAQQ/eYB/eQBIQ0gDiASIAkgA0ECbGr9AAQA/eYB/eQBIQ4gDyATIAkgA0ECbGr9AAQQ/eYB/eQBIQ8g',
  'ECASIAkgA0EDbGr9AAQA/eYB/eQBIRAgESATIAkgA0EDbGr9AAQQ/eYB/eQBIREgAUEgaiEBIAlBIGohCSABIAdHDQALCyABIAhHBEADQCAB/Q',
  'AEACESIAogEiAJ/QAEAP3mAf3kASEKIAwgEiAJIANq/QAEAP3mAf3kASEMIA4gEiAJIANBAmxq/QAEAP3mAf3kASEOIBAgEiAJIANBA2xq/QAE',
  'AP3mAf3kASEQIAFBEGohASAJQRBqIQkgASAIRw0ACwsgCiAL/eQBIQogBCAK/R8AIAr9HwGSIAr9HwIgCv0fA5KSOAIAIAwgDf3kASEMIAQgBU',
  'EBbGogDP0fACAM/R8BkiAM/R8CIAz9HwOSkjgCACAOIA/95AEhDiAEIAVBAmxqIA79HwAgDv0fAZIgDv0fAiAO/R8DkpI4AgAgECAR/eQBIRAg',
  'BCAFQQNsaiAQ/R8AIBD9HwGSIBD9HwIgEP0fA5KSOAIAIARBBGohBAwACwsLtgECAn8EeyAAIAFqIQIgAiABQcAAcGshAyAAIANHBEADQCAEIA',
  'D9AAQA/eQBIQQgBSAA/QAEEP3kASEFIAYgAP0ABCD95AEhBiAHIAD9AAQw/eQBIQcgAEHAAGohACAAIANHDQALCyAAIAJHBEADQCAEIAD9AAQA',
  '/eQBIQQgAEEQaiEAIAAgAkcNAAsLIAQgBf3kASAGIAf95AH95AEhBCAE/R8AIAT9HwGSIAT9HwIgBP0fA5KSCw==',
].join('');

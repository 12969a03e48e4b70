// NumPy's array file: a text header and the values, C-order. What numpy, FAISS and clip-retrieval read without a library of ours.
import { AsideFile } from '../files/write-aside.ts';
import type { VectorSink } from './vector-sink.ts';

const alignment = 64;

/** Header of a float32 array [rows, columns], version 1.0, padded so that the values begin at a multiple of 64. */
function header(rows: number, columns: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`;
  const before = 10;
  const length = Math.ceil((before + text.length + 1) / alignment) * alignment - before;
  const bytes = Buffer.alloc(before + length, ' ');
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(length, 8);
  bytes.write(text, before, 'latin1');
  bytes.write('\n', before + length - 1, 'latin1');
  return bytes;
}

/** Vectors as a `.npy` file of float32 [rows, dimension]. */
export function npySink(path: string, rows: number, dimension: number): VectorSink {
  const file = new AsideFile(path);
  file.write(header(rows, dimension));
  return {
    write: (_, vectors) => file.write(new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)),
    finish: () => file.keep(),
    discard: () => file.discard(),
  };
}

// Reads the reference values with a reader of its own, so that these tests do not lean on the product's.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `IJEPA_FIXTURES` puts other reference values, of other sizes, to the same tests. */
export const fixturesFolder = process.env['IJEPA_FIXTURES'] ?? join(import.meta.dirname, 'fixtures');

export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export function readTensors(name: string): ReadonlyMap<string, Stored> {
  const file = readFileSync(join(fixturesFolder, name));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Stored>();
  for (const [key, entry] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + entry.data_offsets[0], 8 + headerLength + entry.data_offsets[1]));
    tensors.set(key, {
      shape: entry.shape,
      data: entry.dtype === 'F32' ? new Float32Array(bytes.buffer) : new Int32Array(bytes.buffer),
    });
  }
  return tensors;
}

export const readJson = <T>(name: string): T => JSON.parse(readFileSync(join(fixturesFolder, name), 'utf8')) as T;

/** [rows, columns] → [columns, rows]. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  return result;
}

/** Our name of a parameter → the authors', without `encoder.` or `predictor.`. */
export function authorsName(name: string, network: 'encoder' | 'predictor'): string {
  const blocks = name.replace('attention.', 'attn.');
  if (network === 'encoder') return blocks.replace('patchEmbed', 'patch_embed.proj');
  if (name === 'maskToken') return 'mask_token';
  return blocks.startsWith('blocks.') ? `predictor_${blocks}` : blocks.replace(/^(embed|norm|proj)\./, 'predictor_$1.');
}

/** A stored tensor in our layout: matrices and convolutions are transposed, one-dimensional values stay. */
export function inOurLayout({ shape, data }: Stored, mask = false): Float32Array {
  const values = data as Float32Array;
  if (shape.length < 2 || mask) return values;
  return transposed(values, shape[0]!, values.length / shape[0]!);
}

/** Images [B, 3, H, W] → patches [B, N, 3·P·P] in (channel, row, column) order. */
export function patchify(images: Float32Array, batch: number, side: number, patch: number): Float32Array {
  const grid = side / patch;
  const values = 3 * patch * patch;
  const result = new Float32Array(images.length);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < 3; c++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++) {
          const token = Math.floor(y / patch) * grid + Math.floor(x / patch);
          const inside = (c * patch + (y % patch)) * patch + (x % patch);
          result[(b * grid * grid + token) * values + inside] = images[((b * 3 + c) * side + y) * side + x]!;
        }
  return result;
}

/** Largest difference relative to the largest expected magnitude. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let [largest, worst] = [1e-12, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const difference = Math.abs(actual[i]! - expected[i]!);
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }
  return worst / largest;
}

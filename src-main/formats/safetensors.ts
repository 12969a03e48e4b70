// safetensors: an 8-byte length, a JSON header, raw little-endian tensors. Our own files carry a SHA-256 of header and data in their
// metadata, so that neither a weight nor the step beside it can change unseen.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { AppError, systemError } from '../../shared/errors.ts';
import { atOnce } from '../files/in-pieces.ts';
import type { Pieces } from '../files/in-pieces.ts';
import { writeAside } from '../files/write-aside.ts';
import { BinaryFile } from './binary-file.ts';

const widths = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 } as const;
export type StoredType = keyof typeof widths;

export interface StoredTensor {
  readonly type: StoredType;
  readonly shape: readonly number[];
}

/** Bytes that a tensor takes in its file. */
export const storedBytes = ({ type, shape }: StoredTensor): number => shape.reduce((product, size) => product * size, widths[type]);

interface Entry extends StoredTensor {
  readonly start: number;
  readonly end: number;
}

export interface TensorToWrite {
  readonly name: string;
  readonly shape: readonly number[];
  /** A function is called when its values are needed, for the checksum and for the file, so that a model need not be held twice. */
  readonly data: Float32Array | Int32Array | Uint8Array | (() => Float32Array);
}

/** Metadata key of the checksum. */
export const checksumKey = 'sha256';
/** How the header of a file with a checksum begins. The checksum is taken with zeros in its own place. */
const checksumStart = `{"__metadata__":{"${checksumKey}":"`;
const noChecksum = '0'.repeat(64);
const largestHeader = 100_000_000;
const chunkBytes = 4 * 1024 * 1024;

const damaged = (path: string, problem: string, cause?: unknown): AppError =>
  new AppError(
    'bad-checkpoint',
    `${path} cannot be used: ${problem}.`,
    'Use another checkpoint of the run, or copy the file again from where it came.',
    cause,
  );

function bytesOf({ name, shape, data }: TensorToWrite): Uint8Array {
  const values = typeof data === 'function' ? data() : data;
  if (values.length !== shape.reduce((a, b) => a * b, 1))
    throw new RangeError(`${name}: ${values.length} values for [${shape.join(', ')}]`);
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function typeOf({ data }: TensorToWrite): StoredType {
  return data instanceof Int32Array ? 'I32' : data instanceof Uint8Array ? 'U8' : 'F32';
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, Math.min(bytes.length - at, 1 << 30));
}

/**
 * Writes a file aside, syncs it and renames it. The tensors are hashed and written where they lie, never copied together.
 * Throws `disk-full` or `not-writable`; the file that was there before then stays.
 */
export function writeSafetensors(path: string, tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>> = {}): void {
  const entries: [string, unknown][] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const { name, shape } = tensor;
    const type = typeOf(tensor);
    const end = shape.reduce((product, size) => product * size, widths[type]) + offset;
    entries.push([name, { dtype: type, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const { [checksumKey]: _, ...others } = metadata;
  const header = JSON.stringify({ __metadata__: { [checksumKey]: noChecksum, ...others }, ...Object.fromEntries(entries) });
  const text = Buffer.from(header + ' '.repeat((8 - (Buffer.byteLength(header) % 8)) % 8));
  const hash = createHash('sha256').update(text);
  for (const tensor of tensors) hash.update(bytesOf(tensor));
  text.write(hash.digest('hex'), checksumStart.length);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  try {
    writeAside(path, (handle) => {
      writeAll(handle, length);
      writeAll(handle, text);
      for (const tensor of tensors) writeAll(handle, bytesOf(tensor));
    });
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** An open file: its header is checked, its tensors are read on demand. */
export class SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly #file: BinaryFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #dataStart: number;

  /** Throws `bad-checkpoint` for anything but a complete, consistent file, `not-found` when there is none. */
  constructor(path: string) {
    this.path = path;
    this.#file = new BinaryFile(path);
    try {
      const { size } = this.#file;
      const { header, dataStart } = this.#readHeader(size);
      this.#dataStart = dataStart;
      this.metadata = metadataOf(path, header);
      this.#entries = entriesOf(path, header, size - dataStart);
      this.tensors = this.#entries;
    } catch (error) {
      this.#file.dispose();
      throw error;
    }
  }

  #readHeader(size: number): { header: Record<string, unknown>; dataStart: number } {
    if (size < 10) throw damaged(this.path, 'it is too short for a safetensors file');
    const start = Buffer.alloc(8);
    this.#fill(start, 0);
    const length = start.readBigUInt64LE();
    if (length > BigInt(largestHeader) || 8n + length > BigInt(size)) throw damaged(this.path, 'it is no safetensors file, or was cut off');
    const text = Buffer.alloc(Number(length));
    this.#fill(text, 8);
    let header: unknown;
    try {
      header = JSON.parse(text.toString('utf8'));
    } catch (error) {
      throw damaged(this.path, 'its header is not readable', error);
    }
    if (typeof header !== 'object' || header === null || Array.isArray(header)) throw damaged(this.path, 'its header is no table');
    return { header: header as Record<string, unknown>, dataStart: 8 + text.length };
  }

  #fill(bytes: Uint8Array, start: number): void {
    if (!this.#file.fill(bytes, start)) throw damaged(this.path, 'it was cut off while it was read');
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (!entry) throw damaged(this.path, `it has no tensor '${name}'`);
    return entry;
  }

  /** The tensor's bytes, a new array that starts at an aligned address. */
  readBytes(name: string): Uint8Array<ArrayBuffer> {
    const { start, end } = this.#entry(name);
    const bytes = new Uint8Array(end - start);
    this.#fill(bytes, this.#dataStart + start);
    return bytes;
  }

  /** The tensor as float32, converted from any floating or integer type; `shape` is checked when given. */
  readFloat32(name: string, shape?: readonly number[]): Float32Array<ArrayBuffer> {
    const entry = this.#entry(name);
    if (shape && shape.join() !== entry.shape.join()) {
      throw damaged(this.path, `'${name}' is [${entry.shape.join(', ')}] where [${shape.join(', ')}] is expected`);
    }
    return toFloat32(this.readBytes(name), entry.type);
  }

  /** Compares header and data with the checksum. Throws `bad-checkpoint` when they differ; returns false when the file has none. */
  verify(): boolean {
    return atOnce(this.verifying());
  }

  /** As `verify`. */
  *verifying(): Pieces<boolean> {
    const text = Buffer.alloc(this.#dataStart - 8);
    this.#fill(text, 8);
    if (!text.toString('latin1', 0, checksumStart.length).startsWith(checksumStart)) return false;
    const expected = text.toString('latin1', checksumStart.length, checksumStart.length + noChecksum.length);
    text.write(noChecksum, checksumStart.length);
    const hash = createHash('sha256').update(text);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    for (let at = this.#dataStart; at < this.#file.size; at += chunkBytes) {
      const piece = chunk.subarray(0, this.#file.size - at);
      this.#fill(piece, at);
      hash.update(piece);
      yield;
    }
    if (hash.digest('hex') !== expected) throw damaged(this.path, 'its contents do not match their checksum');
    return true;
  }

  dispose(): void {
    this.#file.dispose();
  }
}

function metadataOf(path: string, header: Record<string, unknown>): Record<string, string> {
  const metadata = header['__metadata__'] ?? {};
  if (typeof metadata !== 'object' || !Object.values(metadata).every((value) => typeof value === 'string'))
    throw damaged(path, 'its metadata is no table of texts');
  return metadata as Record<string, string>;
}

const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function entriesOf(path: string, header: Record<string, unknown>, dataLength: number): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    if (typeof dtype !== 'string' || !(dtype in widths)) throw damaged(path, `'${name}' has the unknown type ${String(dtype)}`);
    if (!Array.isArray(shape) || !shape.every(isSize)) throw damaged(path, `'${name}' has no valid shape`);
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) throw damaged(path, `'${name}' has no valid place`);
    const [start, end] = offsets as [number, number];
    const bytes = shape.reduce((product, size) => product * size, widths[dtype as StoredType]);
    if (end > dataLength) throw damaged(path, 'it was cut off');
    if (end - start !== bytes) throw damaged(path, `'${name}' has ${end - start} bytes where its shape needs ${bytes}`);
    entries.set(name, { type: dtype as StoredType, shape, start, end });
  }
  let at = 0;
  for (const { start, end } of [...entries.values()].toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start !== at) throw damaged(path, 'its tensors overlap or leave gaps');
    at = end;
  }
  if (at !== dataLength) throw damaged(path, 'it has bytes that belong to no tensor');
  return entries;
}

/** IEEE half precision → number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Raw little-endian values of a type → float32. */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, type: StoredType): Float32Array<ArrayBuffer> {
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer));
    case 'F16':
      return Float32Array.from(new Uint16Array(bytes.buffer), halfToNumber);
    case 'BF16': {
      const halves = new Uint16Array(bytes.buffer);
      return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
    }
    case 'I64':
      return Float32Array.from(new BigInt64Array(bytes.buffer), Number);
    case 'U64':
      return Float32Array.from(new BigUint64Array(bytes.buffer), Number);
    case 'I32':
      return Float32Array.from(new Int32Array(bytes.buffer));
    case 'U32':
      return Float32Array.from(new Uint32Array(bytes.buffer));
    case 'I16':
      return Float32Array.from(new Int16Array(bytes.buffer));
    case 'U16':
      return Float32Array.from(new Uint16Array(bytes.buffer));
    case 'I8':
      return Float32Array.from(new Int8Array(bytes.buffer));
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes);
  }
}

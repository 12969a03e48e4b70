// A fitted space as a safetensors file: 8 bytes of header length, a JSON header, float32 tensors. Others can read it too.
import { AppError } from '../../shared/errors.ts';
import { spaceKinds, type SpaceTransform } from '../evaluation/spaces.ts';

const tensorNames = ['mean', 'directions', 'scales'] as const;

/** `rows` are the numbers of the vectors that it was fitted on, where they are worth keeping. */
export function encodeSpace(space: SpaceTransform, rows?: Uint32Array): Uint8Array {
  const { kind, dimension, outputDimension, fittedOn, shrinkage } = space;
  const header: Record<string, unknown> = {
    __metadata__: {
      format: 'ijepa-studio-space',
      version: '1',
      kind,
      fittedOn: `${fittedOn}`,
      shrinkage: `${shrinkage}`,
      dimension: `${dimension}`,
      outputDimension: `${outputDimension}`,
    },
  };
  let offset = 0;
  for (const name of tensorNames) {
    const length = space[name].length;
    const shape = name === 'directions' ? [length / dimension, dimension] : [length];
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, (offset += 4 * length)] };
  }
  if (rows) header['rows'] = { dtype: 'U32', shape: [rows.length], data_offsets: [offset, offset + 4 * rows.length] };
  const json = JSON.stringify(header);
  const text = Buffer.from(json + ' '.repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  const data = [...tensorNames.map((name) => space[name]), ...(rows ? [rows] : [])];
  return Buffer.concat([size, text, ...data.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))]);
}

export interface StoredSpace {
  readonly space: SpaceTransform;
  /** Empty where they were not kept. */
  readonly rows: Uint32Array;
}

/** Reads what {@link encodeSpace} wrote. Throws `bad-file` for anything else. */
export function decodeSpace(bytes: Uint8Array): StoredSpace {
  try {
    return decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw new AppError('bad-file', 'This file holds no fitted space.', 'Remove it; the space is fitted again when needed.', error);
  }
}

function decode(bytes: Buffer): StoredSpace {
  const size = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + size)) as Record<string, Record<string, unknown>>;
  const metadata = header['__metadata__'] ?? {};
  const kind = spaceKinds.find((one) => one === metadata['kind']);
  if (metadata['format'] !== 'ijepa-studio-space' || metadata['version'] !== '1' || !kind) throw new Error('not a space');
  const data = (name: string, length: number): ArrayBuffer => {
    const [from, to] = header[name]!['data_offsets'] as [number, number];
    if (to - from !== 4 * length || 8 + size + to > bytes.length) throw new Error(`${name} is cut off`);
    return new Uint8Array(bytes.subarray(8 + size + from, 8 + size + to)).buffer;
  };
  const tensor = (name: (typeof tensorNames)[number], length: number): Float32Array => new Float32Array(data(name, length));
  const dimension = Number(metadata['dimension']);
  const outputDimension = Number(metadata['outputDimension']);
  const whitened = kind === 'whitened';
  const space: SpaceTransform = {
    version: 1,
    kind,
    dimension,
    outputDimension,
    fittedOn: Number(metadata['fittedOn']),
    shrinkage: Number(metadata['shrinkage']),
    mean: tensor('mean', dimension),
    directions: tensor('directions', whitened ? dimension * outputDimension : 0),
    scales: tensor('scales', whitened ? outputDimension : 0),
  };
  return { space, rows: header['rows'] ? new Uint32Array(data('rows', space.fittedOn)) : new Uint32Array(0) };
}

// Tensors of a file that `torch.save` wrote (a zip with a pickle that describes them and one entry per storage), without torch and
// without running what the pickle says.
import { AppError } from '../../shared/errors.ts';
import { PickleName, readPickle } from './pickle.ts';
import type { PickleRules, PickleValue } from './pickle.ts';
import { toFloat32 } from './safetensors.ts';
import type { StoredTensor, StoredType } from './safetensors.ts';
import type { TensorSource } from './tensor-source.ts';
import { ZipArchive } from './zip-archive.ts';

interface Storage {
  readonly kind: 'storage';
  readonly type: StoredType;
  readonly key: string;
  readonly elements: number;
}

interface TorchTensor extends StoredTensor {
  readonly kind: 'tensor';
  readonly storage: Storage;
  /** In elements. */
  readonly offset: number;
  readonly strides: readonly number[];
}

type Made = Storage | TorchTensor;
type Value = PickleValue<Made>;

const storageTypes: ReadonlyMap<string, StoredType> = new Map([
  ['torch.FloatStorage', 'F32'],
  ['torch.DoubleStorage', 'F64'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);
const bytesOf: Readonly<Partial<Record<StoredType, number>>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};
const rebuildTensor = 'torch._utils._rebuild_tensor_v2';
const rebuildParameter = 'torch._utils._rebuild_parameter';
const orderedDict = 'collections.OrderedDict';
const largestPickle = 256 * 1024 * 1024;

const isCount = (value: Value | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isCounts = (value: Value | undefined): value is readonly number[] =>
  Array.isArray(value) && value.length <= 16 && value.every(isCount);
const madeIn = (value: Value | undefined): Made | undefined =>
  typeof value === 'object' && value !== null && 'made' in value ? value.made : undefined;

function storageOf(value: Value): Value | undefined {
  if (!Array.isArray(value) || value.length !== 5) return undefined;
  const [word, name, key, , elements] = value as Value[];
  const type = name instanceof PickleName ? storageTypes.get(name.name) : undefined;
  if (word !== 'storage' || !type || typeof key !== 'string' || !isCount(elements)) return undefined;
  return { made: { kind: 'storage', type, key, elements } };
}

/** A view of a storage: it may neither leave it nor be larger than it. */
function tensorOf([source, offset, shape, strides]: readonly Value[]): Value | undefined {
  const storage = madeIn(source);
  if (storage?.kind !== 'storage' || !isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length)
    return undefined;
  const size = shape.reduce((a, b) => a * b, 1);
  const last = size === 0 ? 0 : shape.reduce((at, length, axis) => at + (length - 1) * strides[axis]!, offset) + 1;
  if (size > storage.elements || last > storage.elements) return undefined;
  return { made: { kind: 'tensor', type: storage.type, shape, storage, offset, strides } };
}

const rules: PickleRules<Made> = {
  names: new Set([rebuildTensor, rebuildParameter, orderedDict, ...storageTypes.keys()]),
  call: (name, values) => {
    if (name === orderedDict) return values.length === 0 ? new Map() : undefined;
    if (name === rebuildTensor) return tensorOf(values);
    if (name === rebuildParameter && madeIn(values[0])?.kind === 'tensor') return values[0];
    return undefined;
  },
  refer: storageOf,
};

/** Tensors of the outermost dictionary, and of the dictionaries in it as `outer.inner`. */
function named(value: Value): ReadonlyMap<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  const collect = (map: Value, prefix: string, deeper: boolean): void => {
    if (!(map instanceof Map)) return;
    for (const [key, one] of map) {
      if (typeof key !== 'string') continue;
      const made = madeIn(one);
      if (made?.kind === 'tensor') tensors.set(prefix + key, made);
      else if (deeper) collect(one, `${prefix}${key}.`, false);
    }
  };
  collect(value, '', true);
  return tensors;
}

export class TorchCheckpoint implements TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly #zip: ZipArchive;
  readonly #tensors: ReadonlyMap<string, TorchTensor>;
  readonly #folder: string;

  /** Throws `unsafe-file` when the file would run code or misleads, `bad-checkpoint` when it is damaged, `unsupported` for big-endian. */
  constructor(path: string) {
    this.path = path;
    this.#zip = new ZipArchive(path);
    try {
      const index = this.#zip.names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
      if (index === undefined) throw this.#damaged('it is a zip file, but not one of torch');
      this.#folder = index.slice(0, index.indexOf('/'));
      this.#refuseBigEndian();
      if (this.#zip.sizeOf(index)! > largestPickle) throw this.#damaged('its table of contents is far too large');
      this.#tensors = named(readPickle(this.#zip.read(index), path, rules));
      for (const [name, { storage }] of this.#tensors) this.#requireStorage(name, storage);
      this.tensors = this.#tensors;
    } catch (error) {
      this.#zip.dispose();
      throw error;
    }
  }

  #damaged(problem: string): AppError {
    return new AppError(
      'bad-checkpoint',
      `${this.path} cannot be used: ${problem}.`,
      'Copy or download the file again, or use another one.',
    );
  }

  #refuseBigEndian(): void {
    const entry = `${this.#folder}/byteorder`;
    const size = this.#zip.sizeOf(entry);
    if (size === undefined || size > 16 || Buffer.from(this.#zip.read(entry)).toString('latin1') === 'little') return;
    throw new AppError('unsupported', `${this.path} was written on a big-endian machine.`, 'Save it again on an ordinary one.');
  }

  #requireStorage(name: string, { key, elements, type }: Storage): void {
    const size = this.#zip.sizeOf(`${this.#folder}/data/${key}`);
    if (size !== elements * bytesOf[type]!)
      throw this.#damaged(`the values of '${name}' are ${size === undefined ? 'missing' : 'cut off'}`);
  }

  readFloat32(name: string, shape?: readonly number[]): Float32Array<ArrayBuffer> {
    const tensor = this.#tensors.get(name);
    if (!tensor) throw this.#damaged(`it has no tensor '${name}'`);
    if (shape && shape.join() !== tensor.shape.join())
      throw this.#damaged(`'${name}' is [${tensor.shape.join(', ')}] where [${shape.join(', ')}] is expected`);
    const values = toFloat32(this.#zip.read(`${this.#folder}/data/${tensor.storage.key}`), tensor.type);
    return rowMajor(values, tensor);
  }

  dispose(): void {
    this.#zip.dispose();
  }
}

/** The values of a view in row-major order; the storage itself where it is laid out so. */
function rowMajor(values: Float32Array<ArrayBuffer>, { shape, strides, offset }: TorchTensor): Float32Array<ArrayBuffer> {
  const size = shape.reduce((a, b) => a * b, 1);
  let expected = 1;
  let dense = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) dense = false;
    expected *= shape[axis]!;
  }
  if (dense) return offset === 0 && size === values.length ? values : values.slice(offset, offset + size);
  const result = new Float32Array(size);
  const index = shape.map(() => 0);
  for (let i = 0, at = offset; i < size; i++) {
    result[i] = values[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

// Weights of other programs as this program's: what every reader gives, and the parts that the readers share.
import type { Preprocessing } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import { storedBytes } from '../formats/safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { fromForeign } from '../jepa/foreign-names.ts';
import type { ForeignNetwork, ForeignTensor } from '../jepa/foreign-names.ts';
import type { ModelSize, Weights } from '../jepa/model.ts';
import { sineCosinePositions } from '../jepa/positions.ts';

export type Statistics = Pick<Preprocessing, 'mean' | 'std'>;

/** What lies between a file and the encoder, without what sizes and statistics say already. */
export type StatedPreprocessing = Omit<Preprocessing, 'imageSize' | 'mean' | 'std'>;

export interface ForeignWeights {
  readonly size: ModelSize;
  /** `targetEncoder.*`, `contextEncoder.*` and `predictor.*`, as far as the file has them. */
  readonly weights: Weights;
  /** What of it will embed: the target encoder where the file has one. */
  readonly encoder: 'target' | 'context';
  /** Normalisation of the inputs where the file states the one of its training. */
  readonly statistics: Statistics | undefined;
  /** How images become inputs, where the file states it. */
  readonly preprocessing?: StatedPreprocessing;
  /** What a person should know about this file, in sentences. */
  readonly notes: readonly string[];
}

export function unusable(
  path: string,
  problem: string,
  hint = 'Give weights of an I-JEPA of the authors’ code or of Hugging Face.',
): AppError {
  return new AppError('bad-checkpoint', `${path} cannot be used: ${problem}.`, hint);
}

/** Shape of a tensor that must be there with this many axes. Throws `bad-checkpoint`. */
export function shapeOf(source: TensorSource, name: string, axes: number): readonly number[] {
  const shape = source.tensors.get(name)?.shape;
  if (!shape) throw unusable(source.path, `it has no tensor '${name}'`);
  if (shape.length !== axes || shape.some((size) => size < 1)) throw unusable(source.path, `'${name}' is [${shape.join(', ')}]`);
  return shape;
}

/** How an encoder embeds a patch. */
export type ForeignStem = Pick<ModelSize, 'patchSize' | 'stem'>;

/** Where a stem of convolutions begins. */
const firstConvolution = '.0.weight';
/** Whether there is a patch embedding of that name, of either kind. */
export const hasStem = (source: TensorSource, projection: string): boolean =>
  source.tensors.has(`${projection}.weight`) || source.tensors.has(projection + firstConvolution);

/** Width and stem from the patch embedding `projection`: one convolution, or this program's row of them with norms and GELU between. */
export function stemOf(source: TensorSource, projection: string): ForeignStem & { readonly width: number } {
  const kernelOf = (name: string, channels: number | undefined): readonly [number, number] => {
    const [width, inner, height, across] = shapeOf(source, name, 4) as [number, number, number, number];
    if (inner !== (channels ?? inner) || height !== across) throw unusable(source.path, `its patches are ${inner} × ${height} × ${across}`);
    return [width, height];
  };
  if (source.tensors.has(`${projection}.weight`)) {
    const [width, patchSize] = kernelOf(`${projection}.weight`, 3);
    return { width, patchSize };
  }
  let [width] = kernelOf(projection + firstConvolution, 3);
  let patchSize = 2;
  // Each halves the image; between two of them lie a norm and GELU.
  for (let place = 3; source.tensors.has(`${projection}.${place}.weight`); place += 3) {
    [width] = kernelOf(`${projection}.${place}.weight`, width);
    patchSize *= 2;
  }
  return { width, patchSize, stem: 'convolutions' };
}

/** How many blocks there are: the first number without a tensor of that name. */
export function countBlocks(source: TensorSource, nameOf: (block: number) => string): number {
  let depth = 0;
  while (source.tensors.has(nameOf(depth))) depth++;
  if (depth === 0) throw unusable(source.path, 'it has no transformer blocks');
  return depth;
}

/** Side of a square grid of so many patches. Throws `unsupported` for any other. */
export function gridOf(source: TensorSource, tokens: number): number {
  const grid = Math.sqrt(tokens);
  if (!Number.isInteger(grid)) {
    throw new AppError(
      'unsupported',
      `${source.path} has positions for ${tokens} patches, which is no square.`,
      'Give weights of an I-JEPA without a class token on square images.',
    );
  }
  return grid;
}

/** Half precision rounds positions by this much; in full precision only the last bits may differ. */
const halfRounding = 5e-3;
const fullRounding = 1e-5;

/** Whether a stored table of positions is the published one. */
export function hasPublishedPositions(source: TensorSource, name: string, width: number, grid: number): boolean {
  if (width % 4 !== 0) return false;
  const type = source.tensors.get(name)?.type;
  const tolerance = type === 'F16' || type === 'BF16' ? halfRounding : fullRounding;
  const stored = source.readFloat32(name, [1, grid * grid, width]);
  const published = sineCosinePositions(width, grid);
  return published.every((value, i) => Math.abs(value - stored[i]!) <= tolerance);
}

/** A network of a file: `base` stands before every foreign name, `prefix` before every one here. */
export interface NetworkToRead {
  readonly network: ForeignNetwork;
  readonly base: string;
  readonly prefix: string;
}

/** Called after each tensor with the bytes of the file that were read, of those that will be. What it throws ends the reading. */
export type ReadProgress = (done: number, total: number) => void;

/** The parameters of networks as `prefix.*`. Throws `bad-checkpoint` for what is missing. */
export function readNetworks(source: TensorSource, networks: readonly NetworkToRead[], onRead?: ReadProgress): Weights {
  const bytesOf = (name: string): number => {
    const stored = source.tensors.get(name);
    return stored ? storedBytes(stored) : 0;
  };
  const wanted = networks.flatMap(({ network, base }) => network.parameters.flatMap(({ parts }) => parts.map(({ name }) => base + name)));
  const total = wanted.reduce((bytes, name) => bytes + bytesOf(name), 0);
  let done = 0;
  return Object.fromEntries(
    networks.flatMap(({ network, base, prefix }) => {
      const read = ({ name, shape }: ForeignTensor): Float32Array => {
        const values = source.readFloat32(base + name, shape);
        onRead?.((done += bytesOf(base + name)), total);
        return values;
      };
      return network.parameters.map((parameter) => [`${prefix}.${parameter.name}`, fromForeign(parameter, read)] as const);
    }),
  );
}

export const isTriple = (value: unknown): value is readonly [number, number, number] =>
  Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === 'number' && Number.isFinite(one));

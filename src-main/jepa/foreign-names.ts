// The parameters under the names and in the layout of other programs: the authors' code and Hugging Face's `ijepa`. Pure data: who
// reads or writes files walks these lists. torch keeps a linear weight as [out, in] and a patch projection as [width, 3, P, P].
import type { Shape } from '../tensor/graph.ts';
import { encoderParameters, predictorParameters, tokenCount } from './model.ts';
import type { ModelSize, ParameterSpec } from './model.ts';
import { kernelSide } from './windows.ts';

export interface ForeignTensor {
  readonly name: string;
  readonly shape: Shape;
}

/** One of our parameters and what it is called elsewhere. */
export interface ForeignParameter {
  readonly name: string;
  /** [in, out] here where it is [out, in] there. */
  readonly transposed: boolean;
  /** Places of a convolution's kernel: inputs are (place, channel) here and (channel, place) there. */
  readonly places?: number;
  /** One tensor, or several that lie side by side along the output axis (query, key, value). */
  readonly parts: readonly ForeignTensor[];
}

/** A table of positions [1, N, width], which is no parameter here unless the encoder has learned it. */
export interface ForeignPositions extends ForeignTensor {
  readonly width: number;
}

export interface ForeignNetwork {
  readonly parameters: readonly ForeignParameter[];
  readonly positions: ForeignPositions;
}

const kernelPlaces = kernelSide ** 2;
const isKernel = (name: string): boolean => /^patchEmbed\.\d+\.weight$/.test(name);
/** In a torch `Sequential` a convolution is followed by its norm and its GELU. */
const inSequence = (name: string): string =>
  name.replace(/^patchEmbed\.(\d+)\.(norm\.)?/, (_, layer, norm) => `patchEmbed.${3 * Number(layer) + (norm === undefined ? 0 : 1)}.`);

/** Shape of a parameter in torch's layout: [in, out] → [out, in]. */
function torchShape({ name, shape }: ParameterSpec, size: ModelSize): Shape {
  if (name === 'patchEmbed.weight') return [shape[1]!, 3, size.patchSize, size.patchSize];
  if (isKernel(name)) return [shape[1]!, shape[0]! / kernelPlaces, kernelSide, kernelSide];
  if (name === 'maskToken') return [1, 1, ...shape];
  if (name === 'positions') return [1, ...shape];
  return shape.toReversed();
}

const isTransposed = ({ name, shape }: ParameterSpec): boolean => shape.length === 2 && name !== 'positions';

function renamed(spec: ParameterSpec, size: ModelSize, foreignName: string): ForeignParameter {
  return {
    name: spec.name,
    transposed: isTransposed(spec),
    ...(isKernel(spec.name) && { places: kernelPlaces }),
    parts: [{ name: foreignName, shape: torchShape(spec, size) }],
  };
}

const positionsOf = (name: string, size: ModelSize, width: number): ForeignPositions => ({
  name,
  shape: [1, tokenCount(size), width],
  width,
});

function authorsEncoderName(name: string): string {
  return inSequence(name)
    .replace('attention.', 'attn.')
    .replace('patchEmbed', 'patch_embed.proj')
    .replace(/^positions$/, 'pos_embed');
}

function authorsPredictorName(name: string): string {
  const blocks = name.replace('attention.', 'attn.');
  if (blocks.startsWith('blocks.')) return `predictor_${blocks}`;
  return name === 'maskToken' ? 'mask_token' : blocks.replace(/^(embed|norm|proj)\./, 'predictor_$1.');
}

/** An encoder under the authors' names, without `encoder.` or `module.`. */
export const authorsEncoder = (size: ModelSize): ForeignNetwork => ({
  parameters: encoderParameters(size).map((spec) => renamed(spec, size, authorsEncoderName(spec.name))),
  positions: positionsOf('pos_embed', size, size.encoder.width),
});

/** The predictor under the authors' names, without `predictor.` or `module.`. */
export const authorsPredictor = (size: ModelSize): ForeignNetwork => ({
  parameters: predictorParameters(size).map((spec) => renamed(spec, size, authorsPredictorName(spec.name))),
  positions: positionsOf('predictor_pos_embed', size, size.predictor.width),
});

const huggingFaceParts: readonly (readonly [RegExp, string])[] = [
  [/^patchEmbed\./, 'embeddings.patch_embeddings.projection.'],
  [/^positions$/, 'embeddings.position_embeddings'],
  [/^norm\./, 'layernorm.'],
  [/^blocks\.(\d+)\.norm1\./, 'encoder.layer.$1.layernorm_before.'],
  [/^blocks\.(\d+)\.norm2\./, 'encoder.layer.$1.layernorm_after.'],
  [/^blocks\.(\d+)\.attention\.proj\./, 'encoder.layer.$1.attention.output.dense.'],
  [/^blocks\.(\d+)\.mlp\.fc1\./, 'encoder.layer.$1.intermediate.dense.'],
  [/^blocks\.(\d+)\.mlp\.fc2\./, 'encoder.layer.$1.output.dense.'],
];

function huggingFaceParameter(spec: ParameterSpec, size: ModelSize): ForeignParameter {
  const [, block, kind] = /^blocks\.(\d+)\.attention\.qkv\.(\w+)$/.exec(spec.name) ?? [];
  if (block === undefined) {
    const name = inSequence(spec.name);
    const [pattern, replacement] = huggingFaceParts.find(([one]) => one.test(name))!;
    return renamed(spec, size, name.replace(pattern, replacement));
  }
  const [rows, ...rest] = torchShape(spec, size);
  const parts = ['query', 'key', 'value'].map((part) => ({
    name: `encoder.layer.${block}.attention.attention.${part}.${kind}`,
    shape: [rows! / 3, ...rest],
  }));
  return { name: spec.name, transposed: isTransposed(spec), parts };
}

/** An encoder under the names of Hugging Face's `IJepaModel`. */
export const huggingFaceEncoder = (size: ModelSize): ForeignNetwork => ({
  parameters: encoderParameters(size).map((spec) => huggingFaceParameter(spec, size)),
  positions: positionsOf('embeddings.position_embeddings', size, size.encoder.width),
});

/** Side of the squares in which a matrix is turned: both of its sides then stay in the cache. */
const tile = 64;

/** [rows, columns] → [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(top + tile, rows);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(left + tile, columns);
      for (let j = left; j < right; j++) for (let i = top; i < bottom; i++) result[j * rows + i] = values[i * columns + j]!;
    }
  }
  return result;
}

/** Each of `rows` rows [outer, inner] → [inner, outer]. */
function regrouped(values: Float32Array, rows: number, outer: number): Float32Array<ArrayBuffer> {
  const length = values.length / rows;
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    result.set(transposed(values.subarray(row * length, (row + 1) * length), outer, length / outer), row * length);
  return result;
}

/** Our values of a parameter from its foreign tensors, which `read` returns row-major. */
export function fromForeign(parameter: ForeignParameter, read: (tensor: ForeignTensor) => Float32Array): Float32Array {
  const parts = parameter.parts.map(read);
  const joined = parts.length === 1 ? parts[0]! : sideBySide(parts);
  if (!parameter.transposed) return joined;
  const rows = parameter.parts.reduce((total, { shape }) => total + shape[0]!, 0);
  const { places } = parameter;
  const inputs = joined.length / rows;
  return transposed(places === undefined ? joined : regrouped(joined, rows, inputs / places), rows, inputs);
}

function sideBySide(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The foreign values of one part of a parameter from ours. */
export function toForeign(parameter: ForeignParameter, values: Float32Array, part: ForeignTensor): Float32Array {
  const rows = parameter.parts.reduce((total, { shape }) => total + shape[0]!, 0);
  const turned = parameter.transposed ? transposed(values, values.length / rows, rows) : values;
  const layout = parameter.places === undefined ? turned : regrouped(turned, rows, parameter.places);
  const length = values.length / parameter.parts.length;
  const place = parameter.parts.indexOf(part);
  return layout.subarray(place * length, (place + 1) * length);
}

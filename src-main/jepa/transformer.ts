// Encoder and predictor as expressions (Dosovitskiy et al. 2021; Assran et al. 2023, §3).
import { add, equal, minimum, multiply, select } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { attention, gelu, layerNorm } from '../tensor/layers.ts';
import { gather, linear, matmul } from '../tensor/products.ts';
import { concatenate, constant, expand, input, reshape, slice, sum } from '../tensor/structure.ts';
import { encoderParameters, predictorParameters, projectorParameters } from './model.ts';
import type { ModelSize, ParameterSpec, TransformerSize } from './model.ts';
import { sineCosinePositions } from './positions.ts';
import { embedPatches, isWholeStem } from './stem.ts';

/** Parameters as graph inputs, by their name without the network's prefix. */
export type Network = (name: string) => Tensor;

export function networkInputs(prefix: string, specs: readonly ParameterSpec[]): Network {
  const tensors = new Map(specs.map(({ name, shape }) => [name, input(`${prefix}.${name}`, shape)]));
  return (name) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new TypeError(`no parameter ${prefix}.${name}`);
    return tensor;
  };
}

export const encoderInputs = (prefix: 'contextEncoder' | 'targetEncoder', size: ModelSize): Network =>
  networkInputs(prefix, encoderParameters(size));
export const predictorInputs = (size: ModelSize): Network => networkInputs('predictor', predictorParameters(size));

export const projectorInputs = (size: ModelSize): Network => networkInputs('projector', projectorParameters(size));

export interface Networks {
  readonly contextEncoder: Network;
  readonly predictor: Network;
  readonly targetEncoder: Network;
  readonly projector: Network;
}

/** The networks of a step. */
export const networks = (model: ModelSize): Networks => ({
  contextEncoder: encoderInputs('contextEncoder', model),
  predictor: predictorInputs(model),
  targetEncoder: encoderInputs('targetEncoder', model),
  projector: projectorInputs(model),
});

const dense = (network: Network, name: string, x: Tensor): Tensor => linear(x, network(`${name}.weight`), network(`${name}.bias`));
const norm = (network: Network, name: string, x: Tensor): Tensor => layerNorm(x, network(`${name}.weight`), network(`${name}.bias`), 1e-6);

interface BlockOptions {
  /** Added to the scores of each key, [B, 1, 1, n]. */
  readonly keyMask?: Tensor | undefined;
  /** Receives the output of every block before the final norm. */
  readonly taps?: Tensor[] | undefined;
  /** Only this many last tokens are wanted: in the last block the others serve as keys and values alone. */
  readonly kept?: number;
}

/** Pre-norm blocks and the final norm. */
function blocks(network: Network, { depth, heads }: TransformerSize, x: Tensor, { keyMask, taps, kept }: BlockOptions = {}): Tensor {
  const count = x.shape[1]!;
  let tokens = x;
  for (let i = 0; i < depth; i++) {
    const block = `blocks.${i}`;
    const wanted = i === depth - 1 ? (kept ?? count) : count;
    const mixed = attention(dense(network, `${block}.attention.qkv`, norm(network, `${block}.norm1`, tokens)), heads, keyMask);
    const last = (values: Tensor): Tensor => slice(values, 1, count - wanted, wanted);
    tokens = add(last(tokens), dense(network, `${block}.attention.proj`, last(mixed)));
    const hidden = gelu(dense(network, `${block}.mlp.fc1`, norm(network, `${block}.norm2`, tokens)));
    tokens = add(tokens, dense(network, `${block}.mlp.fc2`, hidden));
    taps?.push(tokens);
  }
  return norm(network, 'norm', tokens);
}

/** Pooled contexts [B, width] → what the losses over the whole batch look at, [B, projector's width]; without a projector they themselves. */
export function project(network: Network, { projector }: ModelSize, pooled: Tensor): Tensor {
  return projector ? dense(network, 'fc2', gelu(norm(network, 'norm', dense(network, 'fc1', pooled)))) : pooled;
}

/** Rows of the fixed position table: all of them [1, N, width], or at indices [B, n] → [B, n, width]. */
function positions(width: number, { grid, spacing }: ModelSize, indices?: Tensor): Tensor {
  const table = sineCosinePositions(width, grid, spacing);
  return indices ? gather(constant(table, [grid ** 2, width]), indices) : constant(table, [1, grid ** 2, width]);
}

/** The same from the encoder's own table, where it has learned one. */
function encoderPositions(network: Network, size: ModelSize, indices?: Tensor): Tensor {
  const { width } = size.encoder;
  if (size.positions !== 'learned') return positions(width, size, indices);
  const table = network('positions');
  return indices ? gather(table, indices) : reshape(table, [1, size.grid ** 2, width]);
}

/** Takes tokens [B, N, W] at indices [..., B, n] of each image: [..., B, n, W]. */
export function takeTokens(tokens: Tensor, indices: Tensor): Tensor {
  const [batch, count, width] = tokens.shape as [number, number, number];
  const starts = constant(
    Int32Array.from({ length: batch }, (_, b) => b * count),
    [batch, 1],
  );
  return gather(reshape(tokens, [batch * count, width]), add(indices, starts));
}

export interface EncodeOptions {
  /** Patches to encode, [B, n] int32; all when absent. A linear stem takes them before its projection, so that the rest costs nothing. */
  readonly indices?: Tensor;
  /** Added to the scores of each key, [B, 1, 1, n]. */
  readonly keyMask?: Tensor;
  /** Receives the output of every block before the final norm. */
  readonly taps?: Tensor[];
}

/** Rows of 0 and 1 in which `indices` [B, n] name `count` places: [B, n, count]. */
function named(indices: Tensor, count: number): Tensor {
  const [batch, names] = indices.shape as [number, number];
  const places = constant(
    Int32Array.from({ length: count }, (_, place) => place),
    [1, 1, count],
  );
  return select(equal(reshape(indices, [batch, names, 1]), places), 1, 0);
}

/** Patches [B, N, 3·P·P] of images → tokens [B, n, width] of the patches that are named, the others blank to the stem's windows. */
function embedSeen(network: Network, size: ModelSize, patches: Tensor, indices: Tensor): Tensor {
  const [batch, count] = patches.shape as [number, number, number];
  const places = named(indices, count);
  // A padded context names one patch several times.
  const seen = multiply(patches, reshape(minimum(sum(places, [1]), 1), [batch, count, 1]));
  // A product for each image: the gradient of a gather would be one product with the tokens of all images.
  return matmul(places, embedPatches(network, size, indices.shape[1] === count ? patches : seen));
}

/** Normalised patches [B, N, 3·P·P] → tokens [B, n, width]. */
export function encode(network: Network, size: ModelSize, patches: Tensor, { indices, keyMask, taps }: EncodeOptions = {}): Tensor {
  const tokens =
    indices && isWholeStem(size)
      ? embedSeen(network, size, patches, indices)
      : embedPatches(network, size, indices ? takeTokens(patches, indices) : patches);
  return blocks(network, size.encoder, add(tokens, encoderPositions(network, size, indices)), { keyMask, taps });
}

/**
 * Context tokens [B, Nc, width] of the encoder → predictions [M·B, Nt, width] at targets [M, B, Nt]. Each target block is a pass of
 * its own: the context is repeated per block along the batch, so that blocks do not attend to each other.
 * `keyMask` [M·B, 1, 1, Nc + Nt] hides padding.
 */
export function predict(
  network: Network,
  size: ModelSize,
  context: Tensor,
  contextIndices: Tensor,
  targetIndices: Tensor,
  keyMask?: Tensor,
): Tensor {
  const { width } = size.predictor;
  const [count, batch, targets] = targetIndices.shape as [number, number, number];
  const seen = context.shape[1]!;
  const placed = add(dense(network, 'embed', context), positions(width, size, contextIndices));
  const repeated = reshape(expand(reshape(placed, [1, batch * seen * width]), [count, batch * seen * width]), [count * batch, seen, width]);
  const masked = add(positions(width, size, reshape(targetIndices, [count * batch, targets])), network('maskToken'));
  const tokens = blocks(network, size.predictor, concatenate([repeated, masked], 1), { keyMask, kept: targets });
  return dense(network, 'proj', tokens);
}

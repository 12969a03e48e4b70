// How a patch becomes a token: one linear map as published, or small convolutions inside the patch (2×2 with stride 2, each followed by
// GELU but the last). No window reaches over the border of a patch: what is hidden stays hidden, and hidden patches cost nothing.
import type { TrainConfig } from '../../shared/config-table.ts';
import { gelu } from '../tensor/layers.ts';
import { linear } from '../tensor/products.ts';
import type { Tensor } from '../tensor/graph.ts';
import { reshape, transpose } from '../tensor/structure.ts';

export interface StemLayer {
  /** Of its parameters: `${name}.weight` and `${name}.bias`. */
  readonly name: string;
  readonly inner: number;
  readonly outer: number;
  /** Places of a patch that it is applied to. */
  readonly places: number;
  /** Of the first weights; the published one when absent. */
  readonly deviation?: number;
}

/** What the layers follow from; see ModelSize. */
interface Sizes {
  readonly encoder: { readonly width: number };
  readonly patchSize: number;
  readonly stem?: TrainConfig['stem'];
  readonly patchDeviation?: number;
}

/** Sides that are halved no further. */
const smallestSide = 3;
const fewestChannels = 8;

/** How often a patch is cut into quarters: 8 px → 2, 16 px → 3, 14 px → 1. */
function cuts({ patchSize, stem }: Sizes): number {
  if (stem !== 'convolutions') return 0;
  let count = 0;
  for (let side = patchSize; side > smallestSide && side % 2 === 0; side /= 2) count++;
  return count;
}

/** The layers from the smallest squares of a patch to its token; channels double up to the width. */
export function stemLayers(size: Sizes): readonly StemLayer[] {
  const { patchSize, encoder, stem, patchDeviation } = size;
  const count = cuts(size);
  if (stem !== 'convolutions')
    return [
      {
        name: 'patchEmbed',
        inner: 3 * patchSize ** 2,
        outer: encoder.width,
        places: 1,
        ...(patchDeviation !== undefined && { deviation: patchDeviation }),
      },
    ];
  const channels = (layer: number): number =>
    layer === count ? encoder.width : Math.max(fewestChannels, Math.round(encoder.width / 2 ** (count - layer)));
  return Array.from({ length: count + 1 }, (_, layer) => {
    const inner = layer === 0 ? 3 * (patchSize / 2 ** count) ** 2 : 4 * channels(layer - 1);
    // What comes out varies as much as what goes in, GELU's loss made up for (He et al. 2015).
    const deviation = Math.sqrt((layer === count ? 1 : 2) / inner);
    return { name: `patchEmbed.${layer}`, inner, outer: channels(layer), places: 4 ** (count - layer), deviation };
  });
}

/** [R, 3·S·S] squares as (channel, row, column) → [4·R, 3·S/2·S/2], the quarters of each one after the other. */
function quartered(squares: Tensor, side: number): Tensor {
  const rows = squares.shape[0]!;
  const half = side / 2;
  const cut = transpose(reshape(squares, [rows, 3, 2, half, 2, half]), [0, 2, 4, 1, 3, 5]);
  return reshape(cut, [4 * rows, 3 * half * half]);
}

/** Normalised patches [B, n, 3·P·P] → [B, n, width]. */
export function embedPatch(network: (name: string) => Tensor, size: Sizes, patches: Tensor): Tensor {
  const layers = stemLayers(size);
  const dense = ({ name }: StemLayer, x: Tensor): Tensor => linear(x, network(`${name}.weight`), network(`${name}.bias`));
  if (layers.length === 1) return dense(layers[0]!, patches);
  const [batch, count, values] = patches.shape as [number, number, number];
  let x = reshape(patches, [batch * count, values]);
  for (let side = size.patchSize, left = layers.length - 1; left > 0; left--, side /= 2) x = quartered(x, side);
  for (const layer of layers) {
    x = dense(layer, reshape(x, [batch * count * layer.places, layer.inner]));
    if (layer.places > 1) x = gelu(x);
  }
  return reshape(x, [batch, count, size.encoder.width]);
}

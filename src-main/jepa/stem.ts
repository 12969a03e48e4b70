// How patches become tokens: by one linear map each, as published, or by convolutions over the whole image (Xiao et al. 2021, "Early
// convolutions help transformers see better"): 3×3 with stride 2 until a patch is one place, each but the last followed by a norm over
// its channels and GELU. Their windows reach over the borders of patches, so hidden patches are blanked before them (transformer.ts).
import type { TrainConfig } from '../../shared/config-table.ts';
import type { Tensor } from '../tensor/graph.ts';
import { gelu, layerNorm } from '../tensor/layers.ts';
import { linear } from '../tensor/products.ts';
import { blank, takeRows } from '../tensor/rows.ts';
import { reshape, transpose } from '../tensor/structure.ts';

/** What the layers follow from; see ModelSize. */
interface Sizes {
  readonly encoder: { readonly width: number };
  readonly patchSize: number;
  readonly grid: number;
  readonly stem?: TrainConfig['stem'];
  readonly stemStart?: TrainConfig['stemStart'];
  readonly patchDeviation?: number;
}

export interface StemLayer {
  /** Of its parameters: `${name}.weight`, `${name}.bias`; with a norm also `${name}.norm.weight` and `.bias`. */
  readonly name: string;
  readonly inner: number;
  readonly outer: number;
  /** Places of an image that it is applied to, for each of its patches. */
  readonly places: number;
  readonly hasNorm: boolean;
  /** Of the first weights; the published one when absent. */
  readonly deviation?: number;
  /** Of the first weights; `normal` when absent. */
  readonly initial?: 'whitening';
}

/** Side of the convolutions' windows. */
export const kernelSide = 3;
const fewestChannels = 8;
const epsilon = 1e-6;

/** Whether tokens come of the whole image, not of one patch each. */
export const isWholeStem = ({ stem }: Pick<Sizes, 'stem'>): boolean => stem === 'convolutions';

/** From pixels to tokens; channels double up to the width. Convolutions need patches whose side is a power of 2. */
export function stemLayers({ patchSize, encoder, stem, stemStart, patchDeviation }: Omit<Sizes, 'grid'>): readonly StemLayer[] {
  if (stem !== 'convolutions') {
    const deviation = patchDeviation === undefined ? {} : { deviation: patchDeviation };
    return [{ name: 'patchEmbed', inner: 3 * patchSize ** 2, outer: encoder.width, places: 1, hasNorm: false, ...deviation }];
  }
  const count = Math.log2(patchSize);
  const channels = (layer: number): number =>
    layer === count - 1 ? encoder.width : Math.max(fewestChannels, Math.round(encoder.width / 2 ** (count - 1 - layer)));
  return Array.from({ length: count }, (_, layer) => {
    const inner = kernelSide ** 2 * (layer === 0 ? 3 : channels(layer - 1));
    const name = `patchEmbed.${layer}`;
    return {
      name,
      inner,
      outer: channels(layer),
      places: 4 ** (count - 1 - layer),
      hasNorm: layer < count - 1,
      deviation: Math.sqrt(1 / inner),
      ...(layer === 0 && stemStart === 'whitening' && { initial: stemStart }),
    };
  });
}

/** Places of the windows of a square of `side` × `side`: of rows 2i − 1 to 2i + 1, and columns likewise, blank beyond the border. */
function windowPlaces(side: number): Int32Array {
  const places = new Int32Array((side / 2) ** 2 * kernelSide ** 2);
  let place = 0;
  for (let i = 0; i < side / 2; i++)
    for (let j = 0; j < side / 2; j++)
      for (let row = 2 * i - 1; row <= 2 * i + 1; row++)
        for (let column = 2 * j - 1; column <= 2 * j + 1; column++) places[place++] = row < 0 || column < 0 ? blank : row * side + column;
  return places;
}

/** [B, S·S, C] → [B, S/2·S/2, 9·C], the inputs of each place as (row, column, channel). */
function windows(x: Tensor, side: number): Tensor {
  const [batch, , channels] = x.shape as [number, number, number];
  return reshape(takeRows(x, windowPlaces(side)), [batch, (side / 2) ** 2, kernelSide ** 2 * channels]);
}

/** Normalised patches [B, n, 3·P·P] → tokens [B, n, width]; a stem of convolutions takes all patches of an image. */
export function embedPatches(network: (name: string) => Tensor, size: Sizes, patches: Tensor): Tensor {
  const layers = stemLayers(size);
  const dense = ({ name }: StemLayer, x: Tensor): Tensor => linear(x, network(`${name}.weight`), network(`${name}.bias`));
  if (!isWholeStem(size)) return dense(layers[0]!, patches);
  const { grid, patchSize: p } = size;
  const batch = patches.shape[0]!;
  let side = grid * p;
  let x = reshape(transpose(reshape(patches, [batch, grid, grid, 3, p, p]), [0, 1, 4, 2, 5, 3]), [batch, side ** 2, 3]);
  for (const layer of layers) {
    x = dense(layer, windows(x, side));
    side /= 2;
    if (layer.hasNorm) x = gelu(layerNorm(x, network(`${layer.name}.norm.weight`), network(`${layer.name}.norm.bias`), epsilon));
  }
  return x;
}

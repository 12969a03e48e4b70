// How patches become tokens: by one linear map each, as published, or by convolutions over the whole image (Xiao et al. 2021, "Early
// convolutions help transformers see better"): 3×3 with stride 2 until a patch is one place, each but the last followed by a norm over
// its channels and GELU. Their windows reach over the borders of patches, so hidden patches are blanked before them (transformer.ts).
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { Tensor } from '../tensor/graph.ts';
import { gelu, layerNorm } from '../tensor/layers.ts';
import { linear } from '../tensor/products.ts';
import { reshape, transpose } from '../tensor/structure.ts';
import { kernelSide, mostSeenFirst, patchByPatch, rowByRow, windows } from './windows.ts';

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

/** Normalised patches [B, n, 3·P·P] → tokens [B, n, width]; a stem of convolutions takes all patches of an image. */
export function embedPatches(network: (name: string) => Tensor, size: Sizes, patches: Tensor): Tensor {
  const layers = stemLayers(size);
  const dense = ({ name }: StemLayer, x: Tensor): Tensor => linear(x, network(`${name}.weight`), network(`${name}.bias`));
  if (!isWholeStem(size)) return dense(layers[0]!, patches);
  const { grid, patchSize: p } = size;
  const batch = patches.shape[0]!;
  // Pixels stay patch by patch: windows are found in any order, and to move an axis within a patch is cheap.
  let x = reshape(transpose(reshape(patches, [batch, grid ** 2, 3, p ** 2]), [0, 1, 3, 2]), [batch, grid ** 2 * p ** 2, 3]);
  let side = grid * p;
  let order = patchByPatch(grid, p);
  for (const layer of layers) {
    const half = side / 2;
    // What the next layer's windows look at lies as its gradient adds it; tokens lie row by row.
    const next = layer === layers.at(-1) ? rowByRow(half) : mostSeenFirst(half);
    x = dense(layer, windows(x, side, order, next));
    if (layer.hasNorm) x = gelu(layerNorm(x, network(`${layer.name}.norm.weight`), network(`${layer.name}.norm.bias`), epsilon));
    [side, order] = [half, next];
  }
  return x;
}

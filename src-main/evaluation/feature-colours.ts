// What an encoder sees, as colours: the first three principal components of patch tokens become red, green and blue (Amir et al. 2021,
// "Deep ViT features as dense visual descriptors"; Oquab et al. 2023, fig. 1). Patches that the encoder holds to be alike look alike.
import { AppError } from '../../shared/errors.ts';
import { rowCount } from './matrix-products.ts';
import { principalComponents } from './principal-components.ts';

/** Fitted once on tokens of several images, so that a colour means the same in all of them. */
export interface FeatureColours {
  readonly dimension: number;
  /** [dimension], removed from every token first. */
  readonly mean: Float64Array;
  /** Unit directions [3, dimension]; fewer where the tokens vary in fewer. */
  readonly directions: Float64Array;
  /** What is drawn as 0 and as 255 along each direction. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const channels = 3;
/** Shares of the tokens that are drawn as the darkest and the brightest: a single outlier does not leave all the others grey. */
const [darkest, brightest] = [0.02, 0.98];
const middle = 128;

/**
 * Fits colours on `tokens` [N, dimension] of several images. The sign of a component means nothing: it is chosen so that its largest
 * loading is positive, and the same tokens always look the same. Throws `bad-input` for fewer than two tokens, `non-finite` for NaN.
 */
export function fitFeatureColours(tokens: Float32Array, dimension: number): FeatureColours {
  if (rowCount(tokens, dimension) < 2) {
    throw new AppError(
      'bad-input',
      'Colours cannot be fitted on fewer than two patches.',
      'Read the folder again, or choose larger images.',
    );
  }
  const { mean, directions } = principalComponents(tokens, dimension, channels);
  for (let at = 0; at < directions.length; at += dimension) {
    const own = directions.subarray(at, at + dimension);
    const largest = own.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    if (largest < 0) for (let k = 0; k < dimension; k++) own[k] = -own[k]!;
  }
  const fitted = { dimension, mean, directions };
  const places = placesOf(fitted, tokens).map((along) => along.toSorted());
  const at = (sorted: Float64Array, share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return { ...fitted, low: places.map((sorted) => at(sorted, darkest)), high: places.map((sorted) => at(sorted, brightest)) };
}

/** Colours of `tokens` [N, dimension]: [N, 3] bytes. A component that there is not, or that does not vary, is a middle grey. */
export function colourFeatures(colours: FeatureColours, tokens: Float32Array): Uint8Array {
  const rgb = new Uint8Array(channels * rowCount(tokens, colours.dimension)).fill(middle);
  for (const [channel, along] of placesOf(colours, tokens).entries()) {
    const [low, high] = [colours.low[channel]!, colours.high[channel]!];
    if (!(high > low)) continue;
    for (let i = 0; i < along.length; i++) {
      rgb[channels * i + channel] = Math.round(255 * Math.min(1, Math.max(0, (along[i]! - low) / (high - low))));
    }
  }
  return rgb;
}

/** Coordinates of the tokens along each direction. */
function placesOf(
  { dimension, mean, directions }: Pick<FeatureColours, 'dimension' | 'mean' | 'directions'>,
  tokens: Float32Array,
): Float64Array[] {
  const rows = tokens.length / dimension;
  return Array.from({ length: directions.length / dimension }, (_, channel) => {
    const along = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < dimension; k++) sum += directions[channel * dimension + k]! * (tokens[row * dimension + k]! - mean[k]!);
      along[row] = sum;
    }
    return along;
  });
}

// First weights for a first convolution that whitens natural images, so that edges and colours count as much as brightness from the first
// step on (as in Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", who fits them to the training images). The eigenvectors of
// small windows of natural images are close to a cosine basis over rows and columns times brightness and two opponent colours (Field 1987;
// Ruderman et al. 1998), so nothing is fitted here: deviations were measured once, and differ little between kinds of pictures.

type Triple = readonly [number, number, number];
const normed = (values: Triple): Triple => {
  const length = Math.hypot(...values);
  return values.map((value) => value / length) as unknown as Triple;
};

/** Of three places in a row, and of red, green and blue: the mean, the slope or red against blue, the curvature or green against both. */
const basis = (
  [
    [1, 1, 1],
    [1, 0, -1],
    [1, -2, 1],
  ] as const
).map(normed);

/**
 * Deviations of the answers to brightness, by frequency over rows and columns, of images normalised by ImageNet's mean and deviation.
 * Measured on photographs of 32 px, drawings of 64 px and photographs shrunk to 128 px, which agree within a third (the first within two).
 */
const brightness: readonly Triple[] = [
  [7, 1.25, 0.5],
  [1.25, 0.53, 0.28],
  [0.5, 0.28, 0.16],
];
/** Of brightness, red against blue, and green against both, as shares of those of brightness. */
const ofColours: Triple = [1, 1 / 4, 1 / 8];

/** Windows of three rows of three places of three channels. */
export const windowValues = 27;

interface Filter {
  readonly deviation: number;
  /** [row, column, channel] */
  readonly values: readonly number[];
}

/** All 27, those that answer most strongly first. */
const filters: readonly Filter[] = basis
  .flatMap((rows, u) =>
    basis.flatMap((columns, v) =>
      basis.map((channels, c): Filter => ({
        deviation: brightness[u]![v]! * ofColours[c]!,
        values: rows.flatMap((row) => columns.flatMap((column) => channels.map((channel) => row * column * channel))),
      })),
    ),
  )
  .toSorted((a, b) => b.deviation - a.deviation);

/**
 * Weights [27, `channels`] of which each answers to natural images with a deviation of about 1: the strongest filters, each beside its
 * negative, as what follows lets little below zero pass. What is left of the channels after all of them is `random()`.
 */
export function whiteningFilters(channels: number, random: () => number): Float32Array {
  const weights = new Float32Array(windowValues * channels);
  for (let channel = 0; channel < channels; channel++) {
    const filter = filters[channel >> 1];
    const sign = channel % 2 === 0 ? 1 : -1;
    for (let i = 0; i < windowValues; i++)
      weights[i * channels + channel] = filter ? (sign * filter.values[i]!) / filter.deviation : random();
  }
  return weights;
}

/** The sides of thumbnails that the engine makes, pixels. */
const sides = [64, 128, 256, 512] as const;
export type ThumbnailSide = (typeof sides)[number];

/** The side for a square of `pixels` CSS pixels. A little too small is not seen, and half of the bytes. */
export function thumbnailSide(pixels: number): ThumbnailSide {
  const wanted = pixels * Math.min(2, devicePixelRatio) * 0.8;
  return sides.find((one) => one >= wanted) ?? 512;
}

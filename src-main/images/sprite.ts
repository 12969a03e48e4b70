// One picture with a thumbnail per image, row by row, as the TensorFlow Projector cuts it up.
import sharp from 'sharp';
import { writeFileAside } from '../files/write-aside.ts';
import type { DecodeCache } from './cache.ts';

/** Pixels. The Projector takes 8192; half of it keeps the sheet in memory while it is drawn. */
const largestSheet = 4096;
const largestThumbnail = 48;
const smallestThumbnail = 8;

/** Side of the thumbnails of so many images, pixels; undefined when they would be too small to see. */
export function thumbnailSide(images: number): number | undefined {
  const side = Math.min(largestThumbnail, Math.floor(largestSheet / Math.ceil(Math.sqrt(images))));
  return side >= smallestThumbnail ? side : undefined;
}

/**
 * Draws the centre square of each content in order and writes a PNG aside; one that the cache lacks stays white. `beforeEach` is called
 * before each of them: what it throws ends the work.
 */
export async function spriteSheet(
  cache: DecodeCache,
  hashes: readonly string[],
  side: number,
  path: string,
  beforeEach: () => void = () => {},
): Promise<void> {
  const columns = Math.ceil(Math.sqrt(hashes.length));
  const width = columns * side;
  const height = Math.ceil(hashes.length / columns) * side;
  const sheet = new Uint8Array(width * height * 3).fill(255);
  for (const [i, hash] of hashes.entries()) {
    beforeEach();
    const image = await cache.get(hash);
    if (!image) continue;
    const thumbnail = await sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } })
      .resize({ width: side, height: side, fit: 'cover' })
      .raw()
      .toBuffer();
    const [left, top] = [(i % columns) * side, Math.floor(i / columns) * side];
    for (let row = 0; row < side; row++)
      sheet.set(thumbnail.subarray(3 * row * side, 3 * (row + 1) * side), 3 * ((top + row) * width + left));
  }
  writeFileAside(
    path,
    await sharp(sheet, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

// Pictures for people: decoded pixels, made smaller and encoded. Of pixels that a decoder or the cache gave, so nothing here is untrusted.
import sharp from 'sharp';
import type { CachedImage } from './shard-reader.ts';

/** One core per picture: many are drawn at once. */
sharp.concurrency(1);

/** `image/jpeg`: an eighth of the time of WebP, and pictures from the cache have no transparency left. */
export const pictureType = 'image/jpeg';
const thumbnailQuality = 80;
const pictureQuality = 90;

/** From this side on a picture is looked at and not glanced over. */
const largeSide = 1024;

/** The picture with its longer side at most `side` pixels, never enlarged. */
export async function drawPicture({ width, height, pixels }: CachedImage, side: number): Promise<Uint8Array<ArrayBuffer>> {
  const encoded = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
    .jpeg({ quality: side < largeSide ? thumbnailQuality : pictureQuality })
    .toBuffer();
  return new Uint8Array(encoded);
}

// What the batches of a run are cut from: the pictures of its folder, as the decode cache has them.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { MedianSize } from '../../library/catalogue.ts';
import type { Feed } from '../../training/plan/feed-memory.ts';
import type { FolderImages } from '../folders/folder-images.ts';

/** Sides of a picture in the decode cache. */
export function asDecoded({ width, height, shortSide }: MedianSize, { imageSize }: TrainConfig): Feed['picture'] {
  const shrunk = Math.min(1, cachedShortSide(imageSize) / Math.max(1, shortSide));
  return { width: width * shrunk, height: height * shrunk };
}

/** Undefined where no size of the images is known. */
export const feedOf = ({ trained, size }: Pick<FolderImages, 'trained' | 'size'>, config: TrainConfig): Feed | undefined =>
  size && { images: trained, picture: asDecoded(size, config) };

// Where the crops of a run come from: the decode cache, or, to time steps without a folder, pictures that were made up.
import { Random } from '../../shared/random.ts';
import { DecodeCache } from './cache.ts';
import { forTraining } from './reduced-picture.ts';
import type { CropRange } from './reduced-picture.ts';
import type { CachedImage } from './shard-reader.ts';

/** The images of a run, in catalogue order, in the decode cache of a folder. */
export interface DecodedPictures {
  readonly cache: string;
  readonly hashes: readonly string[];
}

/** As many pictures of noise, 4 : 3. */
export interface InventedPictures {
  readonly invented: number;
  readonly shortSide: number;
}

export type PictureOrigin = DecodedPictures | InventedPictures;

export const pictureCount = (origin: PictureOrigin): number => ('invented' in origin ? origin.invented : origin.hashes.length);

function invent({ shortSide }: InventedPictures): CachedImage {
  const [width, height] = [Math.ceil((shortSide * 4) / 3), shortSide];
  const random = new Random(0, 'test');
  const words = Uint32Array.from({ length: Math.ceil((3 * width * height) / 4) }, () => random.word());
  return { width, height, pixels: new Uint8Array(words.buffer, 0, 3 * width * height) };
}

/** Pictures by their place among the run's images, made smaller as far as their crops allow. */
export class TrainingPictures {
  readonly count: number;
  readonly #read: (place: number) => Promise<CachedImage | undefined>;
  readonly #range: CropRange;
  readonly #kept = new Map<number, CachedImage>();
  #bytes = 0;
  #fewest = 0;

  /** Throws `not-found` where there is no cache. */
  constructor(origin: PictureOrigin, range: CropRange) {
    this.count = pictureCount(origin);
    this.#range = range;
    if ('invented' in origin) {
      const picture = invent(origin);
      this.#read = async () => Promise.resolve(picture);
    } else {
      const cache = new DecodeCache(origin.cache, { access: 'read' });
      this.#read = async (place) => cache.get(origin.hashes[place]!);
    }
  }

  /**
   * For crops that have at least `fewest` pixels along a side; undefined where the cache lacks it or it is damaged. Smaller pictures are
   * kept up to `mostBytes` in all, until others are asked for.
   */
  async get(place: number, fewest: number, mostBytes: number): Promise<CachedImage | undefined> {
    if (fewest !== this.#fewest) this.keepOnly(() => false);
    this.#fewest = fewest;
    const known = this.#kept.get(place);
    if (known) return known;
    const picture = await this.#read(place);
    if (!picture) return undefined;
    const smaller = forTraining(picture, fewest, this.#range);
    if (smaller !== picture && this.#bytes + smaller.pixels.length <= mostBytes) {
      this.#kept.set(place, smaller);
      this.#bytes += smaller.pixels.length;
    }
    return smaller;
  }

  /** Lets go of the pictures that are another thread's from now on. */
  keepOnly(isOwn: (place: number) => boolean): void {
    for (const [place, { pixels }] of this.#kept)
      if (!isOwn(place)) {
        this.#kept.delete(place);
        this.#bytes -= pixels.length;
      }
  }
}

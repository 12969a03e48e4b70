// Pictures of catalogued images for people: drawn from the decode cache on a thread where it has them, else decoded from the originals by
// processes of their own, so that a scan's queue is not in the way.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { defaultConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import type { DecodeSettings } from '../../../../shared/config/preprocessing.ts';
import type { Picture } from '../../../../shared/contract/contract-library.ts';
import { AppError } from '../../../../shared/errors.ts';
import { WorkerCalls } from '../../../files/worker-calls.ts';
import { cachedShortSide } from '../../../images/cache-space.ts';
import { DecoderPool } from '../../../images/decoder-pool.ts';
import { defaultLimits } from '../../../images/decoder.ts';
import type { DecodedImage } from '../../../images/decoder.ts';
import type { PictureAnswer, PictureRequest } from '../../../images/picture-worker.ts';
import { drawPicture, pictureType } from '../../../images/picture.ts';
import type { CachedImage } from '../../../images/shard-reader.ts';
import { decodeFile } from '../../../library/decode-file.ts';
import { failureOf, imagePlace } from '../../../library/image-details.ts';
import type { ImagePlace } from '../../../library/image-details.ts';
import type { Studio } from '../../studio.ts';
import { ByteCache } from './byte-cache.ts';
import { NewestFirst } from './newest-first.ts';

/** Bytes of thumbnails kept: some ten thousand. */
const keptBytes = 64 * 1024 * 1024;
/** Longer side of the whole picture, pixels. */
const largestPicture = 2048;
/** A person waits: a file that takes longer than this is none to look at. Milliseconds. */
const patienceMs = 20_000;
const drawnAtOnce = 8;
const decodedAtOnce = 4;

const plain = preprocessingOf(defaultConfig);
const scannedShortSide = cachedShortSide(defaultConfig.imageSize);
const { maxPixels } = defaultLimits;

const unreadable = ({ path }: ImagePlace, why: string): AppError =>
  new AppError('bad-file', `${path}: ${why}`, 'Look at the list of files that could not be read.');

/** The shorter side at which the longer one has `side` pixels. */
function shortSideFor({ width, height }: ImagePlace, side: number): number {
  if (!width || !height) return side;
  return Math.max(1, Math.round((side * Math.min(width, height)) / Math.max(width, height)));
}

export class Thumbnails {
  readonly #studio: Studio;
  readonly #drawing = new NewestFirst<PictureAnswer>(drawnAtOnce);
  readonly #decoding = new NewestFirst<DecodedImage>(decodedAtOnce);
  readonly #kept = new ByteCache<Picture>(keptBytes);
  readonly #worker = new WorkerCalls<PictureRequest, PictureAnswer>(
    new URL(`../../../images/picture-worker${extname(import.meta.url)}`, import.meta.url),
  );
  #decoders: DecoderPool | undefined;
  #caches: readonly string[] = [];
  #cachesAt = -Infinity;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** Caches that may hold pictures made with the plain settings, those of scans first; looked for anew each second. */
  #plainCaches(): readonly string[] {
    const now = performance.now();
    if (now - this.#cachesAt < 1000) return this.#caches;
    this.#cachesAt = now;
    const names = existsSync(this.#studio.home.cache) ? readdirSync(this.#studio.home.cache) : [];
    const sides = names.map((name) => Number(/^(\d+)-/.exec(name)?.[1])).filter((side) => side > 0);
    this.#caches = [...new Set([scannedShortSide, ...sides.toSorted((a, b) => b - a)])].map((side) => this.#studio.cacheFor(plain, side));
    return this.#caches;
  }

  /** Decodes the original. Throws `bad-file` for one that is damaged, missing or larger than allowed; `cancelled`. */
  async #decode(place: ImagePlace, settings: DecodeSettings, shortSide: number, signal: AbortSignal | undefined): Promise<DecodedImage> {
    const key = `${place.id} ${shortSide} ${JSON.stringify(settings)}`;
    return this.#decoding.run(
      key,
      async () => {
        this.#decoders ??= new DecoderPool({
          processes: Math.max(1, Math.min(decodedAtOnce, availableParallelism() - 1)),
          limits: { maxPixels, timeoutMs: patienceMs },
        });
        const result = await decodeFile(this.#decoders, place.root, place.path, { settings, shortSide }).catch((error: unknown) => {
          throw error instanceof AppError ? error : unreadable(place, 'The file cannot be opened.');
        });
        if (result.ok) return result.image;
        throw unreadable(place, result.failure.message);
      },
      signal,
    );
  }

  /** The picture of an image with its longer side at most `side`. Throws `not-found`, `bad-file`, `cancelled`. */
  async thumbnail(image: number, side: number, signal?: AbortSignal): Promise<Picture> {
    const place = imagePlace(this.#studio.library, image);
    const failure = place.status === 'failed' ? failureOf(this.#studio.library, image) : undefined;
    if (failure) throw unreadable(place, failure.message);
    const { hash } = place;
    const kept = hash === null ? undefined : this.#kept.get(`${hash}-${side}`);
    if (kept) return kept;
    const longest = Math.max(place.width ?? 0, place.height ?? 0);
    const cached = hash === null ? undefined : await this.#fromCache(hash, side, Math.min(side, longest), signal);
    if (cached) return this.#keep(hash!, side, cached);
    try {
      const decoded = await this.#decode(place, plain, shortSideFor(place, side), signal);
      return this.#keep(decoded.contentHash, side, await drawPicture(decoded, side));
    } catch (error) {
      // A drive that is not connected: a smaller picture is better than none.
      const small = hash === null || signal?.aborted === true ? undefined : await this.#fromCache(hash, side, 0, signal);
      if (small) return { bytes: small, type: pictureType, tag: `${hash}-${side}-small` };
      throw error;
    }
  }

  /** The whole picture, its longer side at most 2,048 pixels. Throws `not-found`, `bad-file`, `cancelled`. */
  async picture(image: number, signal?: AbortSignal): Promise<Picture> {
    return this.thumbnail(image, largestPicture, signal);
  }

  async #fromCache(hash: string, side: number, smallest: number, signal: AbortSignal | undefined): Promise<PictureAnswer> {
    const request = { kind: 'thumbnail', folders: this.#plainCaches(), hash, side, smallest } as const;
    return this.#drawing.run(`${hash}-${side}-${smallest}`, async () => this.#worker.call(request), signal);
  }

  #keep(hash: string, side: number, bytes: Uint8Array): Picture {
    const tag = `${hash}-${side}`;
    const picture = { bytes, type: pictureType, tag };
    this.#kept.put(tag, picture);
    return picture;
  }

  /**
   * RGB pixels of the square that training gets: of the cached picture, as training does, else of the original as a scan would decode it.
   * Throws `not-found`, `bad-file`, `cancelled`.
   */
  async crop(
    image: number,
    settings: DecodeSettings,
    shortSide: number,
    cut: Pick<PictureRequest & { kind: 'crop' }, 'size' | 'background' | 'view'>,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const place = imagePlace(this.#studio.library, image);
    const key = JSON.stringify([image, settings, shortSide, cut]);
    const folders = [this.#studio.cacheFor(settings, shortSide)];
    const cached =
      place.hash === null
        ? undefined
        : await this.#drawing.run(key, async () => this.#worker.call({ kind: 'crop', folders, hash: place.hash!, ...cut }), signal);
    if (cached) return cached;
    const { width, height, pixels } = await this.#decode(place, settings, shortSide, signal);
    const source: CachedImage = { width, height, pixels };
    return (await this.#drawing.run(`${key} decoded`, async () => this.#worker.call({ kind: 'crop', image: source, ...cut }), signal))!;
  }

  /** Starts what draws, so that the first picture need not wait for it. */
  prepare(): void {
    this.#worker.start();
  }

  /** Lets go of the files of the decode cache; they are opened again when they are needed. */
  async closeCaches(): Promise<void> {
    if (this.#worker.isStarted) await this.#worker.call({ kind: 'close' });
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#worker.dispose(), this.#decoders?.dispose()]);
  }
}

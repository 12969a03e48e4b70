// Entry of the thread that draws pictures from the decode cache for people: thumbnails, and the crops that training sees.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import { DecodeCache } from './cache.ts';
import type { CachedImage } from './cache.ts';
import { fitSquare } from './crop.ts';
import type { Fit } from './crop.ts';
import { drawPicture } from './picture.ts';
import { trainingCrop } from './training-crop.ts';
import type { CropSettings } from './training-crop.ts';

/** Folders of caches to look into, the best first, and the content wanted. */
interface Wanted {
  readonly folders: readonly string[];
  readonly hash: string;
}

/** Pixels instead of a cached picture, where the caller has them. */
type Source = Wanted | { readonly image: CachedImage };

export type PictureRequest =
  /** `smallest`: a cached picture whose longer side is smaller will not do. */
  | ({ readonly kind: 'thumbnail'; readonly side: number; readonly smallest: number } & Source)
  | ({
      readonly kind: 'crop';
      /** Side of the square, pixels. */
      readonly size: number;
      readonly background: readonly [number, number, number];
      /** How the whole image is fitted, or which crop is cut. */
      readonly view: { readonly fit: Fit } | { readonly settings: CropSettings; readonly step: number; readonly place: number };
    } & Source)
  | { readonly kind: 'close' };

/** Bytes of a JPEG, or RGB pixels of a crop; `undefined` when no cache has the content (large enough). */
export type PictureAnswer = Uint8Array | undefined;

const caches = new Map<string, DecodeCache>();

/** Milliseconds in which what a writer adds is not looked for again. */
const freshFor = 500;
const refreshed = new Map<string, number>();

function cacheIn(folder: string): DecodeCache | undefined {
  let cache = caches.get(folder);
  if (cache) return cache;
  try {
    cache = new DecodeCache(folder, { access: 'read' });
  } catch {
    return undefined;
  }
  caches.set(folder, cache);
  refreshed.set(folder, performance.now());
  return cache;
}

function holds(folder: string, cache: DecodeCache, hash: string): boolean {
  if (cache.has(hash)) return true;
  const now = performance.now();
  if (now - refreshed.get(folder)! < freshFor) return false;
  refreshed.set(folder, now);
  cache.refresh();
  return cache.has(hash);
}

async function find(source: Source, smallest: number): Promise<CachedImage | undefined> {
  if ('image' in source) return source.image;
  for (const folder of source.folders) {
    const cache = cacheIn(folder);
    if (!cache || !holds(folder, cache, source.hash)) continue;
    const { width, height } = cache.dimensions(source.hash)!;
    if (Math.max(width, height) < smallest) continue;
    const image = await cache.get(source.hash);
    if (image) return image;
  }
  return undefined;
}

/** RGB pixels of a square, row by row, as the encoder gets it before its values are normalised. */
function cut(image: CachedImage, { size, background, view }: PictureRequest & { kind: 'crop' }): Uint8Array<ArrayBuffer> {
  const plane = size * size;
  const planes = new Float32Array(3 * plane);
  // One patch as large as the square: [channel, row, column].
  const target = { size, patchSize: size, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const { width, height, pixels } = image;
  if ('fit' in view) fitSquare(pixels, width, height, { x: 0, y: 0, width, height }, view.fit, background, target, planes);
  else trainingCrop(image, view.settings, view.step, view.place, target, planes);
  const cropped = new Uint8Array(3 * plane);
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < plane; i++) cropped[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, planes[c * plane + i]!)));
  return cropped;
}

async function answer(request: PictureRequest): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (request.kind === 'close') {
    for (const cache of caches.values()) cache.dispose();
    caches.clear();
    return undefined;
  }
  const image = await find(request, request.kind === 'thumbnail' ? request.smallest : 0);
  if (!image) return undefined;
  return request.kind === 'crop' ? cut(image, request) : drawPicture(image, request.side);
}

parentPort!.on('message', ({ id, request }: { readonly id: number; readonly request: PictureRequest }) => {
  answer(request).then(
    (result) => parentPort!.postMessage({ id, result }, result ? [result.buffer] : []),
    (error: unknown) => parentPort!.postMessage({ id, error: toWire(error) }),
  );
});

// Entry of the thread that draws pictures from the decode cache for people: thumbnails, and the crops that training sees.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import { DecodeCache } from './cache.ts';
import { fitSquare } from './crop.ts';
import type { Fit } from './crop.ts';
import { drawPicture } from './picture.ts';
import { forTraining } from './reduced-picture.ts';
import type { CachedImage } from './shard-reader.ts';
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

interface OpenCache {
  readonly cache: DecodeCache;
  /** When what a writer adds, or a deletion, was last looked for. */
  lookedAt: number;
}

const caches = new Map<string, OpenCache>();

/** Milliseconds in which changes on the disk are not looked for again. */
const freshFor = 500;

function open(folder: string): OpenCache | undefined {
  try {
    const one = { cache: new DecodeCache(folder, { access: 'read' }), lookedAt: performance.now() };
    caches.set(folder, one);
    return one;
  } catch {
    return undefined; // there is none, or none that may be read
  }
}

function close(folder: string): void {
  caches.get(folder)?.cache.dispose();
  caches.delete(folder);
}

/** The cache of a folder, if it has a content. */
function holder(folder: string, hash: string): DecodeCache | undefined {
  let one = caches.get(folder) ?? open(folder);
  if (!one || one.cache.has(hash)) return one?.cache;
  if (performance.now() - one.lookedAt < freshFor) return undefined;
  if (one.cache.isCurrent) {
    one.lookedAt = performance.now();
    one.cache.refresh();
  } else {
    close(folder);
    one = open(folder);
  }
  return one?.cache.has(hash) === true ? one.cache : undefined;
}

async function find(source: Source, smallest: number): Promise<CachedImage | undefined> {
  if ('image' in source) return source.image;
  for (const folder of source.folders) {
    const cache = holder(folder, source.hash);
    if (!cache) continue;
    const { width, height } = cache.dimensions(source.hash)!;
    if (Math.max(width, height) < smallest) continue;
    const image = await cache.get(source.hash);
    if (image) return image;
    // Another request may have closed it meanwhile.
    if (caches.get(folder)?.cache === cache && !cache.isCurrent) close(folder);
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
  else trainingCrop(forTraining(image, size, view.settings), view.settings, view.step, view.place, target, planes);
  const cropped = new Uint8Array(3 * plane);
  for (let c = 0; c < 3; c++)
    for (let i = 0; i < plane; i++) cropped[3 * i + c] = Math.round(255 * Math.min(1, Math.max(0, planes[c * plane + i]!)));
  return cropped;
}

async function answer(request: PictureRequest): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (request.kind === 'close') {
    for (const folder of caches.keys()) close(folder);
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

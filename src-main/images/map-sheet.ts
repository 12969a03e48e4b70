// A map of images as one square picture: a dot in the colour of its label for each, and as many as fit without covering each other as pictures.
import sharp from 'sharp';
import { toScreen } from '../../shared/map/map-camera.ts';
import type { Camera } from '../../shared/map/map-camera.ts';
import type { Rgb } from '../../shared/map/map-colours.ts';
import { MapPictures } from '../../shared/map/map-pictures.ts';
import { drawDots } from '../../shared/map/map-points.ts';
import type { Pixels } from '../../shared/map/map-points.ts';
import { isMarkedPng } from './png-text.ts';
import type { CachedImage } from './shard-reader.ts';
import { writeSheet } from './sheet-file.ts';

export interface MapSheet {
  /** [n, 2] in a square from −1 to 1. */
  readonly places: Float32Array;
  /** Of each image: which of two that do not fit both is a picture follows from these. */
  readonly numbers: ArrayLike<number>;
  readonly colourOf: (i: number) => Rgb;
  /** Undefined for one that cannot be read: its dot remains. */
  readonly pictureOf: (i: number) => Promise<CachedImage | undefined>;
}

const software = 'ijepa-studio map';

/** Whether a file is a map that was drawn here. Throws the operating system's errors. */
export const isMapSheet = (path: string): boolean => isMarkedPng(path, software);

/** Pixels. */
export const mapSheetSide = 2048;
export const mapPictureSide = 48;
/** Around a picture, in the colour of its label. */
const frame = 2;
const gap = 2;
const paper: Rgb = [255, 255, 255];
const ink: Rgb = [26, 26, 26];

/** All places in sight, with room for the pictures around those at the edge. */
function around(places: Float32Array): Camera {
  const [low, high] = [new Float64Array(2).fill(Infinity), new Float64Array(2).fill(-Infinity)];
  places.forEach((value, i) => {
    low[i & 1] = Math.min(low[i & 1]!, value);
    high[i & 1] = Math.max(high[i & 1]!, value);
  });
  const [x, y] = [(low[0]! + high[0]!) / 2, (low[1]! + high[1]!) / 2];
  // Where all lie at one place, any look has them in its middle.
  const extent = Math.max(1e-3, high[0]! - low[0]!, high[1]! - low[1]!);
  return { x, y, scale: (mapSheetSide - 2 * mapPictureSide) / extent };
}

/** The centre square of a picture, RGB. */
const thumbnail = async ({ width, height, pixels }: CachedImage): Promise<Uint8Array> =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize({ width: mapPictureSide, height: mapPictureSide, fit: 'cover', kernel: width < mapPictureSide / 2 ? 'nearest' : 'lanczos3' })
    .raw()
    .toBuffer();

/** A square of one colour, around (x, y). */
function fill({ data, width }: Pixels, x: number, y: number, side: number, [red, green, blue]: Rgb): void {
  const [left, top] = [x - side / 2, y - side / 2];
  for (let row = top; row < top + side; row++)
    for (let at = 4 * (row * width + left); at < 4 * (row * width + left + side); at += 4) data.set([red, green, blue], at);
}

function paste({ data, width }: Pixels, x: number, y: number, side: number, picture: Uint8Array): void {
  const [left, top] = [x - side / 2, y - side / 2];
  for (let i = 0; i < side * side; i++)
    data.set(picture.subarray(3 * i, 3 * i + 3), 4 * ((top + Math.floor(i / side)) * width + left + (i % side)));
}

/**
 * Draws the map and writes a PNG of {@link mapSheetSide}² pixels aside. Returns how many images are on it as pictures, and how many of those
 * that were to be could not be read. Throws `disk-full`, `not-writable`.
 */
export async function mapSheet(
  { places, numbers, colourOf, pictureOf }: MapSheet,
  path: string,
): Promise<{ readonly pictures: number; readonly unread: number }> {
  const size = { width: mapSheetSide, height: mapSheetSide };
  const target: Pixels = { data: new Uint8ClampedArray(4 * mapSheetSide ** 2).fill(255), ...size };
  const camera = around(places);
  const half = { width: mapSheetSide / 2, height: mapSheetSide / 2 };
  // As on a dense screen: dots of one pixel would be lost on so large a picture.
  drawDots(target, { places, colourOf, isChosen: undefined, ring: ink }, { ...camera, scale: camera.scale / 2 }, half, 2);
  const outer = mapPictureSide + 2 * frame;
  let [pictures, unread] = [0, 0];
  for (const i of new MapPictures(numbers, places).apart((outer + gap) / camera.scale)) {
    const image = await pictureOf(i);
    if (!image) {
      unread++;
      continue;
    }
    const place = toScreen(camera, size, { x: places[2 * i]!, y: places[2 * i + 1]! });
    const [x, y] = [Math.round(place.x), Math.round(place.y)];
    fill(target, x, y, outer + gap, paper);
    fill(target, x, y, outer, colourOf(i));
    paste(target, x, y, mapPictureSide, await thumbnail(image));
    pictures++;
  }
  const png = await sharp(target.data, { raw: { ...size, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer();
  writeSheet(path, png, software);
  return { pictures, unread };
}

// A map of images as one picture: a dot in the colour of its label for each, as many as fit without covering each other as pictures, and below
// what the colours mean.
import sharp from 'sharp';
import type { OverlayOptions } from 'sharp';
import { toScreen } from '../../shared/map/map-camera.ts';
import type { Camera } from '../../shared/map/map-camera.ts';
import type { Rgb } from '../../shared/map/map-colours.ts';
import { MapPictures } from '../../shared/map/map-pictures.ts';
import { drawDots } from '../../shared/map/map-points.ts';
import type { Pixels } from '../../shared/map/map-points.ts';
import { isMarkedPng } from './png-text.ts';
import type { CachedImage } from './shard-reader.ts';
import { writeSheet } from './sheet-file.ts';
import { textLine } from './text-line.ts';

export interface MapSheet {
  /** [n, 2] in a square from −1 to 1. */
  readonly places: Float32Array;
  /** Of each image: which of two that do not fit both is a picture follows from these. */
  readonly numbers: ArrayLike<number>;
  readonly colourOf: (i: number) => Rgb;
  /** What colours mean, in the order in which it is told; one without a colour is a remark. */
  readonly legend: readonly { readonly text: string; readonly colour: Rgb | undefined }[];
  /** Undefined for one that cannot be read: its dot remains. */
  readonly pictureOf: (i: number) => Promise<CachedImage | undefined>;
}

const software = 'ijepa-studio map';

/** Whether a file is a map that was drawn here. Throws the operating system's errors. */
export const isMapSheet = (path: string): boolean => isMarkedPng(path, software);

/** Pixels. The map itself is a square of this side; what the colours mean stands below it. */
export const mapSheetSide = 2048;
export const mapPictureSide = 48;
/** Around a picture, in the colour of its label. */
const frame = 2;
const gap = 2;
const paper: Rgb = [255, 255, 255];
const ink: Rgb = [26, 26, 26];
const inLegend = { columns: 4, rowHeight: 44, swatch: 24, text: { colour: '#1a1a1a', size: 24 } } as const;

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

/** The lines below the map, row by row. */
async function legendOf(legend: MapSheet['legend']): Promise<{ readonly height: number; readonly overlays: readonly OverlayOptions[] }> {
  const { columns, rowHeight, swatch, text: style } = inLegend;
  const column = Math.floor((mapSheetSide - 2 * mapPictureSide) / columns);
  const overlays = await Promise.all(
    legend.map(async ({ text, colour }, i): Promise<OverlayOptions[]> => {
      const [left, top] = [mapPictureSide + (i % columns) * column, mapSheetSide + Math.floor(i / columns) * rowHeight];
      const { input } = await textLine(text, { ...style, width: column - swatch - 36 });
      const words = { input, left: left + swatch + 12, top };
      if (!colour) return [words];
      const [r, g, b] = colour;
      return [{ input: { create: { width: swatch, height: swatch, channels: 3, background: { r, g, b } } }, left, top }, words];
    }),
  );
  const rows = Math.ceil(legend.length / columns);
  return { height: rows === 0 ? 0 : rows * rowHeight + mapPictureSide / 2, overlays: overlays.flat() };
}

/**
 * Draws the map and writes a PNG aside, {@link mapSheetSide}² pixels and the legend. Returns how many images are on it as pictures, and how many of those
 * that were to be could not be read. Throws `disk-full`, `not-writable`.
 */
export async function mapSheet(
  { places, numbers, colourOf, legend, pictureOf }: MapSheet,
  path: string,
): Promise<{ readonly pictures: number; readonly unread: number }> {
  const size = { width: mapSheetSide, height: mapSheetSide };
  const target: Pixels = { data: new Uint8ClampedArray(4 * mapSheetSide ** 2).fill(255), ...size };
  const camera = around(places);
  const half = { width: mapSheetSide / 2, height: mapSheetSide / 2 };
  // As on a dense screen: dots of one pixel would be lost on so large a picture.
  drawDots(target, { places, colourOf, isChosen: () => false, chosen: 0, ring: ink }, { ...camera, scale: camera.scale / 2 }, half, 2);
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
  const { height, overlays } = await legendOf(legend);
  // Two steps: of one, sharp would lay the legend over the map before it makes room for it.
  const extended = await sharp(target.data, { raw: { ...size, channels: 4 } })
    .removeAlpha()
    .extend({ bottom: height, background: { r: paper[0], g: paper[1], b: paper[2] } })
    .raw()
    .toBuffer();
  const png = await sharp(extended, { raw: { width: mapSheetSide, height: mapSheetSide + height, channels: 3 } })
    .composite([...overlays])
    .removeAlpha()
    .png()
    .toBuffer();
  writeSheet(path, png, software);
  return { pictures, unread };
}

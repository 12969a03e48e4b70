// Pictures for tests, made here: four quadrants of different colours tell every turn, flip and swapped channel apart.
import sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { DecodeSettings } from '../../../shared/config/preprocessing.ts';
import type { DecodedImage, DecodeResult } from '../decoder.ts';

export type Colour = readonly [number, number, number];

/** Top left, top right, bottom left, bottom right. */
export const quadrantColours: readonly [Colour, Colour, Colour, Colour] = [
  [220, 40, 40],
  [40, 200, 60],
  [50, 70, 210],
  [230, 210, 60],
];

export const plainSettings: DecodeSettings = {
  background: [255, 255, 255],
  intensity: 'full',
  intensityPercentile: [1, 99],
  intensityWindow: [0, 65535],
  channels: 'rgb',
};

/** Row-major RGB of the quadrants. */
export function quadrantPixels(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels.set(quadrantColours[2 * Number(2 * y >= height) + Number(2 * x >= width)]!, 3 * (y * width + x));
  return pixels;
}

export const quadrants = (width = 64, height = 48): Sharp => sharp(quadrantPixels(width, height), { raw: { width, height, channels: 3 } });

/** The colour of a decoded picture at a place given in parts of its sides. */
export function colourAt({ width, height, pixels }: Pick<DecodedImage, 'width' | 'height' | 'pixels'>, x: number, y: number): Colour {
  const at = 3 * (Math.floor(y * height) * width + Math.floor(x * width));
  return [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
}

/** Colours in the middle of the four quadrants. */
export const coloursOf = (image: DecodedImage): Colour[] => [0.25, 0.75].flatMap((y) => [0.25, 0.75].map((x) => colourAt(image, x, y)));

/** Largest difference of any channel. */
export const distance = (a: readonly Colour[], b: readonly Colour[]): number =>
  Math.max(...a.flatMap((colour, i) => colour.map((value, c) => Math.abs(value - b[i]![c]!))));

export function imageOf(result: DecodeResult): DecodedImage {
  if (!result.ok) throw new Error(`${result.failure.reason}: ${result.failure.message}`);
  return result.image;
}

/** The quadrants at 64×48 as HEIC, coded with x265 from the pixels above (sharp writes no HEVC). */
export const quadrantsHeic = Buffer.from(
  'AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAA' +
    'AAABoQABAAAAAAAAAMgAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAA' +
    'kAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAh' +
    'YgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAA' +
    'EHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAANBtZGF0AAAAxCgBrwngITip/+2Sf/wQdl7cvJ5Wnv1j/+Ec+8cw/+Jxt0fo8TzD2SR/wiX/' +
    'qSPrZGSML/9FWXvtQtFOoAZ0XXXegT55hAPHvggfxSk+ImAAQ2PFnCe7wCZtSg268ORE1rUTeAAH4AOufqnwL5s8P34v2mzBKAAABVIzEZ0kzl0TxGEptegAAnzr' +
    'mNdQK+e26EZWmt31mTpilksihFZaQkKnvXE5/d/In0uXVxltVH5DvlWKqEofmqRldXKuHsARZ9Ec/lA=',
  'base64',
);

// Draws the images of a map as dots, pixel by pixel: 100,000 shapes of a canvas would take ten times as long as there is between two frames.
import type { Camera, Size } from './map-camera.ts';
import type { Rgb } from './map-colours.ts';

export interface Dots {
  /** [n, 2] in units of the map. */
  readonly places: Float32Array;
  /** Of each image; `undefined` is not drawn. */
  readonly colourOf: (i: number) => Rgb | undefined;
  /** These are drawn last and stand out: few of them are larger and have a ring, beside many the others step back. */
  readonly isChosen: (i: number) => boolean;
  readonly chosen: number;
  /** Around those that are chosen. */
  readonly ring: Rgb;
}

/** Pixels of a canvas, RGBA. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** A dot as the pixels that it covers, around its middle. */
interface Stamp {
  readonly half: number;
  readonly across: Int8Array;
  readonly down: Int8Array;
  /** How much of each it covers, 0 to 1. */
  readonly shares: Float32Array;
}

/** Dots of few images are larger, and so they are from near. CSS pixels. */
export function radiusOf(count: number, { scale }: Camera, { width, height }: Size): number {
  const closer = scale / Math.max(1, Math.min(width, height) / 2);
  return Math.max(1.2, Math.min(5, (55 / Math.sqrt(Math.max(1, count))) * Math.sqrt(closer) + 0.8));
}

/** Shares of their colour that dots have; beside many chosen ones the others step back. */
const plain = 0.8;
const faint = 0.16;
/** More rings would cover each other. */
const mostRings = 500;

function stampOf(radius: number): Stamp {
  const half = Math.ceil(radius);
  const side = 2 * half + 1;
  const covered = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - half, Math.floor(i / side) - half];
    return { x, y, share: Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(x, y))) };
  }).filter(({ share }) => share > 0);
  return {
    half,
    across: Int8Array.from(covered, ({ x }) => x),
    down: Int8Array.from(covered, ({ y }) => y),
    shares: Float32Array.from(covered, ({ share }) => share),
  };
}

/** `density` device pixels for a CSS pixel. Draws over what is there, which has to be opaque. */
export function drawDots(target: Pixels, dots: Dots, camera: Camera, size: Size, density: number): void {
  const { places, colourOf, isChosen, chosen, ring } = dots;
  const isFew = chosen <= mostRings;
  const count = places.length / 2;
  const radius = radiusOf(count, camera, size) * density;
  const [usual, outer, inner] = [stampOf(radius), stampOf(radius + 3 * density), stampOf(radius + 1.5 * density)];
  const scale = camera.scale * density;
  const left = target.width / 2 - camera.x * scale;
  const top = target.height / 2 - camera.y * scale;
  const marked: number[] = [];
  for (let i = 0; i < count; i++) {
    const colour = colourOf(i);
    if (!colour) continue;
    if (chosen > 0 && isChosen(i)) marked.push(i);
    else put(target, usual, left + places[2 * i]! * scale, top + places[2 * i + 1]! * scale, colour, isFew ? plain : faint);
  }
  for (const i of marked) {
    const [x, y] = [left + places[2 * i]! * scale, top + places[2 * i + 1]! * scale];
    if (isFew) put(target, outer, x, y, ring, 1);
    put(target, isFew ? inner : usual, x, y, colourOf(i)!, 1);
  }
}

function put(target: Pixels, { half, across, down, shares }: Stamp, x: number, y: number, colour: Rgb, strength: number): void {
  const { data, width, height } = target;
  const column = Math.round(x);
  const row = Math.round(y);
  if (column + half < 0 || row + half < 0 || column - half >= width || row - half >= height) return;
  const isWhole = column >= half && row >= half && column + half < width && row + half < height;
  const red = colour[0];
  const green = colour[1];
  const blue = colour[2];
  for (let i = 0; i < shares.length; i++) {
    const left = column + across[i]!;
    const top = row + down[i]!;
    if (!isWhole && (left < 0 || top < 0 || left >= width || top >= height)) continue;
    const share = shares[i]! * strength;
    const at = 4 * (top * width + left);
    data[at] = data[at]! + share * (red - data[at]!);
    data[at + 1] = data[at + 1]! + share * (green - data[at + 1]!);
    data[at + 2] = data[at + 2]! + share * (blue - data[at + 2]!);
  }
}

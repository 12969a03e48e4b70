// Where a crop lies and how its pixels become the encoder's input. Pure functions; the resampler is the hot loop of data loading.
import type { Random } from '../../shared/random.ts';
import { TapMaker } from './filter-taps.ts';
import type { Taps } from './filter-taps.ts';
import { padSquare } from './pad-square.ts';
import type { Rectangle } from './pad-square.ts';

/** Random resized crop: ten draws of area and aspect, then the largest centred crop of an allowed aspect (as in torchvision). */
export function randomResizedCrop(
  random: Random,
  width: number,
  height: number,
  scale: readonly [number, number],
  aspect: readonly [number, number],
): Rectangle {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = width * height * random.between(...scale);
    const ratio = Math.exp(random.between(Math.log(aspect[0]), Math.log(aspect[1])));
    const w = Math.round(Math.sqrt(area * ratio));
    const h = Math.round(Math.sqrt(area / ratio));
    if (w > 0 && w <= width && h > 0 && h <= height)
      return { x: random.integer(width - w + 1), y: random.integer(height - h + 1), width: w, height: h };
  }
  const ratio = Math.min(aspect[1], Math.max(aspect[0], width / height));
  const w = Math.max(1, Math.round(Math.min(width, height * ratio)));
  const h = Math.max(1, Math.round(Math.min(height, width / ratio)));
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h };
}

/** The largest centred square. */
export function centreSquare({ x, y, width, height }: Rectangle): Rectangle {
  const side = Math.min(width, height);
  return { x: x + Math.floor((width - side) / 2), y: y + Math.floor((height - side) / 2), width: side, height: side };
}

/** Two halves that share no pixel, along the longer side. */
export function halves(width: number, height: number): readonly [Rectangle, Rectangle] {
  if (width >= height) {
    const half = Math.max(1, Math.floor(width / 2));
    return [
      { x: 0, y: 0, width: half, height },
      { x: width - half, y: 0, width: half, height },
    ];
  }
  const half = Math.max(1, Math.floor(height / 2));
  return [
    { x: 0, y: 0, width, height: half },
    { x: 0, y: height - half, width, height: half },
  ];
}

export interface Target {
  /** Side of the square output, pixels; a multiple of `patchSize`. */
  readonly size: number;
  readonly patchSize: number;
  /** Per channel, of values in 0–1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

// Scratch memory of the one crop that is being made.
const acrossTaps = new TapMaker();
const downTaps = new TapMaker();
let columns = new Float32Array(0);
let line = new Float32Array(0);

/**
 * Resamples a rectangle of an RGB picture to the target's square (antialiased bilinear, as PIL does), mirrors it when `flip`,
 * normalises, and writes patches [N, 3·P·P] in raster order, each (channel, row, column), to `out`.
 */
export function resampleCrop(
  pixels: Uint8Array,
  width: number,
  height: number,
  rectangle: Rectangle,
  flip: boolean,
  target: Target,
  out: Float32Array,
): void {
  const { size } = target;
  const across = acrossTaps.make(rectangle.width, rectangle.x, size);
  const down = downTaps.make(rectangle.height, rectangle.y, size);
  const top = down.first[0]!;
  const rows = Math.min(height, down.first[size - 1]! + down.count[size - 1]!) - top;
  if (columns.length < rows * size * 3) columns = new Float32Array(rows * size * 3);
  if (line.length < size * 3) line = new Float32Array(size * 3);
  sumAcross(pixels, width, top, rows, across, flip, size);
  sumDown(top, down, target, out);
}

/**
 * The horizontal pass: `rows` rows from `top`, resampled to `size` columns, into the scratch array. Column by column, so that the
 * weights stay in registers; two or three taps are the rule and are unrolled.
 */
function sumAcross(
  pixels: Uint8Array,
  width: number,
  top: number,
  rows: number,
  { first, count, weights, stride }: Taps,
  flip: boolean,
  size: number,
): void {
  const long = 3 * size;
  const wide = 3 * width;
  for (let x = 0, k = 0; x < size; x++, k += stride) {
    const taps = count[x]!;
    const start = 3 * (top * width + first[x]!);
    const begin = 3 * (flip ? size - 1 - x : x);
    const end = begin + rows * long;
    const w0 = weights[k]!;
    const w1 = taps > 1 ? weights[k + 1]! : 0;
    if (taps <= 2) {
      const next = taps > 1 ? 3 : 0;
      for (let to = begin, at = start; to < end; to += long, at += wide) {
        columns[to] = w0 * pixels[at]! + w1 * pixels[at + next]!;
        columns[to + 1] = w0 * pixels[at + 1]! + w1 * pixels[at + next + 1]!;
        columns[to + 2] = w0 * pixels[at + 2]! + w1 * pixels[at + next + 2]!;
      }
      continue;
    }
    const w2 = weights[k + 2]!;
    for (let to = begin, at = start; to < end; to += long, at += wide) {
      columns[to] = w0 * pixels[at]! + w1 * pixels[at + 3]! + w2 * pixels[at + 6]!;
      columns[to + 1] = w0 * pixels[at + 1]! + w1 * pixels[at + 4]! + w2 * pixels[at + 7]!;
      columns[to + 2] = w0 * pixels[at + 2]! + w1 * pixels[at + 5]! + w2 * pixels[at + 8]!;
    }
    for (let j = 3; j < taps; j++) {
      const weight = weights[k + j]!;
      for (let to = begin, at = start + 3 * j; to < end; to += long, at += wide) {
        columns[to] = columns[to]! + weight * pixels[at]!;
        columns[to + 1] = columns[to + 1]! + weight * pixels[at + 1]!;
        columns[to + 2] = columns[to + 2]! + weight * pixels[at + 2]!;
      }
    }
  }
}

/** What the writing of every row of a crop needs: value · scale + offset normalises a channel. */
interface Writing {
  readonly size: number;
  readonly patchSize: number;
  readonly scale: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  readonly out: Float32Array;
}

function writingOf({ size, patchSize, mean, std }: Target, out: Float32Array): Writing {
  return {
    size,
    patchSize,
    scale: [1 / (255 * std[0]), 1 / (255 * std[1]), 1 / (255 * std[2])],
    offset: [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]],
    out,
  };
}

/** The vertical pass: from the scratch array to normalised values in patches. */
function sumDown(top: number, { first, count, weights, stride }: Taps, target: Target, out: Float32Array): void {
  const long = 3 * target.size;
  const writing = writingOf(target, out);
  for (let y = 0; y < target.size; y++) {
    const from = (first[y]! - top) * long;
    const k = y * stride;
    const taps = count[y]!;
    if (taps === 1) mixTwo(columns, from, from, weights[k]!, 0, y, writing);
    else if (taps === 2) mixTwo(columns, from, from + long, weights[k]!, weights[k + 1]!, y, writing);
    else if (taps === 3) mixThree(columns, from, long, weights[k]!, weights[k + 1]!, weights[k + 2]!, y, writing);
    else {
      line.fill(0);
      for (let j = 0; j < taps; j++) {
        const weight = weights[k + j]!;
        const at = from + j * long;
        for (let i = 0; i < long; i++) line[i] = line[i]! + weight * columns[at + i]!;
      }
      mixTwo(line, 0, 0, 1, 0, y, writing);
    }
  }
}

/** Where row `y` begins in its first patch; the next patch is 3·P·P further. */
const rowStart = (y: number, size: number, p: number): number => Math.floor(y / p) * (size / p) * 3 * p * p + (y % p) * p;

/** Row `y` of the output from two rows of the source, normalised, into its patches. One loop with `mixThree` would be slower. */
function mixTwo(
  source: Float32Array,
  first: number,
  second: number,
  w0: number,
  w1: number,
  y: number,
  { size, patchSize, scale: [s0, s1, s2], offset: [o0, o1, o2], out }: Writing,
): void {
  const plane = patchSize * patchSize;
  const apart = second - first;
  const [r0, g0, b0, r1, g1, b1] = [w0 * s0, w0 * s1, w0 * s2, w1 * s0, w1 * s1, w1 * s2];
  let to = rowStart(y, size, patchSize);
  for (let i = first; i < first + 3 * size; to += 3 * plane)
    for (let x = to; x < to + patchSize; x++, i += 3) {
      out[x] = r0 * source[i]! + r1 * source[i + apart]! + o0;
      out[x + plane] = g0 * source[i + 1]! + g1 * source[i + apart + 1]! + o1;
      out[x + 2 * plane] = b0 * source[i + 2]! + b1 * source[i + apart + 2]! + o2;
    }
}

/** As `mixTwo`, from three rows that lie `long` values apart. */
function mixThree(
  source: Float32Array,
  first: number,
  long: number,
  w0: number,
  w1: number,
  w2: number,
  y: number,
  { size, patchSize, scale: [s0, s1, s2], offset: [o0, o1, o2], out }: Writing,
): void {
  const plane = patchSize * patchSize;
  let to = rowStart(y, size, patchSize);
  for (let i = first; i < first + 3 * size; to += 3 * plane)
    for (let x = to; x < to + patchSize; x++, i += 3) {
      const [j, k] = [i + long, i + 2 * long];
      out[x] = (w0 * source[i]! + w1 * source[j]! + w2 * source[k]!) * s0 + o0;
      out[x + plane] = (w0 * source[i + 1]! + w1 * source[j + 1]! + w2 * source[k + 1]!) * s1 + o1;
      out[x + 2 * plane] = (w0 * source[i + 2]! + w1 * source[j + 2]! + w2 * source[k + 2]!) * s2 + o2;
    }
}

/** Side up to which a picture is padded as it is, pixels, and eight times the target at least. */
const longestPadded = 2048;

export type Fit = 'crop' | 'pad' | 'squash';

/** As `resampleCrop`, without chance: how an image (or a part of it) is embedded. `background` fills padding, 0–255. */
export function fitSquare(
  pixels: Uint8Array,
  width: number,
  height: number,
  part: Rectangle,
  fit: Fit,
  background: readonly [number, number, number],
  target: Target,
  out: Float32Array,
): void {
  if (fit === 'crop') return resampleCrop(pixels, width, height, centreSquare(part), false, target, out);
  if (fit === 'squash' || part.width === part.height) return resampleCrop(pixels, width, height, part, false, target, out);
  const { padded, side } = padSquare(pixels, width, part, background, Math.max(longestPadded, 8 * target.size));
  return resampleCrop(padded, side, side, { x: 0, y: 0, width: side, height: side }, false, target, out);
}

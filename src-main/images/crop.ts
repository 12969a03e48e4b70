// Where a crop lies and how its pixels become the encoder's input. Pure functions; the resampler is the hot loop of data loading.
import type { Random } from '../../shared/random.ts';

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

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

/** Which source positions an output position mixes, and with which weights (triangle filter, widened when shrinking). */
interface Taps {
  readonly first: Int32Array;
  readonly count: number;
  readonly weights: Float32Array;
}

function taps(from: number, start: number, to: number, limit: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  const count = Math.ceil(2 * support) + 1;
  const first = new Int32Array(to);
  const weights = new Float32Array(to * count);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.floor(centre - support + 0.5));
    const high = Math.min(from, Math.floor(centre + support + 0.5));
    // The window may begin earlier than `low`, so that it never reads past the end; those weights are zero.
    const begin = Math.max(0, Math.min(start + low, limit - count));
    first[i] = begin;
    let total = 0;
    for (let j = low; j < high; j++) {
      const weight = Math.max(0, 1 - Math.abs((j + 0.5 - centre) / support));
      weights[i * count + start + j - begin] = weight;
      total += weight;
    }
    for (let j = 0; j < count; j++) weights[i * count + j]! /= total;
  }
  return { first, count: Math.min(count, limit), weights: count <= limit ? weights : narrow(weights, to, count, limit) };
}

/** Drops columns of zero weights where the picture is narrower than the filter. */
function narrow(weights: Float32Array, rows: number, count: number, limit: number): Float32Array {
  const result = new Float32Array(rows * limit);
  for (let i = 0; i < rows; i++) result.set(weights.subarray(i * count, i * count + limit), i * limit);
  return result;
}

export interface Target {
  /** Side of the square output, pixels; a multiple of `patchSize`. */
  readonly size: number;
  readonly patchSize: number;
  /** Per channel, of values in 0–1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

let columns = new Float32Array(0);

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
  const { size, patchSize: p, mean, std } = target;
  const across = taps(rectangle.width, rectangle.x, size, width);
  const down = taps(rectangle.height, rectangle.y, size, height);
  const top = down.first[0]!;
  const rows = Math.min(height, down.first[size - 1]! + down.count) - top;
  if (columns.length < rows * size * 3) columns = new Float32Array(rows * size * 3);
  sumAcross(pixels, width, top, rows, across, flip, size);

  const grid = size / p;
  const scale = std.map((deviation) => 1 / (255 * deviation));
  const shift = mean.map((value, c) => -value / std[c]!);
  const [s0, s1, s2] = scale as [number, number, number];
  const [b0, b1, b2] = shift as [number, number, number];
  const plane = p * p;
  const { count, weights } = down;
  for (let y = 0; y < size; y++) {
    const from = (down.first[y]! - top) * size * 3;
    const w0 = weights[y * count]!;
    const w1 = count > 1 ? weights[y * count + 1]! : 0;
    const w2 = count > 2 ? weights[y * count + 2]! : 0;
    const stride = size * 3;
    const token = Math.floor(y / p) * grid;
    const inRow = (y % p) * p;
    for (let x = 0; x < size; x++) {
      let at = from + 3 * x;
      let [r, g, b] = [w0 * columns[at]!, w0 * columns[at + 1]!, w0 * columns[at + 2]!];
      if (w1 !== 0) {
        at += stride;
        r += w1 * columns[at]!;
        g += w1 * columns[at + 1]!;
        b += w1 * columns[at + 2]!;
      } else at += stride;
      if (w2 !== 0) {
        at += stride;
        r += w2 * columns[at]!;
        g += w2 * columns[at + 1]!;
        b += w2 * columns[at + 2]!;
      } else at += stride;
      for (let j = 3; j < count; j++) {
        const weight = weights[y * count + j]!;
        at += stride;
        if (weight === 0) continue;
        r += weight * columns[at]!;
        g += weight * columns[at + 1]!;
        b += weight * columns[at + 2]!;
      }
      const column = Math.floor(x / p);
      const to = (token + column) * 3 * plane + inRow + x - column * p;
      out[to] = r * s0 + b0;
      out[to + plane] = g * s1 + b1;
      out[to + 2 * plane] = b * s2 + b2;
    }
  }
}

/** The horizontal pass: `rows` rows from `top`, resampled to `size` columns, into the scratch array. */
function sumAcross(
  pixels: Uint8Array,
  width: number,
  top: number,
  rows: number,
  { first, count, weights }: Taps,
  flip: boolean,
  size: number,
): void {
  for (let x = 0; x < size; x++) {
    const to = 3 * (flip ? size - 1 - x : x);
    const start = 3 * (top * width + first[x]!);
    const base = x * count;
    for (let row = 0; row < rows; row++) {
      let at = start + 3 * row * width;
      let r = 0;
      let g = 0;
      let b = 0;
      for (let j = 0; j < count; j++, at += 3) {
        const weight = weights[base + j]!;
        r += weight * pixels[at]!;
        g += weight * pixels[at + 1]!;
        b += weight * pixels[at + 2]!;
      }
      const place = row * size * 3 + to;
      columns[place] = r;
      columns[place + 1] = g;
      columns[place + 2] = b;
    }
  }
}

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
  const side = Math.max(part.width, part.height);
  const padded = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) padded.set(background, 3 * i);
  const [left, above] = [Math.floor((side - part.width) / 2), Math.floor((side - part.height) / 2)];
  for (let row = 0; row < part.height; row++) {
    const from = 3 * ((part.y + row) * width + part.x);
    padded.set(pixels.subarray(from, from + 3 * part.width), 3 * ((above + row) * side + left));
  }
  return resampleCrop(padded, side, side, { x: 0, y: 0, width: side, height: side }, false, target, out);
}

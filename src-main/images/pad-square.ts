// A picture in the middle of a square of one colour, of no more memory than what is made of it needs.

/** A part of a picture, pixels. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface PaddedSquare {
  /** [side, side, 3]. */
  readonly padded: Uint8Array;
  readonly side: number;
}

/** A square of one colour. */
function filled(side: number, colour: readonly [number, number, number]): Uint8Array {
  const square = new Uint8Array(side * side * 3);
  for (let i = 0; i < side; i++) square.set(colour, 3 * i);
  for (let row = 1; row < side; row++) square.copyWithin(3 * row * side, 0, 3 * side);
  return square;
}

/**
 * A part of an RGB picture in the middle of a square, the rest of which is `background`, 0–255. A side above `longest` is divided by a whole
 * number, each pixel the mean of those it stands for: a square has a side's square of pixels, however few the picture has.
 */
export function padSquare(
  pixels: Uint8Array,
  width: number,
  part: Rectangle,
  background: readonly [number, number, number],
  longest: number,
): PaddedSquare {
  const long = Math.max(part.width, part.height);
  const factor = Math.ceil(long / longest);
  if (factor > 1) return reducedSquare(pixels, width, part, background, factor);
  const padded = filled(long, background);
  const [left, above] = [Math.floor((long - part.width) / 2), Math.floor((long - part.height) / 2)];
  for (let row = 0; row < part.height; row++) {
    const from = 3 * ((part.y + row) * width + part.x);
    padded.set(pixels.subarray(from, from + 3 * part.width), 3 * ((above + row) * long + left));
  }
  return { padded, side: long };
}

/** As `padSquare`, each pixel the mean of `factor` × `factor` of a square that is never made. */
function reducedSquare(
  pixels: Uint8Array,
  width: number,
  part: Rectangle,
  background: readonly [number, number, number],
  factor: number,
): PaddedSquare {
  const side = Math.ceil(Math.max(part.width, part.height) / factor);
  const padded = filled(side, background);
  const [left, above] = [Math.floor((side * factor - part.width) / 2), Math.floor((side * factor - part.height) / 2)];
  const share = 1 / factor ** 2;
  // What the picture adds to the background, in rows of the small square: sums of up to factor² differences.
  const sums = new Float64Array(3 * side);
  const [first, last] = [Math.floor(above / factor), Math.floor((above + part.height - 1) / factor)];
  for (let y = first; y <= last; y++) {
    sums.fill(0);
    const [from, to] = [Math.max(0, y * factor - above), Math.min(part.height, (y + 1) * factor - above)];
    for (let row = from; row < to; row++)
      for (let x = 0, at = 3 * ((part.y + row) * width + part.x); x < part.width; x++, at += 3) {
        const i = 3 * Math.floor((left + x) / factor);
        sums[i] = sums[i]! + pixels[at]! - background[0];
        sums[i + 1] = sums[i + 1]! + pixels[at + 1]! - background[1];
        sums[i + 2] = sums[i + 2]! + pixels[at + 2]! - background[2];
      }
    for (let i = 0, at = 3 * y * side; i < sums.length; i++, at++) padded[at] = padded[at]! + sums[i]! * share + 0.5;
  }
  return { padded, side };
}

// Whether two decoded pictures are the same one, stored at another size or with other losses: by their pixels, where vectors only say that
// what they show is alike. Both are shrunk to a small square first, in which neither the size nor a codec's noise is left.
import type { CachedImage } from './shard-reader.ts';

/** Side of the square, pixels. */
const side = 32;

/** A picture as `side`² means of its areas, and the relation of its sides. */
export interface PictureDigest {
  /** [side, side, 3]: 3 KB. */
  readonly means: Uint8ClampedArray<ArrayBuffer>;
  readonly aspect: number;
  /** Pixels. */
  readonly shortSide: number;
}

/** Where the areas of a row or column begin and end, with the share of the first and last pixel that belongs to each. */
function spans(length: number): readonly { readonly from: number; readonly weights: Float64Array }[] {
  return Array.from({ length: side }, (_, i) => {
    const [begin, end] = [(i * length) / side, ((i + 1) * length) / side];
    const [from, to] = [Math.floor(begin), Math.min(length, Math.ceil(end - 1e-9))];
    const weights = Float64Array.from({ length: to - from }, (_w, k) => Math.min(end, from + k + 1) - Math.max(begin, from + k));
    return { from, weights: weights.map((weight) => weight / (end - begin)) };
  });
}

export function digestOf({ width, height, pixels }: CachedImage): PictureDigest {
  const sums = new Float32Array(3 * side ** 2);
  const columns = spans(width);
  const row = new Float64Array(3 * width);
  spans(height).forEach(({ from, weights }, y) => {
    row.fill(0);
    weights.forEach((weight, k) => {
      for (let i = 0, at = 3 * width * (from + k); i < row.length; i++, at++) row[i]! += weight * pixels[at]!;
    });
    columns.forEach((column, x) => {
      const to = 3 * (y * side + x);
      for (let k = 0, at = 3 * column.from; k < column.weights.length; k++, at += 3) {
        const weight = column.weights[k]!;
        sums[to]! += weight * row[at]!;
        sums[to + 1]! += weight * row[at + 1]!;
        sums[to + 2]! += weight * row[at + 2]!;
      }
    });
  });
  return { means: Uint8ClampedArray.from(sums), aspect: width / height, shortSide: Math.min(width, height) };
}

/*
 * Measured on collages of 800 × 600 in the cache's size (256 px): saved as JPEG of quality 60, WebP of 40, or made half or a quarter as large
 * and saved as JPEG, `rms` is at most 2.5, `relative` 0.09, `largest` 9.4. One thing in twelve moved by a hundredth of the width: `largest` 15
 * or more; all of them moved by half of that: 19; a twentieth brighter: 11.7. Drawings of 64 px, where a codec's noise weighs more: by 16 areas
 * along a side the same changes make `rms` 7.7 and `largest` 30, another drawing 9.7 and 53 or more; by 8 areas, in which noise cancels out and
 * another colour does not, `largest` is 11 against 30 or more.
 */
/** From which shorter side of a picture on, pixels, it is compared by how many areas along a side, and what may differ at most. */
const levels = [
  { from: 192, checks: [{ areas: 32, rms: 5, relative: 0.2, largest: 12 }] },
  { from: 96, checks: [{ areas: 16, rms: 5, relative: 0.2, largest: 12 }] },
  {
    from: 0,
    checks: [
      { areas: 16, rms: 8, relative: 0.2, largest: 32 },
      // Of fine lines nothing is left in it that a share could be of.
      { areas: 8, rms: 5, relative: Infinity, largest: 13 },
    ],
  },
] as const;
/** Relations of sides that rounding to whole pixels makes of one. */
const mostStretch = 1.03;

export interface PictureDifference {
  /** Root of the mean squared difference, 0 to 255. */
  readonly rms: number;
  /** The same as a share of the pictures' own contrast (deviation from their mean colours). */
  readonly relative: number;
  /** Largest difference of an area, mean of its colours, 0 to 255. */
  readonly largest: number;
}

/** Means of larger areas. */
function coarser(means: ArrayLike<number>, areas: number): Float32Array {
  const factor = side / areas;
  const result = new Float32Array(3 * areas ** 2);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < 3; c++)
        result[3 * (Math.floor(y / factor) * areas + Math.floor(x / factor)) + c]! += means[3 * (y * side + x) + c]! / factor ** 2;
  return result;
}

/** By `areas` along a side: 8, 16 or 32. */
export function differenceOf(one: PictureDigest, other: PictureDigest, areas: number): PictureDifference {
  const at = ({ means }: PictureDigest): ArrayLike<number> => (areas === side ? means : coarser(means, areas));
  const [a, b] = [at(one), at(other)];
  const sums = new Float64Array(6);
  let [squares, contrast, largest] = [0, 0, 0];
  for (let area = 0; area < areas ** 2; area++) {
    let difference = 0;
    for (let c = 0; c < 3; c++) {
      const [p, q] = [a[3 * area + c]!, b[3 * area + c]!];
      squares += (p - q) ** 2;
      difference += Math.abs(p - q);
      sums[c]! += p;
      sums[3 + c]! += q;
      contrast += p ** 2 + q ** 2;
    }
    largest = Math.max(largest, difference / 3);
  }
  const count = areas ** 2;
  const variance = (contrast / count - sums.reduce((sum, one) => sum + (one / count) ** 2, 0)) / 6;
  const rms = Math.sqrt(squares / (3 * count));
  return { rms, relative: rms / Math.sqrt(Math.max(variance, 1e-9)), largest };
}

/** Whether two pictures are one, resized or stored with other losses. What was cut, retouched or taken a moment later is another. */
export function isSamePicture(one: PictureDigest, other: PictureDigest): boolean {
  const stretch = one.aspect / other.aspect;
  if (Math.max(stretch, 1 / stretch) > mostStretch) return false;
  const shortest = Math.min(one.shortSide, other.shortSide);
  const { checks } = levels.find(({ from }) => shortest >= from)!;
  return checks.every((most) => {
    const { rms, relative, largest } = differenceOf(one, other, most.areas);
    return rms <= most.rms && relative <= most.relative && largest <= most.largest;
  });
}

// A library that does not exist: every picture is a coloured shape that follows from its number alone, so that pictures, labels and
// neighbours agree with each other without a file being there.
import type { GridImage, ImageFilter, ImageStatus, Split } from '../../shared/contract/contract-library.ts';

export const imageCount = 100_000;
/** The folder that all of them are in, as their details say. */
export const imagesFolder = 1;

const shapes = ['circle', 'square', 'triangle', 'ring', 'star'] as const;
const colours = ['red', 'amber', 'green', 'blue'] as const;
const hues = [4, 42, 140, 222] as const;

/** What a synthetic picture shows. `size` is the share of its side that the shape takes, `turn` in degrees. */
export interface Look {
  readonly shape: (typeof shapes)[number];
  readonly colour: (typeof colours)[number];
  readonly hue: number;
  readonly size: number;
  readonly turn: number;
}

/** A number in [0, 1) that follows from an image and a purpose. */
export function chance(image: number, purpose: number): number {
  let h = Math.imul(image ^ Math.imul(purpose + 1, 0x9e3779b9), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

export const isResized = (image: number): boolean => image > 500 && image % 60 === 21;

export function lookOf(image: number): Look {
  // Every 500th picture is a copy of the one before it, and some are the same as the one two before, at another size.
  const own = image % 500 === 0 ? image - 1 : isResized(image) ? image - 2 : image;
  const colour = Math.floor(chance(own, 1) * colours.length);
  return {
    shape: shapes[Math.floor(chance(own, 0) * shapes.length)]!,
    colour: colours[colour]!,
    hue: hues[colour]! + (chance(own, 2) - 0.5) * 30,
    size: 0.35 + 0.5 * chance(own, 3),
    turn: Math.floor(chance(own, 4) * 90),
  };
}

/** Writes a vector of unit length: what a perfect encoder of these pictures would say. `target`, 9 values, begins as zeros. */
export function writeVector(target: Float32Array | Float64Array, { shape, hue, size, turn }: Look): void {
  const angle = (hue / 180) * Math.PI;
  const [x, y, z, w] = [1.1 * Math.cos(angle), 1.1 * Math.sin(angle), 0.8 * (size - 0.6), 0.25 * Math.sin((turn / 45) * Math.PI)];
  const length = Math.sqrt(1 + x * x + y * y + z * z + w * w);
  target[shapes.indexOf(shape)] = 1 / length;
  target[5] = x / length;
  target[6] = y / length;
  target[7] = z / length;
  target[8] = w / length;
}

export const statusOf = (image: number): ImageStatus => (image % 2700 === 13 ? 'failed' : image % 9000 === 77 ? 'missing' : 'ok');
const labelOf = (image: number): string | null => (image % 97 === 5 ? null : `${lookOf(image).colour} ${lookOf(image).shape}`);
export const splitOf = (image: number): Split | null => (chance(image, 6) < 0.8 ? 'train' : chance(image, 6) < 0.9 ? 'val' : 'test');
export const folderOf = (image: number): string => `plate-${String(1 + Math.floor((image - 1) / 5000)).padStart(2, '0')}`;

export function pathOf(image: number): string {
  if (image === 4242)
    return `${folderOf(image)}/<script>alert(1)<\u2215script> & "quotes", a name as long as file names get when a microscope writes them.png`;
  return `${folderOf(image)}/${lookOf(image).colour}-${String(image).padStart(6, '0')}.png`;
}

export function gridImage(image: number): GridImage {
  const status = statusOf(image);
  const read = status !== 'failed';
  return {
    id: image,
    path: pathOf(image),
    status,
    label: labelOf(image),
    width: read ? 640 + 16 * (image % 40) : 0,
    height: read ? 480 + 16 * (image % 31) : 0,
  };
}

/** Tags that were put on images while the page was open, and a few from before. */
export class Tags {
  readonly #images = new Map<string, Set<number>>([
    ['favourite', new Set([3, 14, 15, 92, 65, 35])],
    ['to check', new Set([7, 4242])],
  ]);

  put(name: string, images: readonly number[], on: boolean): number {
    const tagged = this.#images.get(name) ?? new Set<number>();
    const before = tagged.size;
    for (const image of images) {
      if (on) tagged.add(image);
      else tagged.delete(image);
    }
    if (tagged.size > 0) this.#images.set(name, tagged);
    else this.#images.delete(name);
    return Math.abs(tagged.size - before);
  }

  of(image: number): string[] {
    return [...this.#images].filter(([, images]) => images.has(image)).map(([name]) => name);
  }

  counts(): { value: string; images: number }[] {
    return [...this.#images].map(([value, images]) => ({ value, images: images.size }));
  }
}

const matches = (image: number, filter: ImageFilter, tags: Tags): boolean =>
  (filter.label === undefined || labelOf(image) === filter.label) &&
  (filter.split === undefined || splitOf(image) === filter.split) &&
  (filter.status === undefined || statusOf(image) === filter.status) &&
  (filter.tag === undefined || tags.of(image).includes(filter.tag)) &&
  (filter.below === undefined || folderOf(image) === filter.below) &&
  (filter.search === undefined || pathOf(image).toLowerCase().includes(filter.search.toLowerCase()));

/** Numbers of the images that a filter lets through, in the grid's order. */
export function filtered(filter: ImageFilter, tags: Tags): Int32Array<ArrayBuffer> {
  const found: number[] = [];
  for (let image = 1; image <= imageCount; image++) if (matches(image, filter, tags)) found.push(image);
  return Int32Array.from(found);
}

export interface Count {
  readonly value: string | null;
  readonly images: number;
}

/** How many images there are of each value. */
export function counted(valueOf: (image: number) => string | null): Count[] {
  const counts = new Map<string | null, number>();
  for (let image = 1; image <= imageCount; image++) counts.set(valueOf(image), (counts.get(valueOf(image)) ?? 0) + 1);
  return [...counts].map(([value, images]) => ({ value, images })).toSorted((a, b) => (a.value ?? '~').localeCompare(b.value ?? '~'));
}

export const labelCounts = (): Count[] => counted(labelOf);

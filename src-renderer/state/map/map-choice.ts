// What of a map a person has chosen, told in words and handed on. Pure.
import { noLabel } from '../../../shared/contract/contract-map.ts';
import type { MapView } from '../../../shared/contract/contract-map.ts';

export interface LabelCount {
  /** Its place in `labels`, or `noLabel`. */
  readonly number: number;
  readonly name: string | undefined;
  readonly images: number;
  readonly chosen: number;
}

/** Labels that images have, by name; images without one last. */
export function labelCounts({ images, labels, labelOf }: MapView, chosen: ReadonlySet<number>): readonly LabelCount[] {
  const counts = new Map<number, { images: number; chosen: number }>();
  for (let i = 0; i < images.length; i++) {
    const label = labelOf[i]!;
    let count = counts.get(label);
    if (!count) counts.set(label, (count = { images: 0, chosen: 0 }));
    count.images++;
    if (chosen.size > 0 && chosen.has(images[i]!)) count.chosen++;
  }
  return [...counts]
    .map(([number, count]) => ({ number, name: number === noLabel ? undefined : labels[number], ...count }))
    .toSorted((a, b) => a.number - b.number);
}

/** How many of the images of a map are among some. */
export function chosenOf({ images }: MapView, chosen: ReadonlySet<number>): number {
  if (chosen.size === 0) return 0;
  let count = 0;
  for (const image of images) if (chosen.has(image)) count++;
  return count;
}

/** Those of some images on a map that are nearest to their middle, at most `most`: what stands for all of them in a query. */
export function nearestToMiddle({ images, places }: MapView, chosen: ReadonlySet<number>, most: number): readonly number[] {
  const on = Array.from(images.keys()).filter((i) => chosen.has(images[i]!));
  const middle = [0, 1].map((axis) => on.reduce((sum, i) => sum + places[2 * i + axis]! / on.length, 0));
  const distance = (i: number): number => Math.hypot(places[2 * i]! - middle[0]!, places[2 * i + 1]! - middle[1]!);
  return on
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, most)
    .map((i) => images[i]!);
}

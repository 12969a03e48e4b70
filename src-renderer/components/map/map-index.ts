// Which images lie where: a grid over the map, so that the one under the pointer is found among 100,000 without looking at all.
import type { Point } from '../../../shared/map/map-camera.ts';

/** Places [n, 2] in a square from −1 to 1; images for which `isHidden` are not found. */
export class MapIndex {
  readonly #places: Float32Array;
  readonly #side: number;
  readonly #starts: Uint32Array;
  readonly #order: Uint32Array;

  constructor(places: Float32Array) {
    const count = places.length / 2;
    this.#places = places;
    this.#side = Math.max(1, Math.min(256, Math.round(Math.sqrt(count / 2))));
    const cells = Uint32Array.from(
      { length: count },
      (_, i) => this.#cellOf(places[2 * i]!) + this.#side * this.#cellOf(places[2 * i + 1]!),
    );
    this.#starts = new Uint32Array(this.#side ** 2 + 1);
    for (const cell of cells) this.#starts[cell + 1]!++;
    for (let cell = 0; cell < this.#side ** 2; cell++) this.#starts[cell + 1]! += this.#starts[cell]!;
    const next = this.#starts.slice();
    this.#order = new Uint32Array(count);
    cells.forEach((cell, i) => (this.#order[next[cell]!++] = i));
  }

  #cellOf(value: number): number {
    return Math.max(0, Math.min(this.#side - 1, Math.floor(((value + 1) / 2) * this.#side)));
  }

  /** Calls with every image in the cells that a box touches. */
  #each({ x: left, y: top }: Point, { x: right, y: bottom }: Point, visit: (i: number, x: number, y: number) => void): void {
    for (let row = this.#cellOf(top); row <= this.#cellOf(bottom); row++) {
      const first = this.#starts[row * this.#side + this.#cellOf(left)]!;
      const last = this.#starts[row * this.#side + this.#cellOf(right) + 1]!;
      for (let at = first; at < last; at++) {
        const i = this.#order[at]!;
        visit(i, this.#places[2 * i]!, this.#places[2 * i + 1]!);
      }
    }
  }

  /** The image nearest to a place, at most `most` away. */
  nearest(place: Point, most: number, isHidden: (i: number) => boolean): number | undefined {
    let [best, distance] = [undefined as number | undefined, most * most];
    this.#each({ x: place.x - most, y: place.y - most }, { x: place.x + most, y: place.y + most }, (i, x, y) => {
      const squared = (x - place.x) ** 2 + (y - place.y) ** 2;
      if (squared <= distance && !isHidden(i)) [best, distance] = [i, squared];
    });
    return best;
  }

  /** Images inside of an outline of three corners or more; one that crosses itself holds what is inside an odd number of times. */
  within(outline: readonly Point[], isHidden: (i: number) => boolean): number[] {
    const [xs, ys] = [outline.map(({ x }) => x), outline.map(({ y }) => y)];
    const found: number[] = [];
    this.#each({ x: Math.min(...xs), y: Math.min(...ys) }, { x: Math.max(...xs), y: Math.max(...ys) }, (i, x, y) => {
      if (isInside(outline, x, y) && !isHidden(i)) found.push(i);
    });
    return found;
  }
}

function isInside(outline: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, before = outline.length - 1; i < outline.length; before = i++) {
    const [a, b] = [outline[i]!, outline[before]!];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}

/** The corners of a box by two of them. */
export const boxOf = (a: Point, b: Point): readonly Point[] => [a, { x: b.x, y: a.y }, b, { x: a.x, y: b.y }];

// Which images of a map are shown as pictures: as many as fit without covering each other, the same ones wherever a person looks, and when
// they look closer these and more.
import { scattered } from '../scattered.ts';

/** Looks between two of which the choice changes: 1.19 times as close. */
const stepsPerDoubling = 4;

/** The look whose choice is used at a scale: one at which as much room or more is between pictures. */
const levelOf = (scale: number): number => Math.floor(stepsPerDoubling * Math.log2(scale));

export class MapPictures {
  readonly #places: Float32Array;
  readonly #order: Uint32Array;
  readonly #chosen = new Map<string, Uint32Array>();

  /** `images` are their numbers: which of two that do not fit both is shown follows from these. */
  constructor(images: ArrayLike<number>, places: Float32Array) {
    this.#places = places;
    this.#order = Uint32Array.from({ length: images.length }, (_, i) => i).sort((a, b) => scattered(images[a]!) - scattered(images[b]!));
  }

  /** Those at least `spacing` CSS pixels apart, to the side or up and down, at a scale of CSS pixels for a unit of the map. */
  at(scale: number, spacing: number, isHidden: (i: number) => boolean, hiddenKey: string): Uint32Array {
    const level = levelOf(scale);
    const key = `${level} ${spacing} ${hiddenKey}`;
    const known = this.#chosen.get(key);
    if (known) return known;
    const chosen = this.apart(spacing / 2 ** (level / stepsPerDoubling), isHidden);
    if (this.#chosen.size > 32) this.#chosen.clear();
    this.#chosen.set(key, chosen);
    return chosen;
  }

  /** Those at least `room` units of the map apart: one after another, where none that was chosen before is nearer than that both ways. */
  apart(room: number, isHidden: (i: number) => boolean = () => false): Uint32Array {
    const taken = new Map<number, number[]>();
    const chosen: number[] = [];
    const across = Math.ceil(2 / room) + 3;
    for (const i of this.#order) {
      if (isHidden(i)) continue;
      const [x, y] = [this.#places[2 * i]!, this.#places[2 * i + 1]!];
      const [column, row] = [Math.floor((x + 1) / room) + 1, Math.floor((y + 1) / room) + 1];
      if (this.#isTaken(taken, column, row, across, x, y, room)) continue;
      const cell = row * across + column;
      const there = taken.get(cell);
      if (there) there.push(i);
      else taken.set(cell, [i]);
      chosen.push(i);
    }
    return Uint32Array.from(chosen);
  }

  #isTaken(taken: ReadonlyMap<number, number[]>, column: number, row: number, across: number, x: number, y: number, room: number): boolean {
    for (let r = row - 1; r <= row + 1; r++)
      for (let c = column - 1; c <= column + 1; c++)
        for (const other of taken.get(r * across + c) ?? [])
          if (Math.abs(this.#places[2 * other]! - x) < room && Math.abs(this.#places[2 * other + 1]! - y) < room) return true;
    return false;
  }
}

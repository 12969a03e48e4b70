// The images a person has chosen: the grid, the queries of Explore and the sidebar share it.

export class Selection {
  // A new set at each change: everything of a library of 100,000 is selected in a few milliseconds, where a signal per image takes
  // a hundred times as long.
  #images = $state.raw<ReadonlySet<number>>(new Set());
  /** From where Shift extends. */
  #anchor = $state.raw<number | undefined>(undefined);

  get size(): number {
    return this.#images.size;
  }
  get images(): ReadonlySet<number> {
    return this.#images;
  }
  get anchor(): number | undefined {
    return this.#anchor;
  }

  has(image: number): boolean {
    return this.#images.has(image);
  }

  only(image: number): void {
    this.#images = new Set([image]);
    this.#anchor = image;
  }

  toggle(image: number): void {
    const images = new Set(this.#images);
    if (!images.delete(image)) images.add(image);
    this.#images = images;
    this.#anchor = image;
  }

  /** Replaces the selection; the anchor stays. */
  set(images: Iterable<number>): void {
    this.#images = new Set(images);
  }

  clear(): void {
    this.#images = new Set();
    this.#anchor = undefined;
  }
}

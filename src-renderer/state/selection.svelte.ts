// The images a person has chosen: the grid, the queries of Explore and the sidebar share it.
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  readonly #images = new SvelteSet<number>();
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
    this.#images.clear();
    this.#images.add(image);
    this.#anchor = image;
  }

  toggle(image: number): void {
    if (!this.#images.delete(image)) this.#images.add(image);
    this.#anchor = image;
  }

  /** Replaces the selection; the anchor stays. */
  set(images: Iterable<number>): void {
    this.#images.clear();
    for (const image of images) this.#images.add(image);
  }

  clear(): void {
    this.#images.clear();
    this.#anchor = undefined;
  }
}

// How large the cells of the library are and what stands beside the grid: remembered from one visit to the next.
import { remember, remembered } from '../preferences.ts';

export const smallestCell = 64;
export const largestCell = 256;
/** CSS pixels of a page in which the details have room beside the grid. */
const roomy = 1100;
/** Below this the filters lie over the grid. */
const narrow = 720;
const isSize = (value: unknown): value is number => typeof value === 'number' && value >= smallestCell && value <= largestCell;
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

export class LibraryLayout {
  readonly #onPanel: () => void;
  #size = $state.raw(remembered('library.size', 128, isSize));
  #panel = $state.raw(remembered('library.details', globalThis.innerWidth >= roomy, isBoolean));
  #sidebar = $state.raw(remembered('library.filters', globalThis.innerWidth >= narrow, isBoolean));

  /** `onPanel`: the details were shown or hidden. */
  constructor(onPanel: () => void) {
    this.#onPanel = onPanel;
  }

  /** Side of a cell, CSS pixels. */
  get size(): number {
    return this.#size;
  }
  /** Whether the details stand beside the grid; the filters. */
  get panel(): boolean {
    return this.#panel;
  }
  get sidebar(): boolean {
    return this.#sidebar;
  }

  resize(size: number): void {
    this.#size = Math.min(largestCell, Math.max(smallestCell, Math.round(size)));
    remember('library.size', this.#size);
  }
  setPanel(open: boolean): void {
    this.#panel = open;
    remember('library.details', open);
    this.#onPanel();
  }
  setSidebar(open: boolean): void {
    this.#sidebar = open;
    remember('library.filters', open);
  }
}

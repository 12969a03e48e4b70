// How large the cells of the library are and what stands beside the grid: remembered from one visit to the next.
import { remember, remembered } from '../preferences.ts';
import { SidePanel } from './side-panel.svelte.ts';

export const smallestCell = 64;
export const largestCell = 256;
/** CSS pixels of a page in which the details have room beside the grid. */
const roomy = 1100;
/** Below this the filters lie over the grid. */
const narrow = 720;
const isSize = (value: unknown): value is number => typeof value === 'number' && value >= smallestCell && value <= largestCell;

export class LibraryLayout {
  readonly #panel: SidePanel;
  readonly #sidebar = new SidePanel('library.filters', narrow);
  #size = $state.raw(remembered('library.size', 128, isSize));

  /** `onPanel`: the details were shown or hidden. */
  constructor(onPanel: () => void) {
    this.#panel = new SidePanel('library.details', roomy, onPanel);
  }

  /** Side of a cell, CSS pixels. */
  get size(): number {
    return this.#size;
  }
  /** Whether the details stand beside the grid; the filters. */
  get panel(): boolean {
    return this.#panel.shown;
  }
  get sidebar(): boolean {
    return this.#sidebar.shown;
  }

  resize(size: number): void {
    this.#size = Math.min(largestCell, Math.max(smallestCell, Math.round(size)));
    remember('library.size', this.#size);
  }
  setPanel(open: boolean): void {
    this.#panel.set(open);
  }
  setSidebar(open: boolean): void {
    this.#sidebar.set(open);
  }
}

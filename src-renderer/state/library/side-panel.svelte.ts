// A panel beside the grid, or over it where the window has no room for both.
import { remember, remembered } from '../preferences.ts';

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

/**
 * What was chosen in a window with room for the panel is remembered, and holds again when a window that was narrow is wide. In a narrow one
 * the panel covers the grid: there it begins closed, and closing it says nothing about wide windows.
 */
export class SidePanel {
  readonly #name: string;
  readonly #onChange: () => void;
  #roomy = $state.raw(false);
  #beside: boolean;
  #shown = $state.raw(false);

  /** `name`: where the choice is kept. `roomy`: CSS pixels of a page in which it has room. `onChange`: it was shown or hidden. */
  constructor(name: string, roomy: number, onChange: () => void = () => {}) {
    this.#name = name;
    this.#onChange = onChange;
    this.#beside = remembered(name, true, isBoolean);
    const query = globalThis.matchMedia?.(`(min-width: ${roomy}px)`);
    this.#roomy = query?.matches ?? false;
    this.#shown = this.#roomy && this.#beside;
    query?.addEventListener('change', ({ matches }) => {
      this.#roomy = matches;
      this.#show(matches && this.#beside);
    });
  }

  get shown(): boolean {
    return this.#shown;
  }

  set(shown: boolean): void {
    if (this.#roomy) {
      this.#beside = shown;
      remember(this.#name, shown);
    }
    this.#show(shown);
  }

  #show(shown: boolean): void {
    this.#shown = shown;
    this.#onChange();
  }
}

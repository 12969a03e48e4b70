// Where a person is in the list, and what the keys and the pointer select there: one image, one more, a range from the anchor, everything.
import type { GridImage } from '../../../shared/contract/contract-library.ts';
import type { Selection } from '../selection.svelte.ts';
import type { LibraryRows } from './library-rows.svelte.ts';

export interface SelectHow {
  /** From the anchor to here. */
  readonly range: boolean;
  /** Beside what is selected. */
  readonly add: boolean;
}

export class LibraryKeys {
  readonly #rows: Pick<LibraryRows, 'total' | 'at' | 'idsOf' | 'allIds'>;
  readonly #selection: Selection;
  readonly #onMove: () => void;
  #active = $state.raw(0);
  /** From where Shift extends. */
  #anchor = 0;
  /** Counts what is selected, so that ids which come late are not. */
  #selecting = 0;
  /** Kept while other views are shown. */
  scrollTop = 0;

  /** `onMove`: the keys were put on a row. Of a list that begins it is not told: there are no rows yet. */
  constructor(rows: Pick<LibraryRows, 'total' | 'at' | 'idsOf' | 'allIds'>, selection: Selection, onMove: () => void) {
    this.#rows = rows;
    this.#selection = selection;
    this.#onMove = onMove;
  }

  get #last(): number {
    return Math.max(0, (this.#rows.total ?? 1) - 1);
  }
  /** The row that the keys are on. */
  get active(): number {
    return Math.min(this.#active, this.#last);
  }
  /** Its image, once that is there. */
  get image(): GridImage | undefined {
    return this.#rows.at(this.active);
  }

  /** Another list begins. */
  begin(): void {
    // What was still being selected was of another list.
    this.#selecting++;
    this.#active = 0;
    this.#anchor = 0;
    this.scrollTop = 0;
  }

  /** Puts the keys on a row and selects its image, or a range up to it. */
  async go(index: number, how: SelectHow): Promise<void> {
    const own = ++this.#selecting;
    this.#active = index;
    this.#onMove();
    const selection = this.#selection;
    if (!how.range) {
      this.#anchor = index;
      const image = this.#rows.at(index)?.id;
      if (image === undefined) return;
      if (how.add) selection.toggle(image);
      else selection.only(image);
      return;
    }
    const ids = await this.#rows.idsOf(Math.min(this.#anchor, index), Math.max(this.#anchor, index));
    if (!ids || own !== this.#selecting) return;
    selection.set(how.add ? [...selection.images, ...ids] : ids);
  }

  /** Moves the keys without selecting: Ctrl with an arrow, the preview. */
  moveTo(index: number): void {
    this.#active = Math.min(Math.max(0, index), this.#last);
    this.#onMove();
  }

  /** Puts the keys on the image that a menu is opened on, which is selected unless it is among those that are. */
  point(index: number): void {
    const image = this.#rows.at(index)?.id;
    if (image !== undefined && this.#selection.has(image)) this.moveTo(index);
    else void this.go(index, { range: false, add: false });
  }

  /** Puts the keys on an image whose row was looked up and may not be there yet, and selects it. */
  put(index: number, image: number): void {
    // What was still being selected was chosen before.
    this.#selecting++;
    this.#active = index;
    this.#anchor = index;
    // The grid that begins shows the keys instead of where it was left.
    this.scrollTop = 0;
    this.#selection.only(image);
    this.#onMove();
  }

  /** Selects everything that the filter shows. */
  async selectAll(): Promise<void> {
    const own = ++this.#selecting;
    const ids = await this.#rows.allIds();
    if (ids && own === this.#selecting) this.#selection.set(ids);
  }
}

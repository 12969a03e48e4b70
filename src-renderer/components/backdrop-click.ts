// A click beside a dialog, told from one that only looks like it: a text that is selected from inside to beyond the edge ends in a click on
// the dialog itself, which is what both ends have in common.
export class BackdropClick {
  #pressed: EventTarget | null = null;
  #released: EventTarget | null = null;

  /** Where the pointer went down. */
  press(on: EventTarget | null): void {
    this.#pressed = on;
    this.#released = null;
  }

  /** Where it went up. */
  release(on: EventTarget | null): void {
    this.#released = on;
  }

  /** Whether the click that these two made was beside the dialog, with both. */
  isBeside(dialog: EventTarget | undefined): boolean {
    const isBeside = dialog !== undefined && this.#pressed === dialog && this.#released === dialog;
    this.#pressed = this.#released = null;
    return isBeside;
  }
}

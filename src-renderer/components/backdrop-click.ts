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

  /**
   * Whether a click was made by these two, and beside the dialog with all three. A right click makes none: the next may be one inside that
   * a key has made.
   */
  isBeside(dialog: EventTarget | undefined, clicked: EventTarget | null): boolean {
    const isBeside = dialog !== undefined && [this.#pressed, this.#released, clicked].every((target) => target === dialog);
    this.forget();
    return isBeside;
  }

  /** The next click is not made by what came before. */
  forget(): void {
    this.#pressed = this.#released = null;
  }
}

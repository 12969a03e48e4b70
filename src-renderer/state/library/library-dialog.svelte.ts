// The dialog that is open in the Library, the folder that it asks about, and why what was asked for in it could not be done.
import { toWire } from '../../../shared/errors.ts';
import type { WireError } from '../../../shared/errors.ts';

export type LibraryDialogName = 'failures' | 'labels' | 'tag' | 'remove';

export class LibraryDialog {
  readonly #folder: () => number | undefined;
  /** With its folder: where another page takes that out of the library, the next one must not be asked about in its place. */
  #asked = $state.raw<{ readonly dialog: LibraryDialogName; readonly folder: number | undefined }>();
  #problem = $state.raw<WireError | undefined>(undefined);

  /** `folder`: the one that is shown. */
  constructor(folder: () => number | undefined) {
    this.#folder = folder;
  }

  get name(): LibraryDialogName | undefined {
    return this.#asked?.folder === this.#folder() ? this.#asked?.dialog : undefined;
  }
  /** Why what was asked for here could not be done. */
  get problem(): WireError | undefined {
    return this.#problem;
  }

  ask(dialog: LibraryDialogName): void {
    this.#asked = { dialog, folder: this.#folder() };
    this.#problem = undefined;
  }
  close(): void {
    this.#asked = undefined;
    this.#problem = undefined;
  }

  /**
   * Does what was asked for: the dialog is closed then, or says why that could not be done. One that was asked since, of this folder or
   * another, is left alone; why the one before failed is given to `late`.
   */
  async attempt(work: () => Promise<void>, late: (error: unknown) => void): Promise<void> {
    const asked = this.#asked;
    this.#problem = undefined;
    const isOpen = (): boolean => this.#asked === asked && this.name !== undefined;
    try {
      await work();
      if (this.#asked === asked) this.close();
    } catch (error) {
      if (isOpen()) this.#problem = toWire(error);
      else late(error);
    }
  }
}

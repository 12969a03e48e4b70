// What is known of the image that the keys are on.
import type { ImageDetails } from '../../../shared/contract/contract-library.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';

/** While keys are held down only the image at which they rest is asked for. */
const delay = 80;

export class LibraryDetails {
  readonly #studio: Studio;
  #image = $state.raw<number | undefined>(undefined);
  #found = $state.raw<ImageDetails | undefined>(undefined);
  #error = $state.raw<AppError | undefined>(undefined);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** Those of the image that is looked at, or of the one before it while they are on their way. */
  get found(): ImageDetails | undefined {
    return this.#found;
  }
  get image(): number | undefined {
    return this.#image;
  }
  get error(): AppError | undefined {
    return this.#error;
  }

  look(image: number | undefined): void {
    if (image === this.#image) return;
    this.#image = image;
    this.#error = undefined;
    clearTimeout(this.#timer);
    this.#request?.abort();
    if (image === undefined) this.#found = undefined;
    else this.#timer = setTimeout(() => void this.#ask(image), delay);
  }

  renew(): void {
    if (this.#image !== undefined) void this.#ask(this.#image);
  }

  async #ask(image: number): Promise<void> {
    this.#request?.abort();
    const own = (this.#request = new AbortController());
    try {
      const found = await this.#studio.client.call('library.details', { image }, { signal: own.signal });
      if (own.signal.aborted) return;
      this.#found = found;
      this.#error = undefined;
    } catch (error) {
      if (own.signal.aborted) return;
      this.#found = undefined;
      this.#error = error instanceof AppError ? error : new AppError('internal', String(error), '');
    }
  }
}

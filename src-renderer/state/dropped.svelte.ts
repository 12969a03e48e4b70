// Images from outside that were dropped anywhere on the page: Explore takes them as queries.

/** As many as a search can have. */
export const mostDropped = 32;

export class Dropped {
  #files = $state.raw<readonly File[]>([]);

  /** Not taken yet. */
  get files(): readonly File[] {
    return this.#files;
  }

  add(files: readonly File[]): void {
    this.#files = [...this.#files, ...files].slice(0, mostDropped);
  }

  /** Hands them over, once. */
  take(): readonly File[] {
    const files = this.#files;
    this.#files = [];
    return files;
  }
}

// The image that the address of the Library asks for.

/** Tells what is new of it: what a person selects afterwards holds, also when the address becomes that of another view. */
export class AskedImage {
  #asked = '';

  /** The image to be found now, by what the address says: each once, as long as the address asks for it in a folder. */
  take(said: string | undefined, folder: number | undefined): number | undefined {
    const image = Number(said ?? 0);
    const isAsked = Number.isSafeInteger(image) && image > 0 && folder !== undefined;
    const asked = isAsked ? `${folder} ${image}` : '';
    if (asked === this.#asked) return undefined;
    this.#asked = asked;
    return isAsked ? image : undefined;
  }
}

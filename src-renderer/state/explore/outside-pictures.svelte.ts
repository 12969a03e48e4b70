// Pictures from outside on their way to the engine, which looks for what is like them.
import type { QueryImage } from '../../../shared/contract/contract-explore.ts';
import { uploadLimit } from '../../../shared/contract/limits.ts';
import { AppError } from '../../../shared/errors.ts';
import { explore as words } from '../../strings/explore.ts';
import type { Studio } from '../studio.svelte.ts';
import { mostOfSide } from './explore-query.ts';

const bitmapHeight = 256;

export class OutsidePictures {
  readonly #studio: Pick<Studio, 'client' | 'explore' | 'notices'>;
  #reading = $state.raw(0);

  constructor(studio: Pick<Studio, 'client' | 'explore' | 'notices'>) {
    this.#studio = studio;
  }

  /** Of those that were handed over, how many the engine does not have yet. */
  get reading(): number {
    return this.#reading;
  }

  /** Hands files to the engine, no more than a query takes, and gives those that it could read. Errors are said one by one. */
  async read(files: readonly File[]): Promise<readonly QueryImage[]> {
    if (files.length > mostOfSide) this.#studio.notices.say(words.tooMany(mostOfSide, files.length));
    const parts: QueryImage[] = [];
    const taken = files.slice(0, mostOfSide);
    this.#reading += taken.length;
    for (const file of taken) {
      try {
        parts.push({ upload: await this.#upload(file) });
      } catch (error) {
        this.#studio.notices.fail(error);
      }
      this.#reading--;
    }
    return parts;
  }

  async #upload(file: File): Promise<number> {
    if (file.size > uploadLimit) throw new AppError('bad-input', words.tooLarge(file.name), words.tooLargeHint);
    const bytes = new Uint8Array(await file.arrayBuffer());
    const { upload, width, height } = await this.#studio.client.call('explore.upload', { name: file.name.slice(0, 1000), bytes });
    // Small: thirty-two photographs in full would be gigabytes.
    const bitmap = await createImageBitmap(file, { resizeHeight: bitmapHeight, resizeQuality: 'high' }).catch(() => undefined);
    this.#studio.explore.keep(upload, { name: file.name, width, height, bitmap });
    return upload;
  }
}

// What is known of the pictures that are looked for: their names and labels.
import type { NeighbourRow, QueryImage } from '../../../shared/contract/contract-explore.ts';
import type { GridImage } from '../../../shared/contract/contract-library.ts';
import { explore as words } from '../../strings/explore.ts';
import type { Studio } from '../studio.svelte.ts';
import type { Query } from './explore-query.ts';

type Named = Pick<GridImage, 'path' | 'label'>;

export class KnownPictures {
  readonly #studio: Pick<Studio, 'ask' | 'explore'>;
  /** Of the library, by their numbers. */
  #images = $state.raw<ReadonlyMap<number, Named>>(new Map());
  readonly #wanted = new Set<number>();

  constructor(studio: Pick<Studio, 'ask' | 'explore'>) {
    this.#studio = studio;
  }

  /** The path in the library, or the name from outside; its number where that is not known. */
  readonly nameOf = (part: QueryImage): string =>
    'image' in part
      ? (this.#images.get(part.image)?.path ?? words.imageNumber(part.image))
      : (this.#studio.explore.uploads.get(part.upload)?.name ?? words.unnamed(part.upload));

  readonly labelOf = (part: QueryImage): string | undefined =>
    'image' in part ? (this.#images.get(part.image)?.label ?? undefined) : words.outside;

  /** What a result says of a picture stays when it becomes the query; the engine is asked only about others, once. */
  learn({ plus, minus }: Query, results: readonly NeighbourRow[]): void {
    for (const part of [...plus, ...minus]) {
      if (!('image' in part) || this.#images.has(part.image) || this.#wanted.has(part.image)) continue;
      const found = results.find(({ image }) => image === part.image);
      if (found) this.#keep(part.image, found);
      else void this.#ask(part.image);
    }
  }

  #keep(image: number, named: Named): void {
    this.#images = new Map([...this.#images, [image, named]]);
  }

  /** Once: a picture that is no more is not asked for again and again. */
  async #ask(image: number): Promise<void> {
    this.#wanted.add(image);
    const details = await this.#studio.ask('library.details', { image });
    if (details) this.#keep(image, details);
  }
}

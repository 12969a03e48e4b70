// The rows of a list: what a filter shows of a folder, a page of it at a time, or why there is nothing to show. Rows that are out of date
// are shown until the new ones are there.
import type { GridImage, ImageFilter } from '../../../shared/contract/contract-library.ts';
import { fromWire, toWire } from '../../../shared/errors.ts';
import type { AppError } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';
import { PageCache } from './page-cache.ts';

interface Listed {
  readonly folder: number;
  readonly filter: ImageFilter;
}

export class LibraryRows {
  readonly #studio: Pick<Studio, 'client' | 'ask' | 'notices'>;
  readonly #onChange: () => void;
  #listed: Listed | undefined;
  #pages: PageCache<GridImage> | undefined;
  /** Counts changes of rows: what reads rows depends on it. */
  #round = $state.raw(0);
  #error = $state.raw<AppError | undefined>(undefined);
  /** Why something beside the list is not known, until the list is there. */
  #unsaid: unknown;
  #ids: Promise<Int32Array | undefined> | undefined;

  /** `onChange`: rows came that were not there, or others in their place. */
  constructor(studio: Pick<Studio, 'client' | 'ask' | 'notices'>, onChange: () => void) {
    this.#studio = studio;
    this.#onChange = onChange;
  }

  /** Images that the filter shows, `undefined` until that is known. */
  get total(): number | undefined {
    return this.#round >= 0 ? this.#pages?.total : undefined;
  }
  /** Why there are no rows at all. */
  get error(): AppError | undefined {
    return this.#error;
  }
  at(index: number): GridImage | undefined {
    return this.#round >= 0 ? this.#pages?.row(index) : undefined;
  }

  /** Begins another list; without a folder there is none. */
  begin(folder: number | undefined, filter: ImageFilter): void {
    this.#pages?.dispose();
    this.#pages = undefined;
    this.#ids = undefined;
    this.#error = undefined;
    this.#unsaid = undefined;
    this.#round++;
    this.#listed = folder === undefined ? undefined : { folder, filter };
    if (!this.#listed) return;
    this.#pages = this.#pagesOf(this.#listed);
    this.#pages.show(0, 0);
  }

  #pagesOf(listed: Listed): PageCache<GridImage> {
    const { client, notices } = this.#studio;
    const pages = new PageCache<GridImage>(
      (offset, limit, signal) => client.call('library.page', { ...listed, offset, limit }, { signal }),
      {
        onChange: () => {
          this.#error = undefined;
          if (this.#unsaid !== undefined) notices.fail(this.#unsaid);
          this.#unsaid = undefined;
          this.#round++;
          this.#onChange();
        },
        onError: (error) => {
          // Rows that are there stay; without any, the reason stands in their place.
          if (pages.total === undefined) this.#error = fromWire(toWire(error));
          else notices.fail(error);
        },
      },
    );
    return pages;
  }

  /** Rows `first` … `last` are in sight. */
  show(first: number, last: number): void {
    this.#pages?.show(first, last);
  }

  /** All rows may have changed. */
  renew(): void {
    this.#ids = undefined;
    this.#pages?.renew();
  }

  /** Asks again for rows that could not be had. */
  retry(): void {
    this.#error = undefined;
    this.renew();
  }

  /** Tags of images changed: there are other rows only where the list is that of a tag. */
  tagged(): void {
    this.#ids = undefined;
    if (this.#listed?.filter.tag !== undefined) this.#pages?.renew();
  }

  /** Of what stands beside the list: said once the list is there; when that fails too, the reason stands in its place. */
  failBeside(error: unknown): void {
    if (this.#pages?.total === undefined) this.#unsaid = error;
    else this.#studio.notices.fail(error);
  }

  /** Ids of the rows `from` … `to`: those at hand, else from the engine; `undefined` where that failed, which was said. */
  async idsOf(from: number, to: number): Promise<readonly number[] | Int32Array | undefined> {
    const known: number[] = [];
    for (let index = from; index <= to && known.length === index - from; index++) {
      const row = this.#pages?.row(index);
      if (row) known.push(row.id);
    }
    if (known.length === to - from + 1) return known;
    return (await this.allIds())?.subarray(from, to + 1);
  }

  /** Ids of all rows, asked for once. */
  allIds(): Promise<Int32Array | undefined> {
    if (!this.#listed) return Promise.resolve(undefined);
    this.#ids ??= this.#studio.ask('library.ids', this.#listed).then((answer) => {
      if (!answer) this.#ids = undefined;
      return answer?.ids;
    });
    return this.#ids;
  }

  /** The row of an image: −1 where the filter hides it, `undefined` where that is not known. */
  async positionOf(image: number): Promise<number | undefined> {
    return this.#listed && (await this.#studio.ask('library.position', { ...this.#listed, image }))?.index;
  }
}

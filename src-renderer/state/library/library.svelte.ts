// The library of one folder: what is filtered, which rows are there, where the keys are, what is selected.
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { Facets, FolderChanges, FolderSummary, GridImage, ImageFilter } from '../../../shared/contract/contract-library.ts';
import { endedBetween } from '../../../shared/contract/job-ends.ts';
import { readingOf } from '../../../shared/contract/reading-jobs.ts';
import { fromWire, toWire } from '../../../shared/errors.ts';
import type { AppError } from '../../../shared/errors.ts';
import { renewEvery } from '../reading.ts';
import type { Studio } from '../studio.svelte.ts';
import { GridPictures } from './grid-pictures.ts';
import { LibraryChanges } from './library-changes.svelte.ts';
import { LibraryDetails } from './library-details.svelte.ts';
import { partsOf, toggled, without } from './library-filter.ts';
import type { FilterKey, FilterPart } from './library-filter.ts';
import { LibraryLayout } from './library-layout.svelte.ts';
import { PageCache } from './page-cache.ts';

const searchDelay = 250;

export interface SelectHow {
  /** From the anchor to here. */
  readonly range: boolean;
  /** Beside what is selected. */
  readonly add: boolean;
}

export class Library {
  readonly details: LibraryDetails;
  readonly pictures: GridPictures;
  readonly #changes: LibraryChanges;
  readonly layout = new LibraryLayout(() => this.#lookAtActive());
  readonly #studio: Studio;
  #folder: number | undefined;
  #pages: PageCache<GridImage> | undefined;
  #filter = $state.raw<ImageFilter>({});
  #search = $state.raw('');
  #searchTimer: ReturnType<typeof setTimeout> | undefined;
  /** Counts changes of rows: what reads rows depends on it. */
  #round = $state.raw(0);
  #facets = $state.raw<Facets | undefined>(undefined);
  /** Why something beside the list is not known, until the list is there. */
  #unsaid: unknown;
  #error = $state.raw<AppError | undefined>(undefined);
  #active = $state.raw(0);
  #anchor = 0;
  #preview = $state.raw(false);
  #ids: Promise<Int32Array | undefined> | undefined;
  #selecting = 0;
  #renewedAt = 0;
  #jobs: readonly JobStatus[] | undefined;
  /** What the view was opened for; nothing while there is no view, or no engine. */
  #attended: string | undefined;
  /** Kept while other views are shown. */
  scrollTop = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.details = new LibraryDetails(studio);
    this.#changes = new LibraryChanges(studio.client, (error) => this.#failBeside(error));
    this.pictures = new GridPictures(studio.client, (error) => studio.notices.fail(error));
  }

  get filter(): ImageFilter {
    return this.#filter;
  }
  get parts(): readonly FilterPart[] {
    return partsOf(this.#filter);
  }
  /** What is typed in the search field, ahead of the filter by a moment. */
  get search(): string {
    return this.#search;
  }
  get facets(): Facets | undefined {
    return this.#facets;
  }
  get changes(): FolderChanges | undefined {
    return this.#changes.found;
  }
  /** Images that the filter shows, `undefined` until that is known. */
  get total(): number | undefined {
    return this.#round >= 0 ? this.#pages?.total : undefined;
  }
  /** Why there are no rows at all. */
  get error(): AppError | undefined {
    return this.#error;
  }
  row(index: number): GridImage | undefined {
    return this.#round >= 0 ? this.#pages?.row(index) : undefined;
  }
  /** Where the keys are. */
  get active(): number {
    return Math.min(this.#active, Math.max(0, (this.total ?? 1) - 1));
  }
  get activeImage(): GridImage | undefined {
    return this.row(this.active);
  }
  get previewing(): boolean {
    return this.#preview;
  }

  /**
   * Opens the folder of all views when the view begins, the engine is back, or another folder is chosen or this one is there again. Lists
   * of folders, which come every moment while one of them is read, are no reason to.
   */
  attend(isReady: boolean, folder: FolderSummary | undefined): void {
    const attended = isReady ? `${folder?.id} ${folder?.exists}` : undefined;
    if (attended === this.#attended) return;
    this.#attended = attended;
    if (isReady) this.open(folder);
  }

  /** The view is left: what it shows when it begins again is brought up to date then. */
  leave(): void {
    this.#attended = undefined;
    this.#changes.giveUp();
  }

  /** Shows a folder. The folder that is shown already is brought up to date. */
  open(folder: FolderSummary | undefined): void {
    this.#renewedAt = Date.now();
    this.#changes.giveUp();
    if (folder?.id !== this.#folder) {
      this.#folder = folder?.id;
      clearTimeout(this.#searchTimer);
      this.#filter = {};
      this.#search = '';
      this.#facets = undefined;
      this.#changes.forget();
      this.#preview = false;
      this.#startList();
    } else {
      this.#ids = undefined;
      this.pictures.renew();
      this.#pages?.renew();
    }
    if (!folder) return;
    void this.#lookAtFacets();
    if (folder.exists) this.#lookForChanges();
  }

  retry(): void {
    this.#error = undefined;
    this.#renew();
  }

  #startList(): void {
    this.#pages?.dispose();
    this.#pages = undefined;
    // What was still being selected was of another list.
    this.#selecting++;
    this.#ids = undefined;
    this.#active = 0;
    this.#anchor = 0;
    this.#error = undefined;
    this.#unsaid = undefined;
    this.scrollTop = 0;
    this.#round++;
    const folder = this.#folder;
    if (folder === undefined) return;
    const filter = this.#filter;
    const pages = new PageCache<GridImage>(
      (offset, limit, signal) => this.#studio.client.call('library.page', { folder, filter, offset, limit }, { signal }),
      {
        onChange: () => {
          this.#error = undefined;
          if (this.#unsaid !== undefined) this.#studio.notices.fail(this.#unsaid);
          this.#unsaid = undefined;
          this.#round++;
          this.#lookAtActive();
        },
        onError: (error) => {
          // Rows that are there stay; without any, the reason stands in their place.
          if (pages.total === undefined) this.#error = fromWire(toWire(error));
          else this.#studio.notices.fail(error);
        },
      },
    );
    this.#pages = pages;
    pages.show(0, 0);
  }

  /** Of what stands beside the list: said once the list is there; when that fails too, the reason stands in its place. */
  #failBeside(error: unknown): void {
    if (this.#pages?.total === undefined) this.#unsaid = error;
    else this.#studio.notices.fail(error);
  }

  async #lookAtFacets(): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    try {
      const facets = await this.#studio.client.call('library.facets', { folder });
      if (folder === this.#folder) this.#facets = facets;
    } catch (error) {
      this.#failBeside(error);
    }
  }

  #lookForChanges(): void {
    if (this.#folder !== undefined && !this.#isReading()) void this.#changes.look(this.#folder);
  }

  /** Rows in sight, from the grid. */
  show(first: number, last: number): void {
    this.#pages?.show(first, last);
  }

  /** Whether a scan of the folder goes on. */
  #isReading(): boolean {
    return readingOf(this.#folder, this.#jobs ?? []) !== undefined;
  }

  /** Follows scans of the folder: rows as they come in. Everything is looked at when any work on it ended, for most begins with a scan. */
  follow(jobs: readonly JobStatus[]): void {
    const ended = endedBetween(this.#jobs ?? [], jobs, this.#jobs === undefined);
    this.#jobs = jobs;
    const folder = this.#folder;
    if (folder === undefined) return;
    if (this.#isReading()) {
      this.#changes.forget();
      const now = Date.now();
      if (now - this.#renewedAt < renewEvery) return;
      this.#renewedAt = now;
      this.#renew();
    } else if (ended.some((job) => job.folder === folder)) {
      this.pictures.renew();
      this.#renew();
      this.details.renew();
      this.#lookForChanges();
    }
  }

  #renew(): void {
    this.#ids = undefined;
    this.#pages?.renew();
    void this.#lookAtFacets();
  }

  setFilter(filter: ImageFilter): void {
    clearTimeout(this.#searchTimer);
    this.#filter = filter;
    this.#search = filter.search ?? '';
    this.#startList();
  }
  toggle<K extends FilterKey>(key: K, value: NonNullable<ImageFilter[K]> | null): void {
    this.setFilter(toggled(this.#filter, key, value));
  }
  take(key: FilterKey): void {
    this.setFilter(without(this.#filter, key));
  }
  /** Searches when the typing rests. */
  type(text: string): void {
    this.#search = text;
    clearTimeout(this.#searchTimer);
    this.#searchTimer = setTimeout(() => {
      const rest = without(this.#filter, 'search');
      const wanted = text.trim();
      if (wanted === (this.#filter.search ?? '')) return;
      this.setFilter(wanted ? { ...rest, search: wanted } : rest);
      this.#search = text;
    }, searchDelay);
  }

  setPreview(open: boolean): void {
    this.#preview = open && this.activeImage !== undefined;
  }

  #lookAtActive(): void {
    if (this.layout.panel) this.details.look(this.activeImage?.id);
  }

  /** Puts the keys on an image and selects it, or a range up to it. */
  async go(index: number, how: SelectHow): Promise<void> {
    const own = ++this.#selecting;
    this.#active = index;
    this.#lookAtActive();
    const { selection } = this.#studio;
    const image = this.row(index)?.id;
    if (!how.range) {
      this.#anchor = index;
      if (image === undefined) return;
      if (how.add) selection.toggle(image);
      else selection.only(image);
      return;
    }
    const [from, to] = [Math.min(this.#anchor, index), Math.max(this.#anchor, index)];
    const ids = await this.#idsOf(from, to);
    if (!ids || own !== this.#selecting) return;
    selection.set(how.add ? [...selection.images, ...ids] : ids);
  }

  /** Moves the keys without selecting: Ctrl with an arrow, the preview. */
  moveTo(index: number): void {
    this.#active = Math.min(Math.max(0, index), Math.max(0, (this.total ?? 1) - 1));
    this.#lookAtActive();
  }

  /** Puts the keys on the image that a menu is opened on, which is selected unless it is among those that are. */
  point(index: number): void {
    const image = this.row(index)?.id;
    if (image !== undefined && this.#studio.selection.has(image)) this.moveTo(index);
    else void this.go(index, { range: false, add: false });
  }

  /** Ids of the rows `from` … `to`: those at hand, else from the engine. */
  async #idsOf(from: number, to: number): Promise<readonly number[] | Int32Array | undefined> {
    const known: number[] = [];
    for (let index = from; index <= to && known.length === index - from; index++) {
      const row = this.#pages?.row(index);
      if (row) known.push(row.id);
    }
    if (known.length === to - from + 1) return known;
    return (await this.#allIds())?.subarray(from, to + 1);
  }

  #allIds(): Promise<Int32Array | undefined> {
    const folder = this.#folder;
    if (folder === undefined) return Promise.resolve(undefined);
    this.#ids ??= this.#studio.ask('library.ids', { folder, filter: this.#filter }).then((answer) => {
      if (!answer) this.#ids = undefined;
      return answer?.ids;
    });
    return this.#ids;
  }

  /** Everything that the filter shows. */
  async selectAll(): Promise<void> {
    const own = ++this.#selecting;
    const ids = await this.#allIds();
    if (ids && own === this.#selecting) this.#studio.selection.set(ids);
  }

  /** Puts the keys on an image by its number; filters that hide it are taken away. */
  async find(image: number): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    let found = await this.#studio.ask('library.position', { folder, filter: this.#filter, image });
    if (found?.index === -1 && this.parts.length > 0) {
      this.setFilter({});
      found = await this.#studio.ask('library.position', { folder, filter: {}, image });
    }
    if (!found || found.index < 0 || folder !== this.#folder) return;
    this.#active = found.index;
    this.#anchor = found.index;
    this.scrollTop = 0;
    this.#studio.selection.only(image);
    this.#lookAtActive();
  }

  /** Gives or takes a tag; how many images that changed, `undefined` when it failed. */
  async tag(images: readonly number[], name: string, on: boolean): Promise<number | undefined> {
    const done = await this.#studio.ask('library.tag', { images: Int32Array.from(images), name, on });
    if (!done) return undefined;
    void this.#lookAtFacets();
    this.details.renew();
    this.#ids = undefined;
    if (this.#filter.tag !== undefined) this.#pages?.renew();
    return done.images;
  }
}

const libraries = new WeakMap<Studio, Library>();

/** The library of a page: filters, selection and place stay while other views are looked at. */
export function libraryOf(studio: Studio): Library {
  const library = libraries.get(studio) ?? new Library(studio);
  libraries.set(studio, library);
  return library;
}

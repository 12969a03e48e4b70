// The library of one folder, put together: the filter says which rows are listed, the keys walk and select them, and what stands beside the
// list follows both. What happens to all of them at once is here: another folder, a scan that goes on, a tag, an image that is looked up.
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { Facets, FolderChanges, FolderSummary } from '../../../shared/contract/contract-library.ts';
import { endedBetween } from '../../../shared/contract/job-ends.ts';
import { readingOf } from '../../../shared/contract/reading-jobs.ts';
import { renewEvery } from '../reading.ts';
import type { Studio } from '../studio.svelte.ts';
import { ChosenFilter } from './chosen-filter.svelte.ts';
import { GridPictures } from './grid-pictures.ts';
import { LibraryChanges } from './library-changes.svelte.ts';
import { LibraryDetails } from './library-details.svelte.ts';
import { LibraryKeys } from './library-keys.svelte.ts';
import { LibraryLayout } from './library-layout.svelte.ts';
import { LibraryRows } from './library-rows.svelte.ts';

export class Library {
  readonly filter = new ChosenFilter(() => this.#startList());
  readonly rows: LibraryRows;
  readonly keys: LibraryKeys;
  readonly details: LibraryDetails;
  readonly pictures: GridPictures;
  readonly layout = new LibraryLayout(() => this.#lookAtActive());
  readonly #changes: LibraryChanges;
  readonly #studio: Studio;
  #folder: number | undefined;
  #facets = $state.raw<Facets | undefined>(undefined);
  #preview = $state.raw(false);
  #renewedAt = 0;
  #jobs: readonly JobStatus[] | undefined;
  /** What the view was opened for; nothing while there is no view, or no engine. */
  #attended: string | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.rows = new LibraryRows(studio, () => this.#lookAtActive());
    this.keys = new LibraryKeys(this.rows, studio.selection, () => this.#lookAtActive());
    this.details = new LibraryDetails(studio);
    this.pictures = new GridPictures(studio.client, (error) => studio.notices.fail(error));
    this.#changes = new LibraryChanges(studio.client, (error) => this.rows.failBeside(error));
  }

  /** What there is to filter by. */
  get facets(): Facets | undefined {
    return this.#facets;
  }
  get changes(): FolderChanges | undefined {
    return this.#changes.found;
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
      this.filter.forget();
      this.#facets = undefined;
      this.#changes.forget();
      this.#preview = false;
      this.#startList();
    } else {
      this.pictures.renew();
      this.rows.renew();
    }
    if (!folder) return;
    void this.#lookAtFacets();
    if (folder.exists) this.#lookForChanges();
  }

  retry(): void {
    this.rows.retry();
    void this.#lookAtFacets();
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

  /** Previews the image that the keys are on. */
  setPreview(open: boolean): void {
    this.#preview = open && this.keys.image !== undefined;
  }

  /** Puts the keys on an image by its number; filters that hide it are taken away. */
  async find(image: number): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    let filter = this.filter.value;
    // Another folder or filter may be chosen while the engine answers: then nobody looks for it here any more.
    const isLeft = (): boolean => folder !== this.#folder || filter !== this.filter.value;
    let index = await this.rows.positionOf(image);
    if (isLeft()) return;
    if (index === -1 && this.filter.parts.length > 0) {
      this.filter.set({});
      filter = this.filter.value;
      index = await this.rows.positionOf(image);
    }
    if (index === undefined || index < 0 || isLeft()) return;
    this.keys.put(index, image);
  }

  /** Gives or takes a tag; how many images that changed, `undefined` when it failed. */
  async tag(images: readonly number[], name: string, on: boolean): Promise<number | undefined> {
    const done = await this.#studio.ask('library.tag', { images: Int32Array.from(images), name, on });
    if (!done) return undefined;
    void this.#lookAtFacets();
    this.details.renew();
    this.rows.tagged();
    return done.images;
  }

  #startList(): void {
    this.keys.begin();
    this.rows.begin(this.#folder, this.filter.value);
  }

  #renew(): void {
    this.rows.renew();
    void this.#lookAtFacets();
  }

  #lookAtActive(): void {
    if (this.layout.panel) this.details.look(this.keys.image?.id);
  }

  async #lookAtFacets(): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    try {
      const facets = await this.#studio.client.call('library.facets', { folder });
      if (folder === this.#folder) this.#facets = facets;
    } catch (error) {
      this.rows.failBeside(error);
    }
  }

  #lookForChanges(): void {
    if (this.#folder !== undefined && !this.#isReading()) void this.#changes.look(this.#folder);
  }

  /** Whether a scan of the folder goes on. */
  #isReading(): boolean {
    return readingOf(this.#folder, this.#jobs ?? []) !== undefined;
  }
}

const libraries = new WeakMap<Studio, Library>();

/** The library of a page: filters, selection and place stay while other views are looked at. */
export function libraryOf(studio: Studio): Library {
  const library = libraries.get(studio) ?? new Library(studio);
  libraries.set(studio, library);
  return library;
}

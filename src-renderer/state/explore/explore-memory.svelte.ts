// What Explore remembers while other views are shown: how to search, pictures from outside, and the queries before this one.
import type { Space } from '../../../shared/contract/contract-values.ts';
import { addressOf, emptyQuery, isEmpty } from './explore-query.ts';
import type { Query } from './explore-query.ts';
import type { SourceKey } from './explore-sources.ts';

export interface SearchSettings {
  readonly space: Space;
  /** Results shown at most. */
  readonly most: number;
  /** Results less alike are not shown; 0 shows all. */
  readonly least: number;
  readonly hideCopies: boolean;
  /** What is this like one above it is a copy of it, in each space: as vectors are, images that share nothing but the folder score high. */
  readonly copyAbove: Readonly<Record<Space, number>>;
  /** Two sets of vectors side by side. */
  readonly compare: boolean;
  /** As chosen, for each column. */
  readonly sources: readonly [SourceKey | undefined, SourceKey | undefined];
}

/** A picture from outside, as the page knows it. The engine keeps it until it ends. */
export interface Upload {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** None where the browser cannot show its format. */
  readonly bitmap: ImageBitmap | undefined;
}

/** Pictures of one folder are no query in another. */
interface FolderQuery {
  readonly folder: number;
  readonly query: Query;
}

const isSame = (one: FolderQuery, other: FolderQuery): boolean =>
  one.folder === other.folder && JSON.stringify(addressOf(one.query)) === JSON.stringify(addressOf(other.query));

const mostPast = 100;
/** More than the engine keeps. */
const mostUploads = 64;

export class ExploreMemory {
  #settings = $state.raw<SearchSettings>({
    space: 'whitened',
    most: 60,
    least: 0,
    hideCopies: false,
    copyAbove: { raw: 1, centred: 0.98, whitened: 0.98 },
    compare: false,
    sources: [undefined, undefined],
  });
  #uploads = $state.raw<ReadonlyMap<number, Upload>>(new Map());
  #past = $state.raw<readonly FolderQuery[]>([]);
  #shown = $state.raw<FolderQuery>();

  get settings(): SearchSettings {
    return this.#settings;
  }
  get uploads(): ReadonlyMap<number, Upload> {
    return this.#uploads;
  }
  /** The queries before in a folder, the last one at the end. */
  pastIn(folder: number | undefined): readonly Query[] {
    return this.#past.filter((one) => one.folder === folder).map(({ query }) => query);
  }

  /** What was looked for when Explore was last shown, if that was in this folder: who comes back goes on there. */
  lastIn(folder: number | undefined): Query {
    return this.#shown !== undefined && this.#shown.folder === folder ? this.#shown.query : emptyQuery;
  }
  /** What is looked for now; what was looked for before can be gone back to. */
  show(folder: number, query: Query): void {
    const [before, now] = [this.#shown, { folder, query }];
    if (before && isSame(before, now)) return;
    if (before && !isEmpty(before.query)) this.#past = [...this.#past, before].slice(-mostPast);
    this.#shown = now;
  }

  /** Forgets what was looked for in a folder that is no longer in the library: another one may get its number. */
  forget(folder: number): void {
    this.#past = this.#past.filter((one) => one.folder !== folder);
    if (this.#shown?.folder === folder) this.#shown = undefined;
  }

  set(settings: Partial<SearchSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  keep(upload: number, picture: Upload): void {
    const all = [...this.#uploads, [upload, picture] as const];
    for (const [, old] of all.slice(0, -mostUploads)) old.bitmap?.close();
    this.#uploads = new Map(all.slice(-mostUploads));
  }

  /** The query before in a folder, which is then no longer past but what is looked for. */
  back(folder: number): Query | undefined {
    const last = this.#past.findLast((one) => one.folder === folder);
    if (!last) return undefined;
    this.#past = this.#past.filter((one) => one !== last);
    // Going back is no query that can be gone back to.
    this.#shown = last;
    return last.query;
  }
}

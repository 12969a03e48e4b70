// What Explore remembers while other views are shown: how to search, pictures from outside, and the queries before this one.
import type { Space } from '../../../shared/contract-values.ts';
import type { SourceKey } from './explore-sources.ts';
import { emptyQuery } from './explore-query.ts';
import type { Query } from './explore-query.ts';

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
  #past = $state.raw<readonly Query[]>([]);
  #shown = $state.raw<{ readonly folder: number; readonly query: Query }>();

  get settings(): SearchSettings {
    return this.#settings;
  }
  get uploads(): ReadonlyMap<number, Upload> {
    return this.#uploads;
  }
  /** The queries before, the last one at the end. */
  get past(): readonly Query[] {
    return this.#past;
  }

  /** What was looked for when Explore was last shown, if that was in this folder: who comes back goes on there. */
  lastIn(folder: number | undefined): Query {
    return this.#shown !== undefined && this.#shown.folder === folder ? this.#shown.query : emptyQuery;
  }
  show(folder: number, query: Query): void {
    this.#shown = { folder, query };
  }

  set(settings: Partial<SearchSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  keep(upload: number, picture: Upload): void {
    const all = [...this.#uploads, [upload, picture] as const];
    for (const [, old] of all.slice(0, -mostUploads)) old.bitmap?.close();
    this.#uploads = new Map(all.slice(-mostUploads));
  }

  leave(query: Query): void {
    this.#past = [...this.#past, query].slice(-mostPast);
  }

  /** The query before, which is then no longer past. */
  pop(): Query | undefined {
    const query = this.#past.at(-1);
    this.#past = this.#past.slice(0, -1);
    return query;
  }
}

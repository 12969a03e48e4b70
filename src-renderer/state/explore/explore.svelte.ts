// Explore: what is looked for, in which vectors, and what was found.
import { untrack } from 'svelte';
import type { EmbeddingSource, NeighbourRow, QueryImage } from '../../../shared/contract/contract-explore.ts';
import type { FolderSummary, GridImage } from '../../../shared/contract/contract-library.ts';
import { isLive } from '../../../shared/contract/job-ends.ts';
import { explore as words } from '../../strings/explore.ts';
import type { About } from '../route.svelte.ts';
import type { Studio } from '../studio.svelte.ts';
import { SearchColumn } from './explore-column.svelte.ts';
import type { SearchInput } from './explore-column.svelte.ts';
import type { SearchSettings } from './explore-memory.svelte.ts';
import { addressOf, emptyQuery, folderOf, mostOfSide, parseQuery, withParts, without } from './explore-query.ts';
import type { Query, Side } from './explore-query.ts';
import { pickOther, pickSource } from './explore-sources.ts';
import type { SourceKey } from './explore-sources.ts';
import { KnownPictures } from './known-pictures.svelte.ts';
import { OutsidePictures } from './outside-pictures.svelte.ts';

/** Results are asked for in these numbers, so that moving the slider asks seldom. */
const asked = [60, 150, 300] as const;
export const mostResults = 300;
const samples = 16;

export type ColumnIndex = 0 | 1;

export class ExploreState {
  readonly #studio: Studio;
  readonly columns: readonly [SearchColumn, SearchColumn];
  readonly pictures: KnownPictures;
  readonly #outside: OutsidePictures;
  #sources = $state.raw<readonly EmbeddingSource[] | undefined>(undefined);
  #problem = $state.raw<unknown>(undefined);
  #samples = $state.raw<readonly GridImage[]>([]);
  #followed = '';
  #folder: number | undefined;
  /** The run and the folder that the address last asked for. */
  #addressed: { readonly run: string | undefined; readonly folder: number | undefined } = { run: undefined, folder: undefined };
  #disposed = false;
  readonly #query = $derived.by(() => (this.isElsewhere ? emptyQuery : parseQuery(this.#about)));

  constructor(studio: Studio) {
    this.#studio = studio;
    this.columns = [new SearchColumn(studio.client), new SearchColumn(studio.client)];
    this.pictures = new KnownPictures(studio);
    this.#outside = new OutsidePictures(studio);
  }

  get #about(): About {
    return this.#studio.router.aboutOf('explore');
  }
  get query(): Query {
    return this.#query;
  }
  /** The address is about pictures of another folder than the one that is shown. */
  get isElsewhere(): boolean {
    const named = folderOf(this.#about);
    return named !== undefined && this.#studio.folder !== undefined && named !== this.#studio.folder.id;
  }
  /** That folder is no longer in the library; else it is about to be shown, or to leave the address, once the engine is there. */
  get isGone(): boolean {
    const { folders } = this.#studio;
    const named = folderOf(this.#about);
    return this.isElsewhere && folders !== undefined && folders.every(({ id }) => id !== named);
  }
  /** The run that the address asks for, as long as it has no vectors of the folder and no others were chosen since. */
  get lacking(): string | undefined {
    const { run } = this.#about;
    const [chosen] = this.settings.sources;
    if (run === undefined || !this.#sources || (chosen && chosen.run !== run)) return undefined;
    return this.#sources.some((one) => one.run === run) ? undefined : run;
  }
  get settings(): SearchSettings {
    return this.#studio.explore.settings;
  }
  /** `undefined` until they are known. */
  get sources(): readonly EmbeddingSource[] | undefined {
    return this.#sources;
  }
  /** Why the sources are not known. */
  get problem(): unknown {
    return this.#problem;
  }
  /** Pictures on their way to the engine. */
  get uploading(): number {
    return this.#outside.reading;
  }
  /** Some pictures of the folder to begin with. */
  get samples(): readonly GridImage[] {
    return this.#samples;
  }
  get canGoBack(): boolean {
    return this.#studio.explore.pastIn(this.#studio.folder?.id).length > 0;
  }

  /** Whose vectors a column looks through; of no others than were asked for. */
  source(column: ColumnIndex): EmbeddingSource | undefined {
    const [chosen, other] = this.settings.sources;
    if (this.lacking !== undefined) return undefined;
    const first = this.#sources && pickSource(this.#sources, chosen, this.#about['run']);
    return column === 0 || !first || !this.#sources ? first : pickOther(this.#sources, first, other);
  }

  /** What a column shows: as many as wanted, as alike as wanted. */
  shown(column: ColumnIndex): readonly NeighbourRow[] {
    const { most, least } = this.settings;
    const rows = this.columns[column].result?.neighbours ?? [];
    return rows.slice(0, most).filter(({ score }) => least === 0 || score >= least);
  }

  set(settings: Partial<SearchSettings>): void {
    this.#studio.explore.set(settings);
  }

  choose(column: ColumnIndex, source: SourceKey): void {
    const [first, second] = this.settings.sources;
    this.set({ sources: column === 0 ? [source, second] : [first, source] });
    // Obeyed, it leaves the address: who comes back finds what was chosen since.
    const { run, ...about } = this.#about;
    if (column === 0 && run !== undefined && run === this.#addressed.run && run !== source.run)
      this.#studio.router.replace('explore', about);
  }

  /** Looks for something else; what was looked for before can be gone back to. */
  look(query: Query): void {
    const { run } = this.#about;
    this.#studio.router.go('explore', { ...addressOf(query, this.#studio.folder?.id), ...(run !== undefined && { run }) });
    // The engine looks while the page draws the query.
    this.follow();
  }
  add(parts: readonly QueryImage[], side: Side): void {
    this.look(this.#together(this.#query, parts, side));
  }
  remove(part: QueryImage): void {
    this.look(without(this.#query, part));
  }
  clear(): void {
    this.look(emptyQuery);
  }
  back(): void {
    const { explore, folder } = this.#studio;
    const query = folder && explore.back(folder.id);
    if (query) this.look(query);
  }

  /** Hands pictures from outside to the engine and looks for what is like them, instead of the query or beside it. Errors are said one by one. */
  async upload(files: readonly File[], how: 'instead' | 'beside' = 'instead'): Promise<void> {
    const parts = await this.#outside.read(files);
    if (parts.length > 0) this.#arrived(parts, how);
  }

  /** Looks for pictures from outside. Who has gone on to another view meanwhile stays there and finds them when coming back. */
  #arrived(parts: readonly QueryImage[], how: 'instead' | 'beside'): void {
    const { router, folder, explore, notices } = this.#studio;
    const query = (before: Query): Query => (how === 'beside' ? this.#together(before, parts, 'plus') : { plus: parts, minus: [] });
    if (router.view === 'explore') return this.look(query(this.#query));
    if (!folder) return;
    explore.show(folder.id, query(explore.lastIn(folder.id)));
    notices.say(words.arrived(parts.length), words.arrivedHint);
  }

  /** Says which do not fit any more. */
  #together(query: Query, parts: readonly QueryImage[], side: Side): Query {
    if (query[side].length + parts.length > mostOfSide) this.#studio.notices.say(words.limit(mostOfSide));
    return withParts(query, parts, side);
  }

  /** Asks for all that is to be shown now and was not asked for yet: the view calls it whenever something changes. */
  follow(): void {
    if (this.#studio.router.view !== 'explore') return;
    untrack(() => this.#obeyAddress());
    const { engine, folder, jobs, dropped } = this.#studio;
    const query = this.#query;
    const inputs = [this.#input(0), this.#input(1)] as const;
    const vectors = [this.#vectors(0), this.#vectors(1)] as const;
    const embedded = jobs.filter((job) => job.kind === 'embed' && !isLive(job)).map(({ id }) => id);
    const runs = this.#studio.runs?.map(({ name }) => name);
    const files = dropped.files;
    untrack(() => {
      // A picture may still arrive when Explore was left and opened again: what it changes is the address, which that one follows.
      if (this.#disposed) return;
      if (engine !== 'ready') {
        // What the engine kept is lost with it: everything is asked again when it is back.
        for (const column of this.columns) column.stop();
        this.#followed = '';
        return;
      }
      if (files.length > 0) void this.upload(dropped.take());
      // Without the query of another folder all of this was followed once more.
      if (folder && folder.id !== this.#folder && this.#begin(folder)) return;
      const followed = JSON.stringify([folder?.id, folder?.scannedAt, embedded, runs]);
      if (folder && followed !== this.#followed) void this.#loadSources(folder.id, followed);
      if (folder) this.#studio.explore.show(folder.id, query);
      this.pictures.learn(
        query,
        this.columns.flatMap(({ result }) => result?.neighbours ?? []),
      );
      this.columns[0].follow(inputs[0], vectors[0]);
      this.columns[1].follow(inputs[1], vectors[1]);
    });
  }

  dispose(): void {
    this.#disposed = true;
    for (const column of this.columns) column.stop();
  }

  retry(): void {
    this.#followed = '';
    this.#problem = undefined;
    this.follow();
  }

  #input(column: ColumnIndex): SearchInput | undefined {
    const { space, most, hideCopies, copyAbove, compare } = this.settings;
    const folder = this.#studio.folder;
    const source = this.source(column);
    const { plus, minus } = this.#query;
    if (!folder || !source || plus.length === 0 || (column === 1 && !compare)) return undefined;
    const { run, step, layer } = source;
    return {
      folder: folder.id,
      run,
      step,
      layer,
      space,
      plus: [...plus],
      minus: [...minus],
      k: asked.find((one) => one >= most) ?? mostResults,
      ...(hideCopies && { hideAbove: copyAbove[space] }),
    };
  }

  /** What is found, and what cannot be looked for, changes with the images that have vectors. */
  #vectors(column: ColumnIndex): string {
    const { embedded, images } = this.source(column) ?? {};
    return JSON.stringify([embedded, images]);
  }

  /** An address of another folder chooses that, and a link to a run its vectors; what is chosen afterwards holds. */
  #obeyAddress(): void {
    const { folders, folder } = this.#studio;
    if (this.#disposed || !folders) return;
    const about = this.#about;
    const named = folderOf(about);
    if (named !== this.#addressed.folder) {
      this.#addressed = { ...this.#addressed, folder: named };
      if (named !== folder?.id && folders.some(({ id }) => id === named)) this.#studio.choose(named!);
    }
    const { run } = about;
    // Of another folder than before nothing is known yet.
    if (!this.#sources || this.#studio.folder?.id !== this.#folder || run === undefined || run === this.#addressed.run) return;
    this.#addressed = { ...this.#addressed, run };
    const [chosen, other] = this.settings.sources;
    if (chosen?.run !== run) this.set({ sources: [this.#sources.find((one) => one.run === run), other] });
  }

  /** Pictures of one folder are no query in another, unless the address asks for this one. Whether the query was another's. */
  #begin(folder: FolderSummary): boolean {
    const isLeft = this.#folder !== undefined && folderOf(this.#about) !== folder.id;
    this.#folder = folder.id;
    this.#sources = undefined;
    this.#samples = [];
    if (isLeft) this.clear();
    return isLeft;
  }

  async #loadSources(folder: number, followed: string): Promise<void> {
    this.#followed = followed;
    try {
      const sources = await this.#studio.client.call('explore.sources', { folder });
      if (this.#followed !== followed) return;
      this.#sources = sources;
      this.#problem = undefined;
      if (sources.length > 0 && this.#samples.length === 0) await this.#loadSamples(folder);
    } catch (error) {
      if (this.#followed === followed) this.#problem = error;
    }
  }

  async #loadSamples(folder: number): Promise<void> {
    const images = this.#studio.folder?.images ?? 0;
    const offset = Math.floor(Math.random() * Math.max(1, images - samples));
    const page = await this.#studio.ask('library.page', { folder, filter: { status: 'ok' }, offset, limit: samples });
    if (page && this.#studio.folder?.id === folder) this.#samples = page.rows;
  }
}

// The map: of which vectors it is, whether it was drawn, and which labels are shown on it.
import { untrack } from 'svelte';
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { MapView } from '../../../shared/contract/contract-map.ts';
import type { Space } from '../../../shared/contract/contract-values.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import { isLive } from '../../../shared/contract/job-ends.ts';
import { keyOfSource, pickSource } from '../explore/explore-sources.ts';
import type { SourceKey } from '../explore/explore-sources.ts';
import type { Studio } from '../studio.svelte.ts';

/** Vectors and the space in which they are looked at. */
type MapInput = InputOf<AppContract['map.view']>;

export class MapState {
  readonly #studio: Studio;
  #sources = $state.raw<readonly EmbeddingSource[] | undefined>(undefined);
  /** `null`: it was not drawn. */
  #view = $state.raw<MapView | null | undefined>(undefined);
  #sourcesProblem = $state.raw<unknown>(undefined);
  #viewProblem = $state.raw<unknown>(undefined);
  #hidden = $state.raw<ReadonlySet<number>>(new Set());
  #sourcesOf = '';
  #viewOf = '';
  /** The latest job that drew what is shown. */
  #lastDrawn = 0;
  /** Vectors and space that `view` is of. */
  #shown = $state.raw('');
  #folder: number | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** `undefined` until they are known. */
  get sources(): readonly EmbeddingSource[] | undefined {
    return this.#sources;
  }
  /** Explore and the map look through the same vectors. */
  get source(): EmbeddingSource | undefined {
    return this.#sources && pickSource(this.#sources, this.#studio.explore.settings.sources[0], this.#studio.router.aboutOf('map')['run']);
  }
  get space(): Space {
    return this.#studio.explore.settings.space;
  }
  /** `undefined` until it is known, `null` where it was not drawn. */
  get view(): MapView | null | undefined {
    return this.#view;
  }
  /** Why nothing is known of the folder's vectors. */
  get problem(): unknown {
    return this.#sourcesProblem;
  }
  /** Why the map of these vectors cannot be shown; others may be. */
  get viewProblem(): unknown {
    return this.#viewProblem;
  }
  /** Of which vectors and space it is: another map begins with all of it. */
  get shown(): string {
    return this.#shown;
  }
  /** Places in `view.labels` (and `noLabel`) that are not shown. */
  get hidden(): ReadonlySet<number> {
    return this.#hidden;
  }
  /** The job that draws it. */
  get drawing(): JobStatus | undefined {
    return this.#studio.jobs.find((job) => isLive(job) && this.#isOwn(job));
  }

  /** Whether a job draws what is shown. */
  #isOwn({ kind, folder, run, map }: JobStatus): boolean {
    const { source, space } = this;
    if (kind !== 'map' || !source || !map || folder !== this.#studio.folder?.id || run !== source.run) return false;
    return map.step === source.step && map.layer === source.layer && map.space === space;
  }

  choose(source: SourceKey): void {
    const [, other] = this.#studio.explore.settings.sources;
    this.#studio.explore.set({ sources: [source, other] });
  }
  chooseSpace(space: Space): void {
    this.#studio.explore.set({ space });
  }

  toggle(label: number): void {
    const hidden = new Set(this.#hidden);
    if (!hidden.delete(label)) hidden.add(label);
    this.#hidden = hidden;
  }
  /** Hides all labels but one; where it is alone already, all are shown again. */
  isolate(label: number, all: readonly number[]): void {
    const others = all.filter((one) => one !== label);
    const isAlone = !this.#hidden.has(label) && others.every((one) => this.#hidden.has(one));
    this.#hidden = new Set(isAlone ? [] : others);
  }
  showAll(): void {
    this.#hidden = new Set();
  }

  async draw(): Promise<void> {
    const input = this.#input();
    if (input) await this.#studio.ask('map.draw', input);
  }

  retry(): void {
    this.#sourcesOf = this.#viewOf = '';
    this.#sourcesProblem = this.#viewProblem = undefined;
    this.follow();
  }

  #input(): MapInput | undefined {
    const { folder } = this.#studio;
    const { source, space } = this;
    return folder && source && { folder: folder.id, run: source.run, step: source.step, layer: source.layer, space };
  }

  /** Asks for what is to be shown and was not asked for yet: the view calls it whenever something changes. */
  follow(): void {
    if (this.#studio.router.view !== 'map') return;
    const { engine, folder, jobs } = this.#studio;
    const embedded = jobs.filter((job) => job.kind === 'embed' && !isLive(job)).map(({ id }) => id);
    const sourcesOf = JSON.stringify([folder?.id, folder?.scannedAt, embedded, this.#studio.runs?.map(({ name }) => name)]);
    const input = this.#input();
    // The list forgets jobs some minutes after their end, which changes nothing.
    const lastDrawn = Math.max(0, ...jobs.filter((job) => job.state === 'done' && this.#isOwn(job)).map(({ id }) => id));
    untrack(() => {
      if (engine !== 'ready') {
        this.#sourcesOf = this.#viewOf = '';
        return;
      }
      if (!folder) return;
      if (folder.id !== this.#folder) {
        this.#folder = folder.id;
        this.#sources = undefined;
        this.#forget();
      }
      if (sourcesOf !== this.#sourcesOf) void this.#loadSources(folder.id, sourcesOf);
      this.#lastDrawn = Math.max(this.#lastDrawn, lastDrawn);
      const viewOf = JSON.stringify([input, this.#lastDrawn, this.source?.embedded]);
      if (input && viewOf !== this.#viewOf) void this.#load(input, viewOf);
    });
  }

  #forget(): void {
    this.#view = undefined;
    this.#hidden = new Set();
    this.#viewOf = this.#shown = '';
  }

  async #loadSources(folder: number, of: string): Promise<void> {
    this.#sourcesOf = of;
    try {
      const sources = await this.#studio.client.call('explore.sources', { folder });
      if (this.#sourcesOf !== of) return;
      this.#sources = sources;
      this.#sourcesProblem = undefined;
    } catch (error) {
      if (this.#sourcesOf === of) this.#sourcesProblem = error;
    }
  }

  async #load(input: MapInput, of: string): Promise<void> {
    this.#viewOf = of;
    // Another map is on its way: the one before would be taken for it. The same one, drawn anew, takes its place when it is there.
    const key = `${keyOfSource(input)} ${input.space}`;
    if (key !== this.#shown) {
      this.#view = undefined;
      this.#viewProblem = undefined;
    }
    this.#shown = key;
    try {
      const view = await this.#studio.client.call('map.view', input);
      if (this.#viewOf !== of) return;
      if (JSON.stringify(view?.labels) !== JSON.stringify(this.#view?.labels)) this.#hidden = new Set();
      this.#view = view;
      this.#viewProblem = undefined;
    } catch (error) {
      if (this.#viewOf === of) this.#viewProblem = error;
    }
  }
}

// Export: what goes where, what it will look like, and how far it is.
import { untrack } from 'svelte';
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { EmbeddingSource, ExportFormat, ExportPreview } from '../../../shared/contract/contract-explore.ts';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import { isLive } from '../../../shared/contract/job-ends.ts';
import { runsWithEncoder, sourceOf, stepOf } from '../explore/explore-sources.ts';
import type { Studio } from '../studio.svelte.ts';
import type { Choices, StartedExport } from './export-choices.svelte.ts';
import { formatFiles, needsVectors } from './export-formats.ts';

/** While something is typed, a preview waits this long for it to rest. */
const restMilliseconds = 250;

type ExportInput = InputOf<AppContract['export.start']>;

export class ExportState {
  readonly #studio: Studio;
  #sources = $state.raw<readonly EmbeddingSource[] | undefined>(undefined);
  #sourcesAsked = '';
  #sourcesProblem = $state.raw<unknown>(undefined);
  #suggested = $state.raw<{ readonly of: string; readonly path: string } | undefined>(undefined);
  #suggestionAsked: string | undefined;
  #preview = $state.raw<ExportPreview | undefined>(undefined);
  #problem = $state.raw<unknown>(undefined);
  #previewing = $state.raw(false);
  #previewAsked = '';
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #starting = $state.raw(false);
  #addressed: string | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#obeyAddress(studio.router.aboutOf('export')['run']);
  }

  /** A link to the export of a run chooses it; what is chosen afterwards holds. */
  #obeyAddress(run: string | undefined): void {
    if (run === undefined || run === this.#addressed) return;
    this.#addressed = run;
    if (run !== this.choices.run) this.set({ run, checkpoint: 'best', target: undefined });
  }

  /** Without a folder of images there are weights alone. */
  get choices(): Choices {
    const { choices } = this.#studio.exporting;
    return this.hasFolder ? choices : { ...choices, formats: choices.formats.filter((format) => !needsVectors([format])) };
  }
  get hasFolder(): boolean {
    return this.#studio.folder !== undefined;
  }
  /** Runs that have something to export; `undefined` until they are known. */
  get runs(): readonly RunSummary[] | undefined {
    return this.#studio.runs && runsWithEncoder(this.#studio.runs);
  }
  get run(): RunSummary | undefined {
    return this.runs?.find(({ name }) => name === this.choices.run) ?? this.runs?.[0];
  }
  get wantsVectors(): boolean {
    return needsVectors(this.choices.formats);
  }
  /** The vectors that would be exported, when they are there. */
  get source(): EmbeddingSource | undefined {
    const { checkpoint, layer } = this.choices;
    return this.run && this.#sources && sourceOf(this.#sources, this.run, checkpoint, layer);
  }
  /** The formats need vectors that were not computed. */
  get lacksVectors(): boolean {
    return this.wantsVectors && this.#sources !== undefined && this.run !== undefined && !this.source;
  }
  get target(): string {
    const suggested = this.#suggested?.of === this.#exported ? this.#suggested?.path : undefined;
    return this.choices.target ?? suggested ?? '';
  }
  /** The folder, the run and the step that would be exported: `best` and `latest` mean another one while it trains. */
  get #exported(): string | undefined {
    const { folder, folders } = this.#studio;
    if (!this.run || (!folder && folders === undefined)) return undefined;
    return `${folder?.id ?? ''} ${this.run.name} ${stepOf(this.run, this.choices.checkpoint)}`;
  }
  get preview(): ExportPreview | undefined {
    return this.#preview;
  }
  /** Why there is no preview. */
  get problem(): unknown {
    return this.#problem ?? this.#sourcesProblem;
  }
  /** Another column of the table has the name that was given to the vectors. */
  get columnTaken(): boolean {
    return (this.#preview?.columns.filter((column) => column === this.choices.vectorColumn.trim()).length ?? 0) > 1;
  }
  get previewing(): boolean {
    return this.#previewing;
  }
  get starting(): boolean {
    return this.#starting;
  }
  /** The export that goes on, whoever started it. */
  get job(): JobStatus | undefined {
    return this.#studio.jobs.find((job) => job.kind === 'export' && isLive(job));
  }
  /** The vectors that are being computed for the chosen run. */
  get embedding(): JobStatus | undefined {
    const { folder, jobs } = this.#studio;
    return jobs.find((job) => job.kind === 'embed' && isLive(job) && job.folder === folder?.id && job.run === this.run?.name);
  }
  /** The last export of this page, once it is made. */
  get made(): { readonly started: StartedExport; readonly job: JobStatus } | undefined {
    const { started } = this.#studio.exporting;
    const job = started && this.#studio.jobs.find(({ id, kind }) => id === started.job && kind === 'export');
    return started && job?.state === 'done' ? { started, job } : undefined;
  }
  /** Not before it is known what lies at the target, which would be replaced. */
  get canStart(): boolean {
    if (this.#previewing || this.#problem !== undefined) return false;
    return this.#input() !== undefined && !this.columnTaken && !this.lacksVectors && !this.job;
  }

  set(choices: Partial<Choices>): void {
    this.#studio.exporting.set(choices);
  }

  toggle(format: ExportFormat, on: boolean): void {
    const { formats } = this.#studio.exporting.choices;
    const chosen = (Object.keys(formatFiles) as ExportFormat[]).filter((one) => (one === format ? on : formats.includes(one)));
    this.set({ formats: chosen });
  }

  async embed(): Promise<void> {
    const { folder } = this.#studio;
    const { checkpoint, layer } = this.choices;
    if (folder && this.run) await this.#studio.ask('explore.embed', { folder: folder.id, run: this.run.name, checkpoint, layer });
  }

  async start(): Promise<void> {
    const input = this.#input();
    if (!input) return;
    this.#starting = true;
    const started = await this.#studio.ask('export.start', input);
    if (started) this.#studio.exporting.begin({ job: started.job, target: input.target });
    this.#starting = false;
  }

  retry(): void {
    this.#sourcesAsked = this.#previewAsked = '';
    this.#suggestionAsked = undefined;
    this.#problem = this.#sourcesProblem = undefined;
    this.follow();
  }

  /** Puts the word that an export was made away. */
  forget(): void {
    this.#studio.exporting.begin(undefined);
  }

  /** Asks for all that is to be shown now and was not asked for yet: the view calls it whenever something changes. */
  follow(): void {
    const { engine, folder, jobs, router } = this.#studio;
    const addressed = router.aboutOf('export')['run'];
    untrack(() => this.#obeyAddress(addressed));
    const run = this.run;
    const { checkpoint } = this.choices;
    const exportedNow = this.#exported;
    const input = this.#input();
    const lacks = this.lacksVectors;
    const endedOf = (kind: JobStatus['kind']): number[] => jobs.filter((job) => job.kind === kind && !isLive(job)).map(({ id }) => id);
    const ended = endedOf('embed');
    // What lies at the target is another export then.
    const exportsEnded = endedOf('export');
    const sourcesAsked = JSON.stringify([folder?.id, folder?.scannedAt, ended]);
    untrack(() => {
      // The run that is seen stays when another one is begun.
      if (run && this.choices.run === undefined) this.set({ run: run.name });
      if (engine !== 'ready') {
        this.#sourcesAsked = this.#previewAsked = '';
        this.#suggestionAsked = undefined;
        return;
      }
      if (folder && sourcesAsked !== this.#sourcesAsked) void this.#loadSources(folder.id, sourcesAsked);
      if (run && exportedNow !== undefined && exportedNow !== this.#suggestionAsked)
        void this.#suggest(exportedNow, { ...(folder && { folder: folder.id }), run: run.name, checkpoint });
      const asked = JSON.stringify([input, ended, exportsEnded, lacks]);
      if (asked !== this.#previewAsked) this.#ask(asked, lacks ? undefined : input);
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#controller?.abort();
  }

  #input(): ExportInput | undefined {
    const { checkpoint, layer, space, formats, vectorColumn, neighbours } = this.choices;
    const { folder } = this.#studio;
    if (!this.run || formats.length === 0 || this.target === '' || vectorColumn.trim() === '') return undefined;
    return {
      ...(folder && { folder: folder.id }),
      run: this.run.name,
      checkpoint,
      layer,
      space,
      formats: [...formats],
      vectorColumn,
      neighbours,
      target: this.target,
    };
  }

  async #loadSources(folder: number, asked: string): Promise<void> {
    this.#sourcesAsked = asked;
    try {
      const sources = await this.#studio.client.call('explore.sources', { folder });
      if (asked !== this.#sourcesAsked) return;
      this.#sources = sources;
      this.#sourcesProblem = undefined;
    } catch (error) {
      if (asked === this.#sourcesAsked) this.#sourcesProblem = error;
    }
  }

  async #suggest(asked: string, of: InputOf<AppContract['export.target']>): Promise<void> {
    this.#suggestionAsked = asked;
    try {
      const { path } = await this.#studio.client.call('export.target', of);
      if (asked === this.#suggestionAsked) this.#suggested = { of: asked, path };
    } catch (error) {
      if (asked === this.#suggestionAsked) this.#sourcesProblem = error;
    }
  }

  #ask(asked: string, input: ExportInput | undefined): void {
    this.#previewAsked = asked;
    this.dispose();
    this.#previewing = input !== undefined;
    if (!input) {
      this.#preview = undefined;
      this.#problem = undefined;
      return;
    }
    this.#timer = setTimeout(() => void this.#load(input), this.#preview ? restMilliseconds : 0);
  }

  async #load(input: ExportInput): Promise<void> {
    const own = (this.#controller = new AbortController());
    try {
      const preview = await this.#studio.client.call('export.preview', input, { signal: own.signal });
      if (own !== this.#controller) return;
      this.#preview = preview;
      this.#problem = undefined;
    } catch (error) {
      // What was given up is no error.
      if (own !== this.#controller || own.signal.aborted) return;
      this.#preview = undefined;
      this.#problem = error;
    }
    this.#previewing = false;
  }
}

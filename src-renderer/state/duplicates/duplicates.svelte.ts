// Duplicates of a folder: which vectors are asked, the groups that are found, and what is done with them. Nothing is marked until it is asked for.
import { untrack } from 'svelte';
import type { DuplicateFile, DuplicateGroup, DuplicateList } from '../../../shared/contract/contract-duplicates.ts';
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { Space } from '../../../shared/contract/contract-values.ts';
import { duplicateTag } from '../../../shared/contract/duplicate-terms.ts';
import { isLive } from '../../../shared/contract/job-ends.ts';
import { duplicates as words } from '../../strings/duplicates.ts';
import { pickSource } from '../explore/explore-sources.ts';
import { PageCache } from '../library/page-cache.ts';
import type { Page } from '../library/page-cache.ts';
import { saveFile } from '../save-file.ts';
import type { Studio } from '../studio.svelte.ts';
import type { DuplicateSettings, Marks } from './duplicate-choices.svelte.ts';
import { keptOf } from './duplicate-group.ts';

export type DuplicateSummary = Omit<DuplicateList, 'rows'>;

interface Vectors {
  readonly run: string;
  readonly step: number;
  readonly layer: EmbeddingSource['layer'];
  readonly space: Space;
}
interface Question {
  readonly folder: number;
  readonly vectors?: Vectors;
  readonly level: DuplicateSettings['level'];
  readonly similarity: number;
}

/** Milliseconds that a slider rests before the engine is asked. */
const restMs = 120;

export class DuplicatesState {
  readonly #studio: Studio;
  #sources = $state.raw<readonly EmbeddingSource[] | undefined>(undefined);
  #summary = $state.raw<DuplicateSummary | undefined>(undefined);
  #problem = $state.raw<unknown>(undefined);
  /** Raised when rows have come. */
  #rows = $state.raw(0);
  #busy = $state.raw(false);
  #active = $state.raw<{ readonly group: number; readonly file: number }>({ group: 0, file: 0 });
  readonly #pages: PageCache<DuplicateGroup>;
  #question: Question | undefined;
  /** Of the list as it was since all rows were asked for anew. */
  #stamp: string | undefined;
  /** Of the list that a group was answered with: the summary may be that of a later one already. */
  readonly #stampOf = new WeakMap<DuplicateGroup, string>();
  #asked = '';
  #followed = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#pages = new PageCache(async (offset, limit, signal) => this.#fetch(offset, limit, signal), {
      onChange: () => this.#rows++,
      onError: (error) => (this.#problem = error),
    });
  }

  get settings(): DuplicateSettings {
    return this.#studio.duplicates.settings;
  }
  /** Sets of vectors; `undefined` until they are known. */
  get sources(): readonly EmbeddingSource[] | undefined {
    return this.#sources;
  }
  get source(): EmbeddingSource | undefined {
    return this.#sources && pickSource(this.#sources, this.settings.source, this.#studio.router.aboutOf('explore')['run']);
  }
  /** What was found in all; `undefined` until it is known. */
  get summary(): DuplicateSummary | undefined {
    return this.#summary;
  }
  get problem(): unknown {
    return this.#problem;
  }
  /** Something that was pressed is being done. */
  get busy(): boolean {
    return this.#busy;
  }
  get active(): { readonly group: number; readonly file: number } {
    return this.#active;
  }
  /** All images are being compared. */
  get comparing(): JobStatus | undefined {
    const folder = this.#studio.folder?.id;
    return this.#studio.jobs.find((job) => job.kind === 'compare' && isLive(job) && job.folder === folder);
  }
  get undoable(): Marks | undefined {
    return this.#studio.duplicates.lastIn(this.#studio.folder?.id);
  }

  /** A group that is in sight; `undefined` while it is on its way. */
  group(index: number): DuplicateGroup | undefined {
    void this.#rows;
    return this.#pages.row(index);
  }
  kept(group: DuplicateGroup): DuplicateFile {
    return keptOf(group, this.#studio.duplicates.keep);
  }

  /** Asks for all that is shown now and was not asked for yet: the view calls it whenever something changes. */
  follow(): void {
    const { engine, folder, jobs, runs } = this.#studio;
    const { level, similarity, space } = this.settings;
    const { source } = this;
    const ended = jobs.filter((job) => (job.kind === 'embed' || job.kind === 'compare') && !isLive(job)).map(({ id }) => id);
    untrack(() => {
      if (engine !== 'ready' || !folder) {
        this.#followed = '';
        this.#asked = '';
        return;
      }
      const followed = JSON.stringify([folder.id, folder.scannedAt, ended, runs?.map(({ name }) => name)]);
      if (followed !== this.#followed) void this.#loadSources(folder.id, followed);
      if (!this.#sources || this.#question?.folder !== folder.id) this.#begin(folder.id);
      if (!this.#sources) return;
      const vectors = source && { run: source.run, step: source.step, layer: source.layer, space };
      this.#ask({ folder: folder.id, level, similarity, ...(vectors && { vectors }) }, followed);
    });
  }

  #begin(folder: number): void {
    if (this.#question?.folder === folder) return;
    this.#question = { folder, level: this.settings.level, similarity: this.settings.similarity };
    this.#summary = undefined;
    this.#problem = undefined;
    this.#sources = undefined;
    this.#asked = '';
    this.#active = { group: 0, file: 0 };
  }

  async #loadSources(folder: number, followed: string): Promise<void> {
    this.#followed = followed;
    try {
      const sources = await this.#studio.client.call('explore.sources', { folder });
      if (this.#followed === followed) this.#sources = sources;
    } catch (error) {
      if (this.#followed === followed) this.#problem = error;
    }
  }

  /** At once for another level or folder, when it rests for a slider. */
  #ask(question: Question, followed: string): void {
    const asked = JSON.stringify([question, followed]);
    if (asked === this.#asked) return;
    const moved = this.#question && JSON.stringify({ ...this.#question, similarity: 0 }) === JSON.stringify({ ...question, similarity: 0 });
    const isSlide = moved && this.#question!.similarity !== question.similarity && this.#summary !== undefined;
    this.#asked = asked;
    this.#question = question;
    clearTimeout(this.#timer);
    const renew = (): void => {
      this.#problem = undefined;
      this.#renew();
    };
    if (isSlide) this.#timer = setTimeout(renew, restMs);
    else renew();
  }

  async #fetch(offset: number, limit: number, signal: AbortSignal): Promise<Page<DuplicateGroup>> {
    const question = this.#question;
    if (!question) return { total: 0, rows: [] };
    const { keep } = this.#studio.duplicates;
    const chosen = keep.size > 0 && { keep: Int32Array.from(keep.keys()) };
    const { rows, ...summary } = await this.#studio.client.call('duplicates.list', { ...question, ...chosen, offset, limit }, { signal });
    for (const row of rows) this.#stampOf.set(row, summary.stamp);
    if (signal.aborted || question !== this.#question) return { total: summary.groups, rows };
    // The list has changed under the rows that are kept.
    const changed = this.#stamp !== undefined && this.#stamp !== summary.stamp;
    this.#stamp = summary.stamp;
    this.#summary = summary;
    if (changed) queueMicrotask(() => this.#renew());
    this.move(Math.min(this.#active.group, Math.max(0, summary.groups - 1)), this.#active.file);
    return { total: summary.groups, rows };
  }

  #renew(): void {
    this.#stamp = undefined;
    this.#pages.renew();
  }

  /** Groups `first` … `last` are in sight. */
  show(first: number, last: number): void {
    this.#pages.show(first, last);
  }

  move(group: number, file: number): void {
    if (group !== this.#active.group || file !== this.#active.file) this.#active = { group, file };
  }

  set(settings: Partial<DuplicateSettings>): void {
    this.#studio.duplicates.set(settings);
  }

  retry(): void {
    this.#followed = '';
    this.#asked = '';
    this.#problem = undefined;
    this.follow();
  }

  /** Compares all images with each other. */
  async compare(): Promise<void> {
    const vectors = this.#question?.vectors;
    if (vectors) await this.#studio.ask('duplicates.compare', { folder: this.#question!.folder, vectors });
  }

  keepFile(group: DuplicateGroup, image: number): void {
    this.#studio.duplicates.choose(
      image,
      group.files.map((file) => file.image),
    );
  }

  /** Gives the tag to the others of one group, or of all. Whether it was done: an error is said. */
  async mark(group?: DuplicateGroup): Promise<boolean> {
    const question = this.#choice();
    if (!question || this.#busy) return false;
    this.#busy = true;
    const one = group && { groups: Int32Array.of(group.files[0]!.image) };
    const stamp = (group && this.#stampOf.get(group)) ?? question.stamp;
    const done = await this.#studio.ask('duplicates.mark', { ...question, stamp, ...one });
    this.#busy = false;
    if (!done) return false;
    const { marked, unmarked } = done;
    if (marked.length + unmarked.length > 0) this.#studio.duplicates.remember({ folder: question.folder, marked, unmarked });
    this.#studio.notices.say(marked.length > 0 ? words.done(marked.length) : words.doneNone, marked.length > 0 ? words.toLibrary : '');
    this.#renew();
    return true;
  }

  /** Takes the last marks back. */
  async undo(): Promise<void> {
    const marks = this.undoable;
    if (!marks || this.#busy) return;
    this.#busy = true;
    const put = async (images: Int32Array<ArrayBuffer>, on: boolean): Promise<boolean> =>
      images.length === 0 || (await this.#studio.ask('library.tag', { images, name: duplicateTag, on })) !== undefined;
    const done = (await put(marks.marked, false)) && (await put(marks.unmarked, true));
    this.#busy = false;
    if (!done) return;
    this.#studio.duplicates.forget(marks);
    this.#studio.notices.say(words.undone);
    this.#renew();
  }

  /** Hands the list to the person as a CSV file. */
  async save(): Promise<void> {
    const question = this.#choice();
    const file = question && (await this.#studio.ask('duplicates.file', question));
    if (file) saveFile(file.name, file.bytes, 'text/csv');
  }

  #choice() {
    const [question, stamp] = [this.#question, this.#summary?.stamp];
    if (!question || stamp === undefined) return undefined;
    return { ...question, stamp, keep: Int32Array.from(this.#studio.duplicates.keep.keys()) };
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#followed = '';
    this.#pages.dispose();
  }
}

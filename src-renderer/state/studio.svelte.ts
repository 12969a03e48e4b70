// What every view shares: the engine, folders, runs, long work, the selection, notices, the address. Made once per page and handed
// down by context; each view has a state class of its own beside it.
import { createContext } from 'svelte';
import type { InputOf, OutputOf } from '../../shared/contract/channel.ts';
import type { JobsEvent, JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { FolderSummary } from '../../shared/contract/contract-library.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { Face } from '../../shared/contract/face.ts';
import { cutBefore, endedBetween } from '../../shared/contract/job-ends.ts';
import type { EngineState } from '../../shared/contract/messages.ts';
import { reads } from '../../shared/contract/reading-jobs.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import type { CallOptions } from '../../shared/contract/rpc-client.ts';
import { BatteryPause } from './battery.svelte.ts';
import { Dropped } from './dropped.svelte.ts';
import { DuplicateChoices } from './duplicates/duplicate-choices.svelte.ts';
import { ExploreMemory } from './explore/explore-memory.svelte.ts';
import { ExportChoices } from './export/export-choices.svelte.ts';
import { tellCuts, tellEnds } from './job-news.ts';
import { NextRun } from './next-run/next-run.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { remember, remembered } from './preferences.ts';
import { renewEvery } from './reading.ts';
import { Router } from './route.svelte.ts';
import { Selection } from './selection.svelte.ts';
import { watchChannel } from './watched.svelte.ts';

const isFolder = (value: unknown): value is number => Number.isSafeInteger(value);

/** The number alone is given again once a folder is taken out of the library. */
const isSame = (one: FolderSummary, other: FolderSummary): boolean => one.id === other.id && one.addedAt === other.addedAt;

export class Studio {
  readonly face: Face;
  readonly client: RpcClient<AppContract>;
  readonly notices = new Notices();
  readonly router = new Router();
  readonly selection = new Selection();
  readonly nextRun = new NextRun();
  readonly battery: BatteryPause;
  readonly dropped = new Dropped();
  readonly explore = new ExploreMemory();
  readonly duplicates = new DuplicateChoices();
  readonly exporting = new ExportChoices();

  #engine = $state.raw<EngineState>('starting');
  #reason = $state.raw<string | undefined>(undefined);
  #folders = $state.raw<readonly FolderSummary[] | undefined>(undefined);
  #folderId = $state.raw(remembered<number | undefined>('folder', undefined, isFolder));
  #runs = $state.raw<readonly RunSummary[] | undefined>(undefined);
  #jobs = $state.raw<readonly JobStatus[]>([]);
  /** Whether the next list of jobs is the first since the engine is there. */
  #joining = true;
  /** Looks at the folders: asked for, and the one that is shown. */
  #looks = 0;
  #lookShown = 0;
  /** When the last was asked for, and how many have no answer yet. */
  #lookedAt = -Infinity;
  #looking = 0;

  constructor(face: Face) {
    this.face = face;
    this.client = new RpcClient<AppContract>(face.connect());
    this.client.watch((state, reason) => {
      this.#engine = state;
      this.#reason = reason;
      if (state !== 'ready') return;
      this.#joining = true;
      void this.refreshFolders();
    });
    this.battery = new BatteryPause({
      face,
      runs: () => this.#runs,
      control: (run, action) => this.ask('runs.control', { run, action }),
    });
    const fail = (error: unknown): void => this.notices.fail(error);
    face.onFail?.(fail);
    watchChannel(this.client, 'runs.watch', {}, (runs) => this.#takeRuns(runs), fail);
    watchChannel(this.client, 'jobs.watch', {}, (event) => this.#take(event), fail);
  }

  get engine(): EngineState {
    return this.#engine;
  }
  /** Why the engine is not ready, in words. */
  get engineReason(): string | undefined {
    return this.#reason;
  }
  /** `undefined` until they are known. */
  get folders(): readonly FolderSummary[] | undefined {
    return this.#folders;
  }
  /** The folder that all views are about: as chosen, also before a reload, else the one added last. */
  get folder(): FolderSummary | undefined {
    return this.#folders?.find(({ id }) => id === this.#folderId) ?? this.#folders?.toSorted((a, b) => b.addedAt - a.addedAt)[0];
  }
  get runs(): readonly RunSummary[] | undefined {
    return this.#runs;
  }
  get jobs(): readonly JobStatus[] {
    return this.#jobs;
  }

  /** A call with its errors said to the person; `undefined` when it failed. */
  async ask<K extends keyof AppContract>(
    channel: K,
    input: InputOf<AppContract[K]>,
    options: CallOptions<never> = {},
  ): Promise<OutputOf<AppContract[K]> | undefined> {
    try {
      return await this.client.call(channel, input, options as never);
    } catch (error) {
      this.notices.fail(error);
      return undefined;
    }
  }

  choose(folder: number): void {
    if (folder === this.#folderId) return;
    this.#folderId = folder;
    remember('folder', folder);
    this.selection.clear();
  }

  async refreshFolders(): Promise<void> {
    const look = ++this.#looks;
    this.#lookedAt = performance.now();
    this.#looking++;
    const folders = await this.ask('library.folders', {});
    this.#looking--;
    // Answers may overtake each other: what was counted later stays.
    if (!folders || look < this.#lookShown) return;
    this.#lookShown = look;
    const [shown, before] = [this.folder, this.#folders ?? []];
    this.#folders = folders;
    // Taken out of the library by another page or in a terminal: what is selected was of the folder that was shown.
    if (shown && (!this.folder || !isSame(shown, this.folder))) this.selection.clear();
    for (const gone of before.filter((one) => !folders.some((other) => isSame(one, other)))) {
      this.nextRun.forget(gone.id);
      this.explore.forget(gone.id);
    }
  }

  /** A run looks at what is new in its folder before it trains. */
  #takeRuns(runs: readonly RunSummary[]): void {
    const states = (list: readonly RunSummary[]): string => list.map(({ name, state }) => `${name} ${state}`).join();
    const changed = this.#runs !== undefined && states(runs) !== states(this.#runs);
    this.#runs = runs;
    this.battery.obey();
    if (changed) void this.refreshFolders();
  }

  /**
   * Folders change with every job about one, since most begin with a look at what is new: as they begin, go on and end. Their counts grow
   * all the while one is read.
   */
  #take({ first, jobs }: JobsEvent): void {
    tellCuts(cutBefore(this.#jobs, first), this);
    const ended = endedBetween(this.#jobs, jobs, this.#joining);
    this.#joining = false;
    const steps = (list: readonly JobStatus[]): string =>
      list.flatMap(({ id, folder, state }) => (folder === undefined ? [] : `${id} ${state}`)).join();
    const changed = steps(jobs) !== steps(this.#jobs);
    this.#jobs = jobs;
    tellEnds(ended, {
      notices: this.notices,
      face: this.face,
      shows: ({ id, kind }) => kind === 'export' && this.router.view === 'export' && this.exporting.started?.job === id,
    });
    const due = this.#looking === 0 && performance.now() - this.#lookedAt >= renewEvery;
    if (changed || (due && jobs.some(reads))) void this.refreshFolders();
  }
}

export const [useStudio, provideStudio] = createContext<Studio>();

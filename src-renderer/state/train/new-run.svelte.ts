// The run that is being made: its plan, what a trial measured, weights to start with, and its start.
import { untrack } from 'svelte';
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import { originKeys, originSentences, originSettings } from '../../../shared/config/origin.ts';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { RunDetails, RunPlan, TrialResult } from '../../../shared/contract/contract-runs.ts';
import { readingOf } from '../../../shared/contract/reading-jobs.ts';
import { stepOf } from '../explore/explore-sources.ts';
import type { ChosenOrigin, RunWishes } from '../next-run/next-run.svelte.ts';
import { PlannedSettings } from '../next-run/run-plan.svelte.ts';
import type { ChosenSettings, SettingValue } from '../next-run/setting-form.ts';
import type { Studio } from '../studio.svelte.ts';

export class NewRunState {
  readonly planned: PlannedSettings;
  readonly #studio: Studio;
  #folder = $state.raw<number | undefined>(undefined);
  /** With the preset that was measured. */
  #trial = $state.raw<{ readonly result: TrialResult; readonly preset: unknown } | undefined>(undefined);
  #measuring = $state.raw<AbortController | undefined>(undefined);
  #originDetails = $state.raw<RunDetails | undefined>(undefined);
  #originRequest = 0;
  /** The run that the address has asked to begin with. */
  #addressed: string | undefined;
  #starting = $state.raw(false);
  /** The folder that was being read when last looked. */
  #beingRead: number | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.planned = new PlannedSettings(studio.client);
  }

  get chosen(): ChosenSettings {
    return this.#folder === undefined ? {} : this.#studio.nextRun.settings(this.#folder);
  }
  /** What the page shows: while settings are wrong from the start, the suggestion. */
  get plan(): RunPlan | undefined {
    return this.planned.plan ?? this.planned.suggested;
  }
  /** With the preset that is shown: by what is found out of the devices in the meantime the engine might choose another. */
  get #settings(): Record<string, number | boolean | string | number[]> {
    const { preset = 'auto' } = this.chosen;
    const shown = preset === 'auto' && this.plan ? { preset: this.plan.config.preset } : {};
    return { ...this.chosen, ...shown } as Record<string, number | boolean | string | number[]>;
  }
  /** Of these very settings; none after a change. */
  get trial(): TrialResult | undefined {
    return this.#trial?.preset === this.plan?.config.preset ? this.#trial?.result : undefined;
  }
  get measuring(): boolean {
    return this.#measuring !== undefined;
  }
  get origin(): ChosenOrigin | undefined {
    return this.wishes.origin ?? undefined;
  }
  /** What is said of the run beside its settings. */
  get wishes(): RunWishes {
    return this.#folder === undefined ? {} : this.#studio.nextRun.wishes(this.#folder);
  }

  /** What a run with these settings takes from the weights that it begins with; none for one from scratch. */
  originSentences(config: TrainConfig): readonly string[] | undefined {
    const [origin, details] = [this.origin, this.#originDetails];
    if (!origin || details?.summary.name !== origin.run) return undefined;
    const { summary, weights, config: there } = details;
    const step = stepOf(summary, origin.checkpoint) ?? 0;
    return originSentences({ run: origin.run, step, imported: summary.imported, weights }, config, there);
  }
  get starting(): boolean {
    return this.#starting;
  }

  /** The job that reads the folder: what is suggested meanwhile is for a part of its images. */
  get reading(): JobStatus | undefined {
    return readingOf(this.#folder, this.#studio.jobs);
  }

  /** Plans anew once all images of the folder are known: the view calls it whenever something changes. */
  follow(): void {
    const [before, now] = [this.#beingRead, this.reading && this.#folder];
    this.#beingRead = now;
    if (before === undefined || now !== undefined || before !== this.#folder) return;
    untrack(() => {
      this.planned.forgetSuggested();
      this.#ask();
    });
  }

  /**
   * Shows the run of a folder as it was left. One that nothing was said of begins with the weights that the folder before it was to begin
   * with, as only the images were chosen anew; those that an address asks for go before both, once: they leave it then.
   */
  open(folder: number, from?: string): void {
    const hasLeft = from === undefined && this.#addressed !== undefined && folder === this.#folder;
    if (hasLeft) {
      // What it asked for is shown.
      this.#addressed = undefined;
      return;
    }
    const before = folder === this.#folder ? undefined : this.origin;
    this.#folder = folder;
    this.#originRequest++;
    this.#ask();
    const { origin } = this.wishes;
    const addressed = from !== this.#addressed && from !== origin?.run ? from : undefined;
    this.#addressed = from;
    if (from !== undefined && addressed === undefined) this.#leaveAddress(from);
    if (addressed !== undefined) void this.startFrom(addressed).then(() => this.#leaveAddress(addressed));
    else if (origin) void this.#recall(origin);
    else if (origin === undefined && before) void this.startFrom(before.run, before.checkpoint);
  }

  /** Going back to an address does not undo what was chosen since. One that could not be obeyed stays. */
  #leaveAddress(from: string): void {
    const { router } = this.#studio;
    const { from: named, ...about } = router.aboutOf('train');
    if (named === from && this.origin?.run === from) router.replace('train', about);
  }

  say(wishes: RunWishes): void {
    if (this.#folder !== undefined) this.#studio.nextRun.wish(this.#folder, wishes);
  }

  /** Weights that were chosen before: their settings stand as they were left. */
  async #recall({ run }: ChosenOrigin): Promise<void> {
    // Deleted meanwhile, or renamed.
    if (this.#studio.runs?.every(({ name }) => name !== run)) return this.startFrom(undefined);
    const request = ++this.#originRequest;
    const details = await this.#studio.ask('runs.details', { run });
    if (details && request === this.#originRequest) this.#originDetails = details;
  }

  #ask(): void {
    this.stopMeasuring();
    this.#trial = undefined;
    this.#askForPlan();
  }

  #askForPlan(): void {
    if (this.#folder !== undefined) this.planned.ask(this.#folder, this.chosen, this.origin !== undefined);
  }

  choose(key: ConfigKey, value: SettingValue): void {
    if (this.#folder === undefined) return;
    this.#studio.nextRun.keep(this.#folder, { [key]: value });
    this.#ask();
  }

  /** Leaves settings to the suggestion; without keys all of them. */
  reset(keys?: readonly ConfigKey[]): void {
    if (this.#folder === undefined) return;
    this.#studio.nextRun.reset(this.#folder, keys);
    this.#ask();
  }

  /** Starts with the weights of another run: they fit its own network alone, so its model's settings come along. */
  async startFrom(run: string | undefined, checkpoint = 'best'): Promise<void> {
    const request = ++this.#originRequest;
    if (run === undefined) {
      const had = this.origin !== undefined;
      this.say({ origin: null });
      if (had) this.reset(originKeys);
      return;
    }
    const details = await this.#studio.ask('runs.details', { run });
    if (!details || request !== this.#originRequest || this.#folder === undefined) return;
    this.say({ origin: { run, checkpoint } });
    this.#originDetails = details;
    this.#studio.nextRun.keep(this.#folder, originSettings(details.config));
    this.#ask();
  }

  /** Makes a few steps to see what they take, and plans anew by what was found out of the devices. */
  async measure(): Promise<void> {
    if (this.#folder === undefined) return;
    this.#measuring?.abort();
    const controller = (this.#measuring = new AbortController());
    const { signal } = controller;
    const settings = this.#settings;
    try {
      const result = await this.#studio.client.call('runs.trial', { folder: this.#folder, settings }, { signal });
      if (!signal.aborted) this.#trial = { result, preset: settings['preset'] };
    } catch (error) {
      if (!signal.aborted) this.#studio.notices.fail(error);
    }
    // Devices may have been compared by then also where it was ended or has failed.
    this.planned.forgetSuggested();
    if (signal.aborted) return;
    this.#measuring = undefined;
    this.#askForPlan();
  }
  stopMeasuring(): void {
    this.#measuring?.abort();
    this.#measuring = undefined;
  }

  /** The name of the run that was begun; none when it could not be. */
  async start(usable: boolean): Promise<string | undefined> {
    const folder = this.#folder;
    if (folder === undefined || this.#starting) return undefined;
    const { name = '', note = '' } = this.wishes;
    this.stopMeasuring();
    this.#starting = true;
    const started = await this.#studio.ask('runs.start', {
      folder,
      settings: this.#settings,
      usable,
      ...(name.trim() && { name: name.trim() }),
      ...(note.trim() && { note: note.trim() }),
      ...(this.origin && { from: this.origin }),
    });
    this.#starting = false;
    // They were this run's.
    if (started) this.#studio.nextRun.wish(folder, { name: '', note: '' });
    return started?.run;
  }

  dispose(): void {
    this.stopMeasuring();
    this.planned.dispose();
  }
}

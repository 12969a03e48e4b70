// The masks view: a few of the person's own images as one step of a run would see them, with settings that are tried out here and
// kept for the next run when they please.
import type { ConfigKey, TrainConfig } from '../../../shared/config/config-table.ts';
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { MaskSample, TrainingCrop } from '../../../shared/contract/contract-masks.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import { AppError } from '../../../shared/errors.ts';
import type { MaskMode } from '../../components/mask-drawing.ts';
import { PlannedSettings } from '../next-run/run-plan.svelte.ts';
import { problemFrom, sameValue } from '../next-run/setting-form.ts';
import type { ChosenSettings, SettingProblem, SettingValue } from '../next-run/setting-form.ts';
import type { Studio } from '../studio.svelte.ts';

/** Images of a step that are shown. */
export const shownImages = 8;
const playMilliseconds = 900;
export const maskKeys = [
  'imageSize',
  'patchSize',
  'masking',
  'targetCount',
  'targetScale',
  'targetAspect',
  'contextScale',
  'contextTokens',
] as const satisfies readonly ConfigKey[];
type MaskKey = (typeof maskKeys)[number];
/** Those that the engine's suggestion for the others depends on. */
const planned: readonly ConfigKey[] = ['imageSize', 'patchSize', 'contextTokens'];

/** What decides a crop besides the draw. */
const cropKeys = [
  'imageSize',
  'masking',
  'fit',
  'background',
  'cropScale',
  'cropAspect',
  'colourJitter',
  'greyscale',
  'flip',
  'channels',
  'intensity',
  'intensityPercentile',
  'intensityWindow',
] as const satisfies readonly ConfigKey[];

const only = (settings: ChosenSettings, keep: (key: ConfigKey) => boolean): ChosenSettings =>
  Object.fromEntries(Object.entries(settings).filter(([key]) => keep(key as ConfigKey)));
const isMaskKey = (key: ConfigKey): key is MaskKey => maskKeys.some((one) => one === key);

export interface ShownMasks {
  readonly sample: MaskSample;
  /** Of the first images of the step; none where a file cannot be read. */
  readonly images: readonly { readonly id: number; readonly crop: TrainingCrop | undefined }[];
  readonly seed: number;
  readonly step: number;
}

export class MasksState {
  readonly #studio: Studio;
  readonly #plan: PlannedSettings;
  #folder: number | undefined;
  #controller: AbortController | undefined;
  #choosing: AbortController | undefined;
  #crops = new Map<string, TrainingCrop>();
  #timer: ReturnType<typeof setInterval> | undefined;

  #draft = $state.raw<ChosenSettings>({});
  /** `undefined` until they are known. */
  #images = $state.raw<readonly number[] | undefined>(undefined);
  #fromSelection = $state.raw(false);
  #turn = 0;
  #seed = $state.raw(0);
  #step = $state.raw(0);
  #whole = $state.raw(false);
  #mode = $state.raw<MaskMode>('overlay');
  #large = $state.raw(0);
  #shown = $state.raw<ShownMasks | undefined>(undefined);
  #problem = $state.raw<SettingProblem | undefined>(undefined);
  #failure = $state.raw<AppError | undefined>(undefined);
  #playing = $state.raw(false);

  constructor(studio: Studio) {
    this.#studio = studio;
    this.#plan = new PlannedSettings(studio.client, () => void this.#sample());
  }

  get images(): readonly number[] | undefined {
    return this.#images;
  }
  /** Whether they are the person's selection. */
  get fromSelection(): boolean {
    return this.#fromSelection;
  }
  get shown(): ShownMasks | undefined {
    return this.#shown;
  }
  /** Which of the images is shown large. */
  get large(): number {
    return Math.min(this.#large, Math.max(0, (this.#shown?.images.length ?? 1) - 1));
  }
  get mode(): MaskMode {
    return this.#mode;
  }
  get whole(): boolean {
    return this.#whole;
  }
  get seed(): number {
    return this.#seed;
  }
  get step(): number {
    return this.#step;
  }
  get playing(): boolean {
    return this.#playing;
  }
  get problem(): SettingProblem | undefined {
    return this.#plan.problem ?? this.#problem;
  }
  /** Why nothing can be shown. */
  get failure(): AppError | undefined {
    return this.#failure;
  }
  /** Settings as they are tried; none before the first plan. While they cannot be planned with, what they change is the suggestion. */
  get config(): TrainConfig | undefined {
    const config = (this.#plan.plan ?? this.#plan.suggested)?.config;
    return config && { ...config, ...this.#draft };
  }
  get suggested(): TrainConfig | undefined {
    return this.#plan.suggested?.config;
  }
  /** Whether the next run will use what is shown. */
  get kept(): boolean {
    const kept = this.#kept();
    return maskKeys.every((key) => sameValue(kept[key], this.#draft[key]));
  }
  get changed(): boolean {
    return Object.keys(this.#draft).length > 0;
  }

  #kept(): ChosenSettings {
    return this.#folder === undefined ? {} : only(this.#studio.nextRun.settings(this.#folder), isMaskKey);
  }

  /** What is tried outlives a change of view, until it is kept. */
  #try(draft: ChosenSettings): void {
    this.#draft = draft;
    if (this.#folder !== undefined) this.#studio.nextRun.try(this.#folder, this.kept ? undefined : { settings: draft, over: this.#kept() });
  }

  /** Settings of a folder as they were left; what was chosen elsewhere since goes before what was tried here. */
  #left(folder: number): ChosenSettings {
    const kept = this.#kept();
    const tried = this.#studio.nextRun.tried(folder);
    if (!tried) return kept;
    const since = (key: ConfigKey): boolean => !sameValue(kept[key], tried.over[key]);
    return { ...only(tried.settings, (key) => !since(key)), ...only(kept, since) };
  }

  /** Shows the masks on images of a folder: the selection where there is one. */
  open(folder: number): void {
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#images = this.#shown = undefined;
      this.#crops.clear();
      this.#draft = this.#left(folder);
    }
    this.#ask();
    if (this.#studio.selection.size > 0) this.useSelection();
    else void this.otherImages();
  }

  #ask(): void {
    if (this.#folder === undefined) return;
    const others = only(this.#studio.nextRun.settings(this.#folder), (key) => !isMaskKey(key));
    this.#plan.ask(this.#folder, { ...others, ...only(this.#draft, (key) => planned.includes(key)) });
  }

  useSelection(): void {
    this.#choosing?.abort();
    this.#fromSelection = true;
    this.#show([...this.#studio.selection.images].slice(0, shownImages));
  }

  /** A few images from all over the folder, others each time. */
  async otherImages(): Promise<void> {
    const folder = this.#folder;
    if (folder === undefined) return;
    this.#choosing?.abort();
    const { signal } = (this.#choosing = new AbortController());
    try {
      const page = (offset: number): Promise<{ total: number; rows: readonly { id: number }[] }> =>
        this.#studio.client.call('library.page', { folder, filter: { status: 'ok' }, offset, limit: 1 }, { signal });
      const { total } = await page(0);
      const count = Math.min(shownImages, total);
      const turn = this.#turn++;
      const places = Array.from({ length: count }, (_, i) => (Math.floor((i * total) / count) + turn * 7) % total);
      const pages = await Promise.all(places.map(page));
      this.#fromSelection = false;
      this.#show([...new Set(pages.flatMap(({ rows }) => rows.map(({ id }) => id)))]);
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  #show(images: readonly number[]): void {
    this.#images = images;
    this.#large = 0;
    void this.#sample();
  }

  #fail(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (error instanceof AppError && error.code === 'bad-config') this.#problem = problemFrom(error);
    else if (error instanceof AppError && !this.#shown) this.#failure = error;
    else this.#studio.notices.fail(error);
  }

  /** Masks and crops of the step as settings stand; what was asked before is dropped, and what is shown stays until both are there. */
  async #sample(): Promise<void> {
    const [config, images] = [this.config, this.#images];
    if (!config || !images || images.length === 0) return;
    this.#controller?.abort();
    const { signal } = (this.#controller = new AbortController());
    const [seed, step, whole] = [this.#seed, this.#step, this.#whole];
    const settings = config as unknown as Record<string, number | boolean | string | number[]>;
    try {
      const [sample, crops] = await Promise.all([
        this.#studio.client.call('masks.sample', { settings, seed, step, images: images.length }, { signal }),
        Promise.all(images.map(async (image, place) => this.#crop({ image, settings, seed, step, place, whole }, signal))),
      ]);
      this.#shown = { sample, images: images.map((id, i) => ({ id, crop: crops[i] })), seed, step };
      this.#problem = this.#failure = undefined;
    } catch (error) {
      this.#fail(error, signal);
    }
  }

  async #crop(wanted: InputOf<AppContract['masks.crop']>, signal: AbortSignal): Promise<TrainingCrop | undefined> {
    const { image, settings, seed, step, place, whole } = wanted;
    const key = JSON.stringify([image, whole || [seed, step, place], cropKeys.map((one) => settings[one])]);
    const known = this.#crops.get(key);
    if (known) return known;
    try {
      const crop = await this.#studio.client.call('masks.crop', wanted, { signal });
      if (this.#crops.size > 64) this.#crops.clear();
      this.#crops.set(key, crop);
      return crop;
    } catch (error) {
      if (error instanceof AppError && (error.code === 'bad-file' || error.code === 'not-found')) return undefined;
      throw error;
    }
  }

  change(key: MaskKey, value: SettingValue): void {
    this.#try({ ...this.#draft, [key]: value });
    if (planned.includes(key)) this.#ask();
    else void this.#sample();
  }

  reset(): void {
    this.#try({});
    this.#ask();
  }

  /** The next run uses these settings. */
  keep(): void {
    if (this.#folder === undefined) return;
    this.#studio.nextRun.reset(this.#folder, maskKeys);
    this.#studio.nextRun.keep(this.#folder, this.#draft);
    this.#try(this.#draft);
  }

  showMode(mode: MaskMode): void {
    this.#mode = mode;
  }
  showLarge(place: number): void {
    this.#large = place;
  }
  useWhole(whole: boolean): void {
    this.#whole = whole;
    void this.#sample();
  }
  draw(seed: number, step: number): void {
    this.#seed = seed;
    this.#step = Math.max(0, step);
    void this.#sample();
  }
  resample(): void {
    this.draw(Math.floor(Math.random() * 2 ** 32), this.#step);
  }

  /** Step after step, as in training, until it is stopped. A step waits for the one before. */
  play(on: boolean): void {
    clearInterval(this.#timer);
    this.#playing = on;
    if (!on) return;
    this.#timer = setInterval(() => {
      if (this.#shown?.step === this.#step) this.draw(this.#seed, this.#step + 1);
    }, playMilliseconds);
  }

  dispose(): void {
    this.play(false);
    this.#controller?.abort();
    this.#choosing?.abort();
    this.#plan.dispose();
  }
}

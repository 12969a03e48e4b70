// The train view: which run is open, which are compared with it, and how their charts are shown.
import { untrack } from 'svelte';
import type { Space } from '../../../shared/contract/contract-values.ts';
import { isActive } from '../../../shared/run-state.ts';
import { movedRange, fitRange } from '../../components/chart-axis.ts';
import type { StepRange, XAxis } from '../../components/chart-axis.ts';
import type { Studio } from '../studio.svelte.ts';
import { RunWatch } from './run-watch.svelte.ts';
import { mostCompared, stepAt } from './train-charts.ts';
import type { ChartId } from './train-charts.ts';

export class TrainState {
  readonly #studio: Studio;
  #open = $state.raw<RunWatch | undefined>(undefined);
  /** The run that was shown last. */
  #picked = $state.raw<string | undefined>(undefined);
  #compared = $state.raw<readonly RunWatch[]>([]);
  /** Runs whose lines are not drawn. */
  #hidden = $state.raw<ReadonlySet<string>>(new Set());
  #axis = $state.raw<XAxis>('step');
  #smoothing = $state.raw(0.6);
  #space = $state.raw<Space>('whitened');
  #logX = $state.raw(false);
  #logY = $state.raw<ReadonlySet<ChartId>>(new Set());
  #range = $state.raw<StepRange | undefined>(undefined);
  #hover = $state.raw<number | undefined>(undefined);
  /** Whether the open run was in the last list; not known before there was one. */
  #isListed: boolean | undefined;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get run(): RunWatch | undefined {
    return this.#open;
  }
  /**
   * The run to show: the one of the address; else the one that was shown, as long as there is one, whatever begins or ends meanwhile; else
   * what trains, what waits for that, the newest.
   */
  get shown(): string | undefined {
    const { router, runs = [] } = this.#studio;
    const { run: asked } = router.aboutOf('train');
    if (asked !== undefined) return asked;
    const first =
      runs.find(({ name }) => name === this.#picked) ??
      runs.find(({ state }) => isActive(state) && state !== 'waiting') ??
      runs.find(({ state }) => state === 'waiting') ??
      runs[0];
    return first?.name;
  }
  get compared(): readonly RunWatch[] {
    return this.#compared;
  }
  /** The open run first; it keeps its look whatever is compared. */
  get runs(): readonly RunWatch[] {
    return this.#open ? [this.#open, ...this.#compared] : this.#compared;
  }
  get drawn(): readonly RunWatch[] {
    return this.runs.filter(({ name }) => !this.#hidden.has(name));
  }
  get axis(): XAxis {
    return this.#axis;
  }
  get smoothing(): number {
    return this.#smoothing;
  }
  get space(): Space {
    return this.#space;
  }
  get logX(): boolean {
    return this.#logX;
  }
  get range(): StepRange | undefined {
    return this.#range;
  }
  get hover(): number | undefined {
    return this.#hover;
  }
  /** Steps of the longest run that is shown. */
  get last(): number {
    return Math.max(1, ...this.runs.map(({ last }) => last));
  }

  isLog(chart: ChartId): boolean {
    return this.#logY.has(chart);
  }
  isHidden(run: string): boolean {
    return this.#hidden.has(run);
  }
  isCompared(run: string): boolean {
    return this.#compared.some(({ name }) => name === run);
  }

  /** Opens a run, or none. */
  open(run: string | undefined): void {
    if (this.#open?.name === run) return;
    this.#open?.dispose();
    this.#range = this.#hover = this.#isListed = undefined;
    if (run !== undefined && this.isCompared(run)) this.compare(run, false);
    this.#open = run === undefined ? undefined : new RunWatch(this.#studio, run);
    for (const watch of this.#compared) watch.zoom(undefined);
    this.#hidden = new Set();
  }

  /** Shows a run's lines beside those of the open one, or no longer; false where there are too many. */
  compare(run: string, on: boolean): boolean {
    if (!on) {
      for (const watch of this.#compared) if (watch.name === run) watch.dispose();
      this.#compared = this.#compared.filter(({ name }) => name !== run);
      return true;
    }
    if (this.isCompared(run) || run === this.#open?.name) return true;
    if (this.#compared.length >= mostCompared) return false;
    const watch = new RunWatch(this.#studio, run);
    if (this.#range) watch.zoom(this.#range);
    this.#compared = [...this.#compared, watch];
    return true;
  }

  /** Follows which runs there are and what jobs leave behind: the view calls it whenever they change. */
  follow(): void {
    const { runs, jobs } = this.#studio;
    const { shown } = this;
    untrack(() => {
      this.#picked = shown;
      if (runs) this.#followList(runs.map(({ name }) => name));
      this.#open?.hear(jobs);
    });
  }

  /**
   * Lets go of compared runs that are no more. That the open one is no more only the engine says: a list that was begun before the run was
   * made may come late.
   */
  #followList(names: readonly string[]): void {
    for (const { name } of this.#compared) if (!names.includes(name)) this.compare(name, false);
    const open = this.#open;
    if (!open) return;
    const [before, isListed] = [this.#isListed, names.includes(open.name)];
    if (isListed === before) return;
    // Of a run that was gone nothing is followed any more.
    if (isListed && open.gone) this.#reopen(open.name);
    else if (!isListed || before === false) void open.refreshDetails();
    this.#isListed = isListed;
  }

  #reopen(run: string): void {
    this.open(undefined);
    this.open(run);
  }

  toggle(run: string): void {
    const hidden = new Set(this.#hidden);
    if (!hidden.delete(run)) hidden.add(run);
    this.#hidden = hidden;
  }
  /** Shows this one alone; again: all of them. */
  isolate(run: string): void {
    const others = this.runs.map(({ name }) => name).filter((name) => name !== run);
    const alone = others.every((name) => this.#hidden.has(name)) && !this.#hidden.has(run);
    this.#hidden = new Set(alone ? [] : others);
  }

  setAxis(axis: XAxis): void {
    this.#axis = axis;
    this.#hover = undefined;
  }
  setSmoothing(smoothing: number): void {
    this.#smoothing = smoothing;
  }
  setSpace(space: Space): void {
    this.#space = space;
  }
  setLogX(on: boolean): void {
    this.#logX = on;
  }
  setLog(chart: ChartId, on: boolean): void {
    const log = new Set(this.#logY);
    if (on) log.add(chart);
    else log.delete(chart);
    this.#logY = log;
  }
  setHover(place: number | undefined): void {
    this.#hover = place;
  }

  /** Shows a part of the run between two places of the axis, in full detail. */
  select(from: number, to: number, startedAt: number): void {
    if (!this.#open) return;
    const step = (place: number): number => stepAt(this.#open!, this.#axis, startedAt, place);
    this.#zoom(fitRange(step(from), step(to), this.last));
  }
  move(move: 'in' | 'out' | 'earlier' | 'later', startedAt: number): void {
    const at = this.#open && this.#hover !== undefined ? stepAt(this.#open, this.#axis, startedAt, this.#hover) : undefined;
    this.#zoom(movedRange(this.#range, move, this.last, move === 'in' ? at : undefined));
  }
  resetRange(): void {
    if (this.#range) this.#zoom(undefined);
  }

  #zoom(range: StepRange | undefined): void {
    this.#range = range;
    for (const watch of this.runs) watch.zoom(range);
  }

  dispose(): void {
    for (const watch of this.runs) watch.dispose();
  }
}

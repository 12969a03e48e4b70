// What the engine makes of settings for a folder: asked again after every change, stale answers dropped, problems with their setting.
import type { RunPlan } from '../../../shared/contract-runs.ts';
import type { RpcClient } from '../../../shared/rpc-client.ts';
import type { AppContract } from '../../../shared/contract.ts';
import { AppError } from '../../../shared/errors.ts';
import { problemFrom } from './setting-form.ts';
import type { ChosenSettings, SettingProblem } from './setting-form.ts';

/** Typing and dragging settle before the engine is asked. */
const settleMilliseconds = 150;

export class PlannedSettings {
  readonly #client: RpcClient<AppContract>;
  readonly #onPlan: (plan: RunPlan) => void;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: (() => void) | undefined;
  #plan = $state.raw<RunPlan | undefined>(undefined);
  /** The same without anything chosen. */
  #suggested = $state.raw<RunPlan | undefined>(undefined);
  #folder: number | undefined;
  #problem = $state.raw<SettingProblem | undefined>(undefined);
  #busy = $state.raw(false);

  /** `onPlan` is called with each answer. */
  constructor(client: RpcClient<AppContract>, onPlan: (plan: RunPlan) => void = () => {}) {
    this.#client = client;
    this.#onPlan = onPlan;
  }

  /** The last answer; it stays while another is awaited and while settings are wrong. */
  get plan(): RunPlan | undefined {
    return this.#plan;
  }
  get suggested(): RunPlan | undefined {
    return this.#suggested;
  }
  get problem(): SettingProblem | undefined {
    return this.#problem;
  }
  get busy(): boolean {
    return this.#busy;
  }

  /** Asks for a plan, `fromWeights` of a run that begins with weights; what was asked before is dropped. */
  ask(folder: number, chosen: ChosenSettings, fromWeights = false): void {
    this.dispose();
    const first = folder !== this.#folder;
    if (first) {
      this.#folder = folder;
      this.#plan = this.#suggested = this.#problem = undefined;
    }
    this.#busy = true;
    const controller = (this.#controller = new AbortController());
    this.#timer = setTimeout(() => void this.#answer(folder, chosen, fromWeights, controller.signal), first ? 0 : settleMilliseconds);
  }

  async #answer(folder: number, chosen: ChosenSettings, fromWeights: boolean, signal: AbortSignal): Promise<void> {
    const settings = { ...chosen } as Record<string, number | boolean | string | number[]>;
    try {
      if (!this.#suggested) {
        const suggested = await this.#client.call('runs.plan', { folder, settings: {} }, { signal });
        if (signal.aborted) return;
        this.#suggested = suggested;
      }
      const plan =
        Object.keys(chosen).length === 0
          ? this.#suggested
          : await this.#client.call('runs.plan', { folder, settings, fromWeights }, { signal });
      if (signal.aborted) return;
      this.#plan = plan;
      this.#problem = undefined;
      this.#onPlan(plan);
    } catch (error) {
      if (signal.aborted || (error instanceof AppError && error.code === 'cancelled')) return;
      if (error instanceof AppError && error.code === 'engine-crashed') return this.#askWhenReady(folder, chosen);
      this.#problem = problemFrom(error);
    }
    this.#busy = false;
  }

  /** That the engine was away says nothing about the settings. */
  #askWhenReady(folder: number, chosen: ChosenSettings): void {
    this.#problem = undefined;
    this.#stopWaiting = this.#client.watch((state) => {
      if (state !== 'ready') return;
      clearTimeout(this.#timer);
      // Not at once: an engine that this question ends would be asked it as fast as it can be started.
      this.#timer = setTimeout(() => this.ask(folder, chosen), settleMilliseconds);
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#controller?.abort();
    this.#busy = false;
  }
}

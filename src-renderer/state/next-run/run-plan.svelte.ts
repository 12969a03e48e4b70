// What the engine makes of settings for a folder: asked again after every change, stale answers dropped, problems with their setting.
import type { RunPlan } from '../../../shared/contract/contract-runs.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { AppError } from '../../../shared/errors.ts';
import { problemFrom } from './setting-form.ts';
import type { ChosenSettings, SettingProblem } from './setting-form.ts';

/** Typing and dragging settle before the engine is asked. */
const settleMilliseconds = 150;

interface Question {
  readonly folder: number;
  readonly chosen: ChosenSettings;
  /** Of a run that begins with weights. */
  readonly fromWeights: boolean;
}

export class PlannedSettings {
  readonly #client: RpcClient<AppContract>;
  readonly #onPlan: (plan: RunPlan) => void;
  #controller: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopWaiting: (() => void) | undefined;
  #plan = $state.raw<RunPlan | undefined>(undefined);
  /** The same without anything chosen. */
  #suggested = $state.raw<RunPlan | undefined>(undefined);
  /** Whether that is of a run that begins with weights; absent where it is to be asked for anew. */
  #suggestedFromWeights: boolean | undefined;
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
    this.#ask({ folder, chosen, fromWeights });
  }

  /** What is suggested is asked for anew with the next question: by what was found out of the devices it may be something else. */
  forgetSuggested(): void {
    this.#suggestedFromWeights = undefined;
  }

  #ask(question: Question): void {
    this.dispose();
    const first = question.folder !== this.#folder;
    if (first) {
      this.#folder = question.folder;
      this.#plan = this.#suggested = this.#problem = undefined;
    }
    this.#busy = true;
    const controller = (this.#controller = new AbortController());
    this.#timer = setTimeout(() => void this.#answer(question, controller.signal), first ? 0 : settleMilliseconds);
  }

  async #answer(question: Question, signal: AbortSignal): Promise<void> {
    try {
      const suggested = await this.#suggestedFor(question, signal);
      if (signal.aborted) return;
      const plan = Object.keys(question.chosen).length === 0 ? suggested : await this.#planOf(question, signal);
      if (signal.aborted) return;
      this.#plan = plan;
      this.#problem = undefined;
      this.#onPlan(plan);
    } catch (error) {
      if (signal.aborted || (error instanceof AppError && error.code === 'cancelled')) return;
      if (error instanceof AppError && error.code === 'engine-crashed') return this.#askWhenReady(question);
      this.#problem = problemFrom(error);
    }
    this.#busy = false;
  }

  async #suggestedFor(question: Question, signal: AbortSignal): Promise<RunPlan> {
    const { fromWeights } = question;
    if (this.#suggested && this.#suggestedFromWeights === fromWeights) return this.#suggested;
    const suggested = await this.#planOf({ ...question, chosen: {} }, signal);
    if (signal.aborted) return suggested;
    this.#suggestedFromWeights = fromWeights;
    return (this.#suggested = suggested);
  }

  async #planOf({ folder, chosen, fromWeights }: Question, signal: AbortSignal): Promise<RunPlan> {
    const settings = { ...chosen } as Record<string, number | boolean | string | number[]>;
    return this.#client.call('runs.plan', { folder, settings, fromWeights }, { signal });
  }

  /** That the engine was away says nothing about the settings. */
  #askWhenReady(question: Question): void {
    this.#problem = undefined;
    this.#stopWaiting = this.#client.watch((state) => {
      if (state !== 'ready') return;
      clearTimeout(this.#timer);
      // Not at once: an engine that this question ends would be asked it as fast as it can be started.
      this.#timer = setTimeout(() => this.#ask(question), settleMilliseconds);
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

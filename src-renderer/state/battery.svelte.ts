// Pauses what trains while the computer runs on its battery, where the person wants that and the face knows of the power supply.
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import type { Face } from '../../shared/contract/face.ts';

const key = 'pause-on-battery';
const pausedKey = 'paused-on-battery';

interface Controls {
  readonly face: Pick<Face, 'onPower'>;
  /** Runs as they are. */
  readonly runs: () => readonly RunSummary[] | undefined;
  readonly control: (run: string, action: 'pause' | 'continue') => Promise<unknown>;
}

/** What became of a run that was paused here: the engine was asked, it pauses, the person went on with it. */
const marks = ['asked', 'paused', 'released'] as const;
type Mark = (typeof marks)[number];
const isMark = (value: unknown): value is Mark => marks.some((mark) => mark === value);

/** Runs of this battery period, which outlives a reload of the page. */
function remembered(): Map<string, Mark> {
  try {
    const kept: unknown = JSON.parse(globalThis.sessionStorage?.getItem(pausedKey) ?? '{}');
    return new Map(Object.entries(kept as object).filter((one): one is [string, Mark] => isMark(one[1])));
  } catch {
    return new Map();
  }
}

export class BatteryPause {
  readonly #controls: Controls;
  /** Whether the face can tell. */
  readonly known: boolean;
  #on = $state.raw(globalThis.localStorage?.getItem(key) === 'on');
  /** `undefined` until the face has said it. */
  #onBattery: boolean | undefined;
  /** Each run is paused once in a battery period, so that "continue" holds; those still paused go on by themselves after it. */
  readonly #runs = remembered();

  constructor(controls: Controls) {
    this.#controls = controls;
    this.known = controls.face.onPower !== undefined;
    controls.face.onPower?.((onBattery) => {
      this.#onBattery = onBattery;
      this.obey();
    });
  }

  get on(): boolean {
    return this.#on;
  }

  set(on: boolean): void {
    this.#on = on;
    globalThis.localStorage?.setItem(key, on ? 'on' : 'off');
    this.obey();
  }

  /** To be called with every new list of runs: one that begins to train on battery is paused too. */
  obey(): void {
    const runs = this.#controls.runs();
    if (!runs || this.#onBattery === undefined) return;
    const before = this.#text();
    for (const { name, state } of runs) {
      const mark = this.#runs.get(name);
      if (mark === 'asked' && state === 'paused') this.#runs.set(name, 'paused');
      if (mark === 'paused' && state === 'training') this.#runs.set(name, 'released');
    }
    if (this.#on && this.#onBattery) this.#pause(runs);
    else this.#goOn(runs);
    const now = this.#text();
    if (now !== before) globalThis.sessionStorage?.setItem(pausedKey, now);
  }

  #text(): string {
    return JSON.stringify(Object.fromEntries(this.#runs));
  }

  #pause(runs: readonly RunSummary[]): void {
    for (const { name, state } of runs) {
      if (state !== 'training' || this.#runs.has(name)) continue;
      this.#runs.set(name, 'asked');
      void this.#controls.control(name, 'pause');
    }
  }

  #goOn(runs: readonly RunSummary[]): void {
    for (const [name, mark] of this.#runs) {
      const state = runs.find((run) => run.name === name)?.state;
      // It pauses after the step that it is in.
      if (mark === 'asked' && state === 'training') continue;
      this.#runs.delete(name);
      if (mark !== 'released' && state === 'paused') void this.#controls.control(name, 'continue');
    }
  }
}

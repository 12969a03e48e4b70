// Pauses what trains while the computer runs on its battery, where the person wants that and the face knows of the power supply.
import type { Face } from '../../shared/face.ts';
import type { RunSummary } from '../../shared/contract-runs.ts';

const key = 'pause-on-battery';

interface Controls {
  readonly face: Pick<Face, 'onPower'>;
  /** Runs as they are. */
  readonly runs: () => readonly RunSummary[] | undefined;
  readonly control: (run: string, action: 'pause' | 'continue') => Promise<unknown>;
}

export class BatteryPause {
  readonly #controls: Controls;
  /** Whether the face can tell. */
  readonly known: boolean;
  #on = $state.raw(globalThis.localStorage?.getItem(key) === 'on');
  #onBattery = false;
  /** Runs that were paused here, and go on by themselves. */
  readonly #paused = new Set<string>();

  constructor(controls: Controls) {
    this.#controls = controls;
    this.known = controls.face.onPower !== undefined;
    controls.face.onPower?.((onBattery) => {
      this.#onBattery = onBattery;
      this.#obey();
    });
  }

  get on(): boolean {
    return this.#on;
  }

  set(on: boolean): void {
    this.#on = on;
    globalThis.localStorage?.setItem(key, on ? 'on' : 'off');
    this.#obey();
  }

  #obey(): void {
    const runs = this.#controls.runs() ?? [];
    if (this.#on && this.#onBattery) {
      for (const { name, state } of runs) {
        if (state !== 'training') continue;
        this.#paused.add(name);
        void this.#controls.control(name, 'pause');
      }
      return;
    }
    for (const name of this.#paused) {
      if (runs.some((run) => run.name === name && run.state === 'paused')) void this.#controls.control(name, 'continue');
    }
    this.#paused.clear();
  }
}

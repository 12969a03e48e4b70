// Settings of the run that is to be started next, per folder: Masks and Train change the same ones, and they outlive a change of view.
import type { ConfigKey } from '../../../shared/config-table.ts';
import type { ChosenSettings } from './setting-form.ts';

export class NextRun {
  #chosen = $state.raw<Readonly<Record<number, ChosenSettings>>>({});

  /** What was chosen for a folder; all else is suggested. */
  settings(folder: number): ChosenSettings {
    return this.#chosen[folder] ?? {};
  }

  /** Chooses some settings; the others stay. */
  keep(folder: number, settings: ChosenSettings): void {
    this.#chosen = { ...this.#chosen, [folder]: { ...this.settings(folder), ...settings } };
  }

  /** Leaves settings to the suggestion again; without keys all of them. */
  reset(folder: number, keys?: readonly ConfigKey[]): void {
    const rest = keys ? Object.fromEntries(Object.entries(this.settings(folder)).filter(([key]) => !keys.includes(key as ConfigKey))) : {};
    this.#chosen = { ...this.#chosen, [folder]: rest };
  }
}

// The run that is to be started next, per folder: settings, which Masks and Train change together, masks that are tried, and what is asked of
// it besides. All of it outlives a change of view.
import type { ConfigKey } from '../../../shared/config/config-table.ts';
import type { ChosenSettings } from './setting-form.ts';

/** The weights to begin with. */
export interface ChosenOrigin {
  readonly run: string;
  readonly checkpoint: string;
}

/** What is said of a run beside its settings; absent where nobody has said anything yet. */
export interface RunWishes {
  /** `null`: from scratch, as was chosen. */
  readonly origin?: ChosenOrigin | null;
  readonly name?: string;
  readonly note?: string;
  readonly usable?: boolean;
}

/** Settings that are tried and not chosen, and what was chosen of the same keys as they were. */
export interface TriedSettings {
  readonly settings: ChosenSettings;
  readonly over: ChosenSettings;
}

type PerFolder<T> = Readonly<Record<number, T>>;

function lacking<T>(all: PerFolder<T>, folder: number): PerFolder<T> {
  const { [folder]: _gone, ...rest } = all;
  return rest;
}

export class NextRun {
  #chosen = $state.raw<PerFolder<ChosenSettings>>({});
  #wishes = $state.raw<PerFolder<RunWishes>>({});
  #tried = $state.raw<PerFolder<TriedSettings | undefined>>({});

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

  wishes(folder: number): RunWishes {
    return this.#wishes[folder] ?? {};
  }

  /** Says something of the run; the rest stays. */
  wish(folder: number, wishes: RunWishes): void {
    this.#wishes = { ...this.#wishes, [folder]: { ...this.wishes(folder), ...wishes } };
  }

  /** Settings of masks that were tried; none where they are those that were chosen. */
  tried(folder: number): TriedSettings | undefined {
    return this.#tried[folder];
  }

  try(folder: number, tried: TriedSettings | undefined): void {
    this.#tried = { ...this.#tried, [folder]: tried };
  }

  /** Forgets all of a folder that is no longer in the library: another one may get its number. */
  forget(folder: number): void {
    this.#chosen = lacking(this.#chosen, folder);
    this.#wishes = lacking(this.#wishes, folder);
    this.#tried = lacking(this.#tried, folder);
  }
}

// What the machine is and what lies on its disk.
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { Storage, SystemInfo } from '../../../shared/contract/contract-system.ts';
import type { DeviceReport } from '../../../shared/devices.ts';
import type { AppError } from '../../../shared/errors.ts';
import { fromWire, toWire } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';
import { chooseTheme, rememberedTheme } from './settings-theme.ts';
import type { Theme } from './settings-theme.ts';

export type Found<T> =
  | { readonly state: 'asked' }
  | { readonly state: 'found'; readonly value: T }
  | { readonly state: 'failed'; readonly error: AppError };

export class Settings {
  readonly #studio: Studio;
  #info = $state.raw<Found<SystemInfo>>({ state: 'asked' });
  #storage = $state.raw<Found<Storage>>({ state: 'asked' });
  #test = $state.raw<Found<readonly DeviceReport[]> | undefined>(undefined);
  #clearing = $state.raw(false);
  #theme = $state.raw(rememberedTheme());

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get info(): Found<SystemInfo> {
    return this.#info;
  }
  get storage(): Found<Storage> {
    return this.#storage;
  }
  /** None before it was asked for. */
  get test(): Found<readonly DeviceReport[]> | undefined {
    return this.#test;
  }
  get clearing(): boolean {
    return this.#clearing;
  }
  get theme(): Theme {
    return this.#theme;
  }

  /** The last installation that was begun, as long as the engine tells of it. */
  get installation(): JobStatus | undefined {
    return this.#studio.jobs.findLast(({ kind }) => kind === 'install');
  }

  async look(): Promise<void> {
    const { client } = this.#studio;
    await Promise.all([
      found(client.call('system.info', {})).then((info) => (this.#info = info)),
      found(client.call('system.storage', {})).then((storage) => (this.#storage = storage)),
    ]);
  }

  async runTest(): Promise<void> {
    this.#test = { state: 'asked' };
    this.#test = await found(this.#studio.client.call('system.testDevices', {}));
    if (this.#test.state === 'found') this.#info = await found(this.#studio.client.call('system.info', {}));
  }

  /** Bytes freed, `undefined` when it failed. */
  async clearCache(): Promise<number | undefined> {
    this.#clearing = true;
    const answer = await this.#studio.ask('system.clearCache', {});
    this.#clearing = false;
    if (answer) this.#storage = await found(this.#studio.client.call('system.storage', {}));
    return answer?.freed;
  }

  chooseTheme(theme: Theme): void {
    this.#theme = theme;
    chooseTheme(theme);
  }
}

async function found<T>(answer: Promise<T>): Promise<Found<T>> {
  try {
    return { state: 'found', value: await answer };
  } catch (error) {
    return { state: 'failed', error: fromWire(toWire(error)) };
  }
}

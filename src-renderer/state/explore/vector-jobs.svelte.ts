// Computing the vectors of a folder: which encoders and devices could, and what is under way.
import type { InputOf } from '../../../shared/contract/channel.ts';
import type { JobStatus } from '../../../shared/contract/contract-jobs.ts';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import { isLive } from '../../../shared/contract/job-ends.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import type { Studio } from '../studio.svelte.ts';
import { runsWithEncoder } from './explore-sources.ts';

/** Whose vectors, and the device that computes them: the engine chooses that where nobody did. */
export type VectorChoice = Omit<InputOf<AppContract['explore.embed']>, 'folder'>;

export class VectorJobs {
  readonly #studio: Pick<Studio, 'runs' | 'jobs' | 'folder' | 'client' | 'ask'>;
  #devices = $state.raw<readonly DeviceId[]>([]);

  constructor(studio: Pick<Studio, 'runs' | 'jobs' | 'folder' | 'client' | 'ask'>) {
    this.#studio = studio;
  }

  /** Runs whose encoder could compute them. */
  get encoders(): readonly RunSummary[] {
    return runsWithEncoder(this.#studio.runs ?? []);
  }
  /** What could compute them; none until `learnDevices`. */
  get devices(): readonly DeviceId[] {
    return this.#devices;
  }
  /** Those of the folder that have not ended. */
  get live(): readonly JobStatus[] {
    return this.#studio.jobs.filter((job) => job.kind === 'embed' && isLive(job) && job.folder === this.#studio.folder?.id);
  }

  /** Computes the vectors that are missing. Whether that was begun: an error is said. */
  async compute(choice: VectorChoice): Promise<boolean> {
    const folder = this.#studio.folder;
    if (!folder) return false;
    const { device = 'auto', ...source } = choice;
    return (await this.#studio.ask('explore.embed', { folder: folder.id, ...source, device })) !== undefined;
  }

  /** Asks what could compute vectors. Where that cannot be told the engine chooses by itself. */
  async learnDevices(): Promise<void> {
    const info = await this.#studio.client.call('system.info', {}).catch(() => undefined);
    this.#devices = info?.devices.filter(({ state }) => state !== 'absent').map(({ id }) => id) ?? [];
  }
}

// What is new in a folder since it was read. The engine walks through all of it for that: once at a time, and for nobody who has gone on.
import type { FolderChanges } from '../../../shared/contract/contract-library.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';

export class LibraryChanges {
  readonly #client: Pick<RpcClient<AppContract>, 'call'>;
  readonly #onError: (error: unknown) => void;
  #look: AbortController | undefined;
  #found = $state.raw<FolderChanges | undefined>(undefined);

  constructor(client: Pick<RpcClient<AppContract>, 'call'>, onError: (error: unknown) => void) {
    this.#client = client;
    this.#onError = onError;
  }

  get found(): FolderChanges | undefined {
    return this.#found;
  }

  /** Looks again; what was found before stays until then. */
  async look(folder: number): Promise<void> {
    this.giveUp();
    const { signal } = (this.#look = new AbortController());
    try {
      const found = await this.#client.call('library.changes', { folder }, { signal });
      if (!signal.aborted) this.#found = found;
    } catch (error) {
      if (!signal.aborted) this.#onError(error);
    }
  }

  /** Gives up a look that is under way. */
  giveUp(): void {
    this.#look?.abort();
  }

  /** What was found holds no longer. */
  forget(): void {
    this.giveUp();
    this.#found = undefined;
  }
}

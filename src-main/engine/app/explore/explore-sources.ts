// What a folder can be searched by, told without reading a vector.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { EmbeddingSource } from '../../../../shared/contract/contract-explore.ts';
import { listCheckpoints } from '../../../training/run-folder/run-folder.ts';
import { checkpointName, embeddingFolders } from '../../vectors/embedding-folders.ts';
import { weightsHash } from '../../vectors/embeddings.ts';
import type { FolderContents } from '../folders/folder-contents.ts';
import type { RunStore } from '../runs/run-store.ts';

/** Contents of a store up to its last commit, 32 bytes each; empty for one that is damaged. */
function committedHashes(folder: string): Uint8Array {
  try {
    const { rows } = JSON.parse(readFileSync(join(folder, 'committed.json'), 'utf8')) as { rows: number };
    return readFileSync(join(folder, 'hashes.bin')).subarray(0, 32 * rows);
  } catch {
    return new Uint8Array(0);
  }
}

interface Counted {
  readonly stamp: string;
  readonly embedded: number;
}

export class Sources {
  readonly #store: RunStore;
  readonly #counted = new Map<string, Counted>();

  constructor(store: RunStore) {
    this.#store = store;
  }

  /** Images of a folder that a store has. */
  async #count(store: string, id: number, contents: FolderContents): Promise<number> {
    const stats = statSync(join(store, 'committed.json'), { throwIfNoEntry: false });
    const [key, stamp] = [`${store} ${id}`, `${stats?.mtimeMs} ${stats?.size} ${contents.digest}`];
    const known = this.#counted.get(key);
    if (known?.stamp === stamp) return known.embedded;
    const embedded = await contents.count(committedHashes(store));
    this.#counted.set(key, { stamp, embedded });
    return embedded;
  }

  /**
   * The sources of a folder with at least one vector, the newest first. Vectors whose checkpoint is gone are none: no other picture could
   * be compared with them.
   */
  async of(id: number, contents: FolderContents): Promise<readonly EmbeddingSource[]> {
    const { home } = this.#store.studio;
    const stores = embeddingFolders(home);
    const sources: (EmbeddingSource & { readonly created: string })[] = [];
    for (const run of stores.length > 0 ? this.#store.names() : []) {
      for (const { file } of listCheckpoints(this.#store.path(run))) {
        const header = checkpointName(file);
        const own = stores.filter(({ manifest }) => manifest.runId === header?.run && manifest.step === header.step);
        for (const { folder, manifest } of own) {
          await breathe();
          if (manifest.weightsHash !== (await weightsHash(file))) continue;
          const { step, layer, dimension, created } = manifest;
          const embedded = await this.#count(folder, id, contents);
          if (embedded === 0 || (layer !== 'last' && layer !== 'last4')) continue;
          sources.push({ run, step, layer, dimension, embedded, images: contents.images, created });
        }
      }
    }
    return sources.toSorted((a, b) => (a.created < b.created ? 1 : -1)).map(({ created: _created, ...source }) => source);
  }
}

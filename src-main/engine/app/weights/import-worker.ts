// Entry of the thread that reads weights from elsewhere: gigabytes are read, turned and written, and the engine answers meanwhile. It
// lives for one import and is ended where that is given up: it has no turn in which it could hear of that.
import { parentPort, workerData } from 'node:worker_threads';
import type { WireError } from '../../../../shared/errors.ts';
import { toWire } from '../../../../shared/errors.ts';
import type { Home } from '../../home.ts';
import { importWeights } from '../../runs/import-weights.ts';
import type { BegunRun } from '../../runs/import-weights.ts';

export interface ImportRequest {
  readonly home: Home;
  readonly path: string;
  readonly name: string | undefined;
  /** Attention heads, of a file that does not say them. */
  readonly heads: number | undefined;
  /** What else a person should know of them, in sentences. */
  readonly notes: readonly string[];
}

export type FromImport =
  | { readonly type: 'read'; readonly done: number; readonly total: number }
  | { readonly type: 'write'; readonly begun: BegunRun }
  | { readonly type: 'ok'; readonly run: string; readonly notes: readonly string[] }
  | { readonly type: 'fail'; readonly error: WireError };

/** Milliseconds between two messages of progress. */
const pause = 100;

const { home, path, name, heads, notes: known } = workerData as ImportRequest;
const say = (message: FromImport): void => parentPort!.postMessage(message);
let said = -Infinity;
try {
  const { name: run, notes } = importWeights(home, path, {
    ...(name !== undefined && { name }),
    ...(heads !== undefined && { heads }),
    notes: known,
    onRead: (done, total) => {
      if (performance.now() - said < pause && done < total) return;
      said = performance.now();
      say({ type: 'read', done, total });
    },
    onWrite: (begun) => say({ type: 'write', begun }),
  });
  say({ type: 'ok', run, notes });
} catch (error) {
  say({ type: 'fail', error: toWire(error) });
}

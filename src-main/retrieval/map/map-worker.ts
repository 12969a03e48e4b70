// Entry of the thread that draws a map: seconds to a minute of one core, in which the engine must answer.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../../shared/errors.ts';
import type { WireError } from '../../../shared/errors.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { EmbeddingStore } from '../embedding-store.ts';
import { libraryMap } from './library-map.ts';
import type { EarlierPlaces, MapSpaces } from './library-map.ts';

export interface MapTask extends MapSpaces {
  /** Folder of the vectors. */
  readonly store: string;
  /** Rows of the store. */
  readonly rows: Uint32Array;
  readonly earlier: EarlierPlaces | undefined;
}
export type MapMessage = { readonly share: number } | { readonly places: Float32Array } | { readonly error: WireError };

/** Milliseconds between two words on how far it is. */
const pause = 100;

const { store: folder, rows, earlier, ...spaces } = workerData as MapTask;
let said = 0;

function tell(share: number): void {
  if (performance.now() - said < pause) return;
  said = performance.now();
  parentPort!.postMessage({ share } satisfies MapMessage);
}

async function work(): Promise<MapMessage> {
  const store = await EmbeddingStore.openForReading(folder);
  try {
    return { places: atOnce(libraryMap(await store.read(rows), spaces, earlier, tell)) };
  } finally {
    await store.dispose();
  }
}

parentPort!.postMessage(await work().catch((error: unknown): MapMessage => ({ error: toWire(error) })));
parentPort!.close();

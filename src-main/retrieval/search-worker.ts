// The search thread: owns the vectors and answers one message after another, so that a search never blocks the engine's loop.
import { parentPort, workerData } from 'node:worker_threads';
import { AppError, toWire, type WireError } from '../../shared/errors.ts';
import { type Neighbours, type SearchRequest, VectorMemory } from './vector-memory.ts';

export interface SearchThreadData {
  readonly dimension: number;
  readonly limitBytes: number | undefined;
  readonly spillPath: string | undefined;
}

/** Request → reply of the search thread. */
export interface SearchCalls {
  describe: { request: null; reply: { stride: number; vectorsAt: number; memoryRows: number } };
  reserve: { request: number; reply: { buffer: SharedArrayBuffer; held: number; room: number } };
  accept: { request: number; reply: null };
  spill: { request: Float32Array; reply: null };
  search: { request: SearchRequest; reply: Neighbours[] };
  vector: { request: number; reply: Float32Array };
  measure: { request: { query: Float32Array; k: number }; reply: { search: number; sum: number } };
  close: { request: null; reply: null };
}
export type SearchCall = keyof SearchCalls;

export interface SearchMessage {
  readonly id: number;
  readonly call: SearchCall;
  readonly request: unknown;
}
export type SearchReply =
  | { readonly id: number; readonly ok: true; readonly reply: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

type Handlers = { readonly [C in SearchCall]: (request: SearchCalls[C]['request']) => SearchCalls[C]['reply'] };

function handlersOf(memory: VectorMemory): Handlers {
  return {
    describe: () => ({ stride: memory.stride, vectorsAt: memory.vectorsAt, memoryRows: memory.memoryRows }),
    reserve: (rows) => memory.reserve(rows),
    accept: (rows) => {
      memory.accept(rows);
      return null;
    },
    spill: (vectors) => {
      memory.spill(vectors);
      return null;
    },
    search: (request) => memory.search(request),
    vector: (row) => memory.vector(row),
    measure: ({ query, k }) => memory.measure(query, k),
    close: () => {
      memory.dispose();
      return null;
    },
  };
}

function serve(): void {
  const port = parentPort;
  if (!port) throw new AppError('internal', 'The search thread was started as a program.', 'Use SearchIndex.');
  const { dimension, limitBytes, spillPath } = workerData as SearchThreadData;
  let handlers: Handlers | undefined;
  port.on('message', ({ id, call, request }: SearchMessage) => {
    try {
      handlers ??= handlersOf(new VectorMemory(dimension, limitBytes, spillPath));
      const handler = handlers[call] as (request: unknown) => unknown;
      port.postMessage({ id, ok: true, reply: handler(request) } satisfies SearchReply);
    } catch (error) {
      port.postMessage({ id, ok: false, error: toWire(error) } satisfies SearchReply);
    }
  });
}

serve();

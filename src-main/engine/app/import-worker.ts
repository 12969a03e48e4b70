// Entry of the thread that reads weights from elsewhere: gigabytes are read, turned and written, and the engine answers meanwhile.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../../shared/errors.ts';
import type { Home } from '../home.ts';
import { importWeights } from '../import-weights.ts';
import type { WorkerAnswer } from './worker-calls.ts';

export interface ImportRequest {
  readonly home: Home;
  readonly path: string;
  readonly name: string | undefined;
}

parentPort!.on('message', ({ id, request }: { readonly id: number; readonly request: ImportRequest }) => {
  const { home, path, name } = request;
  let answer: WorkerAnswer;
  try {
    const { name: run, notes } = importWeights(home, path, name === undefined ? {} : { name });
    answer = { id, result: { run, notes } };
  } catch (error) {
    answer = { id, error: toWire(error) };
  }
  parentPort!.postMessage(answer);
});

// Entry of the thread that draws masks: hundreds of draws on a fine grid take longer than the engine may be away.
import { parentPort } from 'node:worker_threads';
import { toWire } from '../../../../shared/errors.ts';
import type { WorkerAnswer } from '../../../files/worker-calls.ts';
import { sampleMasks } from './mask-sample.ts';
import type { MaskRequest } from './mask-sample.ts';

parentPort!.on('message', ({ id, request }: { readonly id: number; readonly request: MaskRequest }) => {
  let answer: WorkerAnswer;
  try {
    answer = { id, result: sampleMasks(request) };
  } catch (error) {
    answer = { id, error: toWire(error) };
  }
  parentPort!.postMessage(answer);
});

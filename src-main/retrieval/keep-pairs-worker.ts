// The thread that writes pairs beside the vectors.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire } from '../../shared/errors.ts';
import type { ThreadMessage } from '../files/thread-work.ts';
import { keepPairs } from './kept-pairs.ts';
import type { KeepTask } from './kept-pairs.ts';

function work(): ThreadMessage<null> {
  try {
    const { folder, kept } = workerData as KeepTask;
    keepPairs(folder, kept);
    return { result: null };
  } catch (error) {
    return { error: toWire(error) };
  }
}

parentPort?.postMessage(work());

// Entry of the trainer process: the only place where onnxruntime is loaded. Jobs queue; control messages reach the running one.
import { assertNever, toWire } from '../../shared/errors.ts';
import { RunControl } from '../training/run-control.ts';
import { runEmbedJob, runEmbedPixelsJob } from './embed-job.ts';
import { runEvaluateJob } from './evaluate-job.ts';
import type { FromTrainer, Job, JobTypes, ToTrainer } from './protocol.ts';
import { runSelfTest } from './self-test.ts';
import { runTrainJob } from './train-job.ts';

let control = new RunControl();
let queue: Promise<void> = Promise.resolve();
let busy = false;

function send(message: FromTrainer): void {
  if (process.connected) process.send!(message);
}

async function perform(job: Job, onEvent: (event: JobTypes[Job['kind']]['event']) => void): Promise<JobTypes[Job['kind']]['result']> {
  switch (job.kind) {
    case 'train':
      return runTrainJob(job, control, onEvent);
    case 'embed':
      return runEmbedJob(job, () => control.stopping, onEvent);
    case 'embed-pixels':
      return runEmbedPixelsJob(job);
    case 'evaluate':
      return runEvaluateJob(job, onEvent);
    case 'self-test':
      return runSelfTest(job);
    default:
      return assertNever(job);
  }
}

process.on('message', (message: ToTrainer) => {
  if (message.type === 'control') {
    control[message.action]();
    return;
  }
  const { id, job } = message;
  queue = queue.then(async () => {
    busy = true;
    control = new RunControl();
    try {
      const result = await perform(job, (event) => send({ type: 'event', id, event }));
      send({ type: 'done', id, result });
    } catch (error) {
      send({ type: 'failed', id, error: toWire(error) });
    }
    busy = false;
    if (!process.connected) process.exit(0);
  });
});

// The engine is gone: finish the step, keep a checkpoint, and end.
process.on('disconnect', () => {
  control.stop();
  if (!busy) process.exit(0);
});
// Ctrl-C reaches the whole group of processes; the engine decides what it means.
process.on('SIGINT', () => {});

send({ type: 'ready' });

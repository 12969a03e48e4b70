// Entry of the trainer process: the only place where onnxruntime is loaded. Jobs queue; control messages reach the running one.
import { assertNever, toWire } from '../../shared/errors.ts';
import { RunControl } from '../training/run-control.ts';
import { runEmbedJob, runEmbedPixelsJob } from './embed-job.ts';
import { runEvaluateJob } from './evaluate-job.ts';
import type { FromTrainer, Job, JobTypes, ToTrainer } from './protocol.ts';
import { runSelfTest } from './self-test.ts';
import { runTrialJob } from './trial-job.ts';
import { runTrainJob } from './train-job.ts';

let control = new RunControl();
let queue: Promise<void> = Promise.resolve();
/** Kind of the running job. */
let running: Job['kind'] | undefined;

function send(message: FromTrainer): void {
  // The engine may be gone before the message is: that is no fault of the job, which still has a checkpoint to write.
  if (process.connected) process.send!(message, undefined, undefined, () => {});
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
    case 'trial':
      return runTrialJob(job);
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
    running = job.kind;
    control = new RunControl();
    try {
      const result = await perform(job, (event) => send({ type: 'event', id, event }));
      send({ type: 'done', id, result });
    } catch (error) {
      send({ type: 'failed', id, error: toWire(error) });
    }
    running = undefined;
    if (!process.connected) process.exit(0);
  });
});

// The engine is gone: finish the step, keep a checkpoint or the vectors made so far, and end. Other work is of use to nobody now.
process.on('disconnect', () => {
  control.stop();
  if (running !== 'train' && running !== 'embed') process.exit(0);
});
// Ctrl-C reaches the whole group of processes; the engine decides what it means.
process.on('SIGINT', () => {});

send({ type: 'ready' });

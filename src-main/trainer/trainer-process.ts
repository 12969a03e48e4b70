// Entry of the trainer process: the only place where onnxruntime is loaded. Jobs queue; control messages reach the running one.
import { assertNever, toWire } from '../../shared/errors.ts';
import type { TrainEvent } from '../../shared/train-events.ts';
import { holdCard } from '../files/card-lock.ts';
import { noteLeft } from '../files/folder-lock.ts';
import { RunControl } from '../training/run-control.ts';
import { runEmbedJob, runEmbedPixelsJob } from './embed-job.ts';
import { runEvaluateJob } from './evaluate-job.ts';
import { runFeaturesJob } from './features-job.ts';
import { guardOrphan } from './orphan-guard.ts';
import { cardUseOf } from './protocol.ts';
import type { FromTrainer, Job, JobTypes, ToTrainer, TrainJob } from './protocol.ts';
import { runSelfTest } from './self-test.ts';
import { runTrainJob } from './train-job.ts';
import { runTrialJob } from './trial-job.ts';

/** Number of the process that this one works for; it says so, since the parent of one that has lost its own is another. */
const engine = Number(process.argv[2] ?? process.ppid);

/** Of the jobs that are here, the running one first. A message may come before its job has begun: both arrive together at the start. */
const controls: RunControl[] = [];
let queue: Promise<void> = Promise.resolve();
let running: Job | undefined;
/** Whether this process ends with the running job. */
let ending = false;
let guarded = false;

/** Resolves once the message is on its way. The engine may be gone before it: that is no fault of the job, which has a checkpoint to write. */
async function send(message: FromTrainer): Promise<void> {
  if (process.connected) await new Promise<void>((resolve) => process.send!(message, undefined, undefined, () => resolve()));
}

/** On the card this process says so itself as well: left by its engine it may compute there for minutes, maybe stuck in one call of a driver. */
async function trainMarked(job: TrainJob, control: RunControl, onEvent: (event: TrainEvent) => void): Promise<undefined> {
  const letGo = cardUseOf(job) === undefined ? (): void => {} : holdCard('works', engine);
  try {
    return await runTrainJob(job, control, onEvent, engine);
  } finally {
    letGo();
  }
}

async function perform(
  job: Job,
  control: RunControl,
  onEvent: (event: JobTypes[Job['kind']]['event']) => void,
): Promise<JobTypes[Job['kind']]['result']> {
  switch (job.kind) {
    case 'train':
      if (!guarded) guardOrphan();
      guarded = true;
      return trainMarked(job, control, onEvent);
    case 'embed':
      return runEmbedJob(job, () => control.stopping, onEvent);
    case 'embed-pixels':
      return runEmbedPixelsJob(job);
    case 'features':
      return runFeaturesJob(job);
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
    controls[0]?.[message.action]();
    return;
  }
  const { id, job } = message;
  const control = new RunControl();
  controls.push(control);
  queue = queue.then(async () => {
    running = job;
    const reply = await perform(job, control, (event) => void send({ type: 'event', id, event })).then(
      (result) => ({ type: 'done', id, result }) as const,
      (error: unknown) => ({ type: 'failed', id, error: toWire(error) }) as const,
    );
    // Before the reply: whoever has it may send the next job and a message to it.
    controls.shift();
    await send(reply);
    running = undefined;
    if (ending) process.exit(0);
  });
});

/** Gives the step or the evaluation up, keeps a checkpoint or the vectors made so far, and ends. Other work is of use to nobody then. */
function end(): void {
  ending = true;
  controls[0]?.stop();
  if (running?.kind !== 'train' && running?.kind !== 'embed') process.exit(0);
}

// The engine is gone.
process.on('disconnect', () => {
  // Its number may be another process's soon, and then no sign that it has gone.
  if (running?.kind === 'train') noteLeft(process.pid, running.run);
  end();
});
process.on('SIGTERM', end);
process.on('SIGHUP', end); // the terminal was closed
// Ctrl-C reaches the whole group of processes; the engine decides what it means.
process.on('SIGINT', () => {});

void send({ type: 'ready' });

// Entry of a thread that does its share of every step. Between two questions it sleeps: a message through the event loops of both threads
// takes as long as several kernels.
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { toWire } from '../../../shared/errors.ts';
import { answered, asked } from './share-questions.ts';
import type { ShareAnswer, ShareQuestion, StepThreadData } from './share-questions.ts';
import { StepShare } from './step-share.ts';
import type { ShareCalls } from './step-share.ts';

const { port, turns, ...settings } = workerData as StepThreadData;

async function answerTo(work: () => Promise<ShareCalls[keyof ShareCalls]['answer']>): Promise<ShareAnswer> {
  try {
    return { answer: await work() };
  } catch (error) {
    return { failed: toWire(error) };
  }
}

let share: StepShare | undefined;
parentPort!.postMessage(
  await answerTo(async () => {
    share = await StepShare.create(settings);
    return undefined;
  }),
);

for (let turn = 0; share; turn++) {
  // Who asks may be halted between the question and the word that wakes: what comes after the answer wakes for nothing.
  while (Atomics.load(turns, asked) === turn) Atomics.wait(turns, asked, turn);
  const { message: question } = receiveMessageOnPort(port) as { message: ShareQuestion };
  if (question === 'dispose') break;
  const one = share;
  port.postMessage(await answerTo(async () => one.call(question.call as 'accumulate', question.ask as ShareCalls['accumulate']['ask'])));
  Atomics.store(turns, answered, turn + 1);
  Atomics.notify(turns, answered);
}
await share?.dispose();
port.close();

import { afterAll, expect, it } from 'vitest';
import { WorkerCalls } from './worker-calls.ts';

/** Answers with what it is given, and for `spin` never. */
const entry = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ id, request }) => {
      while (request === 'spin');
      parentPort.postMessage({ id, result: request });
    });`)}`,
);
const calls = new WorkerCalls<string, string>(entry);
afterAll(async () => calls.dispose());

it('a thread that works for nobody is ended, and the next question has a new one', async () => {
  expect(await calls.call('first')).toBe('first');
  const stop = new AbortController();
  const spinning = calls.call('spin', stop.signal);
  stop.abort();
  await expect(spinning).rejects.toMatchObject({ code: 'cancelled' });
  expect(calls.isStarted).toBe(false);
  expect(await calls.call('second')).toBe('second');
});

it('a thread that answers soon after a question was given up stays', async () => {
  const stop = new AbortController();
  const answer = calls.call('third', stop.signal);
  stop.abort();
  expect(await answer).toBe('third');
  expect(calls.isStarted).toBe(true);
});

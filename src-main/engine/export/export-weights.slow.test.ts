// When an export of weights is over: once its thread has ended, and no sooner.
import type { EventEmitter } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { AppError, toWire } from '../../../shared/errors.ts';
import { exportWeights } from './export-weights.ts';

const threads: EventEmitter[] = [];
vi.mock('node:worker_threads', async (original) => {
  const { EventEmitter: Emitter } = await import('node:events');
  class Worker extends Emitter {
    constructor() {
      super();
      threads.push(this);
    }
  }
  return { ...(await original<object>()), Worker };
});
afterEach(() => void (threads.length = 0));

/** An export that has begun: its thread, and what has come of it by now. */
function begun(): { thread: EventEmitter; result: Promise<void>; isOver: () => Promise<boolean> } {
  let over = false;
  const result = exportWeights({ file: (name: string) => name } as never, ['safetensors'], { model: {} } as never);
  result.then(
    () => (over = true),
    () => (over = true),
  );
  const isOver = async (): Promise<boolean> => {
    await new Promise((resolve) => setImmediate(resolve));
    return over;
  };
  return { thread: threads[0]!, result, isOver };
}

it('is over when its thread has ended, which has files open until then', async () => {
  const { thread, result, isOver } = begun();
  thread.emit('message', {});
  expect(await isOver()).toBe(false);
  thread.emit('exit', 0);
  await result;
});

it('that fails in its thread is over then as well, and says why', async () => {
  const { thread, result, isOver } = begun();
  thread.emit('error', new Error('of the thread'));
  expect(await isOver()).toBe(false);
  thread.emit('exit', 1);
  await expect(result).rejects.toThrow('of the thread');
});

it('says what its thread could not write, and when that ended without a word', async () => {
  const full = begun();
  full.thread.emit('message', { error: toWire(new AppError('disk-full', 'The disk is full.', 'Free some space.')) });
  full.thread.emit('exit', 0);
  await expect(full.result).rejects.toMatchObject({ code: 'disk-full' });
  threads.length = 0;
  const silent = begun();
  silent.thread.emit('exit', 1);
  await expect(silent.result).rejects.toMatchObject({ code: 'internal' });
});

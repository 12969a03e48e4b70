import { expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { CardWork } from './card-work.ts';

const config = parseConfig({ imageSize: 32, patchSize: 4, batchSize: 96 });
const lost = new AppError('device-failed', 'The graphics card was lost.', 'Again.');
const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');

/** A run that has started with micro-batches of so many images and made some steps. */
function workWith(microBatch: number, steps: number, { device = 'webgpu' as 'webgpu' | 'cpu', settings = config } = {}): CardWork {
  const work = new CardWork(device, settings);
  work.see({ type: 'started', sizes: { microBatch } } as TrainEvent);
  for (let step = 1; step <= steps; step++) work.see({ type: 'step', step: 40 + step } as TrainEvent);
  return work;
}

it('a card that is lost in its first steps has too large a micro-batch, which is halved, and that is said', () => {
  for (const steps of [0, 1, 2]) {
    const note = workWith(96, steps).noteOf(lost, 40);
    expect(note).toMatchObject({ type: 'note', step: 40, microBatch: 48, fromCheckpoint: true });
    expect(note!.message).toContain('failed in its first steps, with micro-batches of 96 images; it goes on with 48');
  }
});

it('a card that is lost later, before the start, with the smallest or a set micro-batch is another matter, and so is a processor', () => {
  expect(workWith(96, 3).noteOf(lost, 40)).toBeUndefined();
  expect(new CardWork('webgpu', config).noteOf(lost, 40)).toBeUndefined();
  expect(workWith(1, 0).noteOf(lost, 40)).toBeUndefined();
  expect(workWith(48, 0, { settings: { ...config, microBatch: 48 } }).noteOf(lost, 40)).toBeUndefined();
  expect(workWith(48, 0, { device: 'cpu' }).noteOf(lost, 40)).toBeUndefined();
});

it('a card that is full has the next smaller one at any time, by what the run was made to pass last', () => {
  const work = workWith(96, 9);
  work.see({ type: 'note', step: 9, message: 'Too large.', hint: 'Less.', microBatch: 24 });
  expect(work.noteOf(full, 40)).toMatchObject({ microBatch: 16, message: expect.stringContaining('no longer holds') as string });
});

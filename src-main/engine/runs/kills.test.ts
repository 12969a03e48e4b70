import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { usedMicroBatch } from '../../training/plan/fit-micro-batch.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';
import { smallRecord } from '../../training/testing/small-run.ts';
import { Kills } from './kills.ts';

describe('a run whose trainer the system ends', () => {
  let place: string;
  let run: string;
  let notes: TrainEvent[];
  let kills: Kills;
  const keep = (step: number): void => writeFileSync(join(run, 'checkpoints', `step-${step}.safetensors`), '');
  const mayGoOn = (): boolean => kills.mayGoOn((note) => notes.push(note));
  const start = (device: 'cpu' | 'webgpu', microBatch: number): void => {
    const folder = RunFolder.open(run);
    folder.log({ type: 'started', step: 0, device, sizes: { microBatch } } as unknown as TrainEvent);
    folder.dispose();
  };
  const begin = (settings: Readonly<Record<string, unknown>>): void => {
    place = mkdtempSync(join(tmpdir(), 'ijepa-kills-'));
    run = join(place, 'small-1');
    RunFolder.create(run, smallRecord(settings)).dispose();
    notes = [];
    kills = new Kills(run);
  };
  beforeEach(() => begin({ microBatch: 0 }));
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it('goes on as it was, then with smaller micro-batches, each in its log, down to the smallest', () => {
    start('cpu', 4);
    expect(mayGoOn()).toBe(true);
    expect(notes).toEqual([]);
    keep(5);
    for (const images of [2, 1]) {
      start('cpu', 2 * images);
      expect(mayGoOn()).toBe(true);
      expect(usedMicroBatch(run, 'cpu')).toBe(images);
    }
    const told = 'The system has ended the training process again, with micro-batches of 4 images, most likely for want of memory';
    expect(notes).toMatchObject([
      { type: 'note', step: 5, microBatch: 2, fromCheckpoint: true, message: `${told}; it goes on with 2 from the last checkpoint.` },
      { microBatch: 1 },
    ]);
    expect(readFileSync(join(run, 'train.log'), 'utf8')).toContain(told);
    start('cpu', 1);
    expect(mayGoOn()).toBe(false);
  });

  it('begins with less at once where it was ended again before it told of a start', () => {
    start('cpu', 4);
    expect([mayGoOn(), mayGoOn(), mayGoOn(), mayGoOn()]).toEqual([true, true, true, false]);
    expect(notes).toMatchObject([{ microBatch: 2 }, { microBatch: 1 }]);
  });

  it.each([
    ['sets its micro-batch', { microBatch: 4 }, 'cpu'],
    ['is on a card', { microBatch: 0 }, 'webgpu'],
  ] as const)(
    'goes on each time that it has kept a later checkpoint since the one before, and else once, where it %s',
    (_, settings, device) => {
      rmSync(place, { recursive: true, force: true });
      begin(settings);
      start(device, 4);
      expect([mayGoOn(), mayGoOn()]).toEqual([true, false]);
      for (const step of [5, 10]) {
        keep(step);
        expect([mayGoOn(), mayGoOn()]).toEqual([true, false]);
      }
      expect(notes).toEqual([]);
      // Another start of the run counts anew.
      expect(new Kills(run).mayGoOn()).toBe(true);
    },
  );
});

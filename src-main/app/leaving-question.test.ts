import { expect, it } from 'vitest';
import { jobKinds } from '../../shared/contract/contract-jobs.ts';
import type { JobKind, JobStatus } from '../../shared/contract/contract-jobs.ts';
import { leavingQuestion } from './leaving-question.ts';

const job = (kind: JobKind, subject = 'Pictures'): JobStatus => ({
  id: 1,
  kind,
  subject,
  state: 'running',
  progress: { done: 0, total: 0, unit: '', rate: 0 },
  detail: '',
  startedAt: 0,
});

it('nobody is asked where nothing is under way that would be missed', () => {
  expect(leavingQuestion([], [])).toBeUndefined();
  expect(leavingQuestion([], [job('trial'), job('self-test')])).toBeUndefined();
});

it('a run is said to keep its checkpoint, and once: its job says nothing more', () => {
  expect(leavingQuestion(['Pictures-1'], [job('train', 'Pictures-1')])).toEqual({
    message: '“Pictures-1” is still learning.',
    detail: 'Training goes on only while the program runs. It keeps a checkpoint of this moment, and “Resume” goes on from there.',
    buttons: ['Stop and keep the checkpoint', 'Cancel'],
  });
  expect(leavingQuestion(['a', 'b'], [])).toMatchObject({
    message: '2 runs are still learning.',
    detail: expect.stringContaining('“a” is still learning.\n“b” is still learning.') as unknown,
  });
});

it('every other long work is asked about by its name', () => {
  for (const kind of jobKinds) {
    if (['train', 'trial', 'self-test'].includes(kind)) continue;
    const { message, buttons } = leavingQuestion([], [job(kind, 'Sample')])!;
    expect(message, kind).toMatch(/sample.* (is|are) still being /i);
    expect(buttons).toEqual(['Stop and quit', 'Cancel']);
  }
});

it('what is left of the work is said: downloads and vectors go on, an export begins anew', () => {
  expect(leavingQuestion([], [job('weights', 'vit-h-14')])!.detail).toBe(
    'What was read, computed or fetched so far is kept; asked for again, it goes on from there.',
  );
  expect(leavingQuestion([], [job('export', 'vectors')])!.detail).toMatch(/begins anew\.$/);
  expect(leavingQuestion([], [job('export', 'vectors')])!.detail).not.toContain('kept');
  const several = leavingQuestion(['Pictures-1'], [job('embed', 'Pictures-2'), job('export', 'vectors')])!;
  expect(several.message).toBe('3 tasks are still under way.');
  expect(several.detail.split('\n').slice(0, 4)).toEqual([
    '“Pictures-1” is still learning.',
    'The vectors of “Pictures-2” are still being computed.',
    'The export “vectors” is still being written.',
    '',
  ]);
  expect(several.buttons[0]).toBe('Stop and keep the checkpoint');
});

import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../../shared/contract/contract-runs.ts';
import { AppError } from '../../../../shared/errors.ts';
import { RunList } from './run-list.ts';

const summary: RunSummary = {
  name: '',
  created: '2026-01-01T00:00:00Z',
  note: '',
  folder: '/pictures',
  folderId: 1,
  state: 'done',
  step: 9,
  steps: 9,
  images: 20,
  imported: false,
  bytes: 1000,
  bestStep: undefined,
  checkpoints: [9],
};

/** A list over runs of these names, oldest first; one with an error cannot be read. */
const listOf = (runs: Readonly<Record<string, Error | undefined>>): RunList =>
  new RunList(
    {
      names: () => Object.keys(runs),
      summary: async (name) => {
        const error = runs[name];
        if (error) throw error;
        return { ...summary, name };
      },
    },
    { active: () => undefined },
  );

describe('the list of runs', () => {
  it('shows a run whose files cannot be read with the reason, and all others as they are', async () => {
    const denied = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
    const runs = await listOf({ first: undefined, broken: denied, last: undefined }).list();
    expect(runs.map(({ name, state }) => [name, state])).toEqual([
      ['last', 'done'],
      ['broken', 'failed'],
      ['first', 'done'],
    ]);
    expect(runs[1]).toMatchObject({ problem: expect.stringContaining('EIO') as unknown, checkpoints: [] });
  });

  it('leaves out a run that was deleted meanwhile', async () => {
    const runs = await listOf({ first: undefined, gone: new AppError('not-found', 'There is no run.', 'Look again.') }).list();
    expect(runs.map(({ name }) => name)).toEqual(['first']);
  });
});

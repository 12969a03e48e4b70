import { expect, it } from 'vitest';
import type { RunDetails, RunSummary } from '../../../shared/contract/contract-runs.ts';
import { listedDetails } from './listed-details.ts';

const summary = { name: 'a', created: '2026-11-25T10:00:00.000Z', state: 'training', step: 5, steps: 10 } as RunSummary;
const known = { summary, threads: 8 } as RunDetails;

it('details follow the list of runs, and keep what was known of a run whose record cannot be read any more', () => {
  expect(listedDetails(known, undefined)).toBe(known);
  expect(listedDetails(known, { ...summary, step: 6 })).toEqual({ ...known, summary: { ...summary, step: 6 } });
  const damaged = { ...summary, created: '', state: 'failed', problem: 'The record is damaged.', step: 0, steps: 0 } as const;
  expect(listedDetails(known, damaged).summary).toEqual({ ...summary, state: 'failed', problem: 'The record is damaged.' });
});

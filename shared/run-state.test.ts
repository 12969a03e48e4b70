import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canMove, canResume, isActive, moveRun, runStates } from './run-state.ts';
import type { RunState } from './run-state.ts';

const state = fc.constantFrom(...runStates);

describe('the states of a run', () => {
  it('allow a run from its beginning to its end, with a pause', () => {
    const story: RunState[] = ['waiting', 'preparing', 'training', 'paused', 'training', 'finishing', 'done'];
    expect(story.reduce((from, to) => moveRun(from, to))).toBe('done');
  });

  it('allow going on after a stop or a failure, and never after the end', () => {
    expect(runStates.filter(canResume)).toEqual(['stopped', 'failed']);
    expect(runStates.filter((to) => canMove('done', to))).toEqual([]);
  });

  it('refuse any other move as bad input that names both states', () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        if (canMove(from, to)) expect(moveRun(from, to)).toBe(to);
        else {
          const message = expect.stringMatching(new RegExp(`${from}.*${to}`)) as unknown;
          expect(() => moveRun(from, to)).toThrow(expect.objectContaining({ name: 'AppError', code: 'bad-input', message }));
        }
      }),
    );
    for (const same of runStates) expect(canMove(same, same), same).toBe(false);
  });

  it('lead from every active state to an end, and keep a run from being trained twice', () => {
    for (const from of runStates.filter(isActive)) {
      const reached = new Set<RunState>([from]);
      for (const one of reached) for (const to of runStates) if (canMove(one, to)) reached.add(to);
      expect(
        [...reached].some((one) => !isActive(one)),
        from,
      ).toBe(true);
      expect(canMove(from, 'waiting'), from).toBe(false);
    }
  });
});

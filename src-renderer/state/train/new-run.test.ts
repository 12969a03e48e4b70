import { expect, it } from 'vitest';
import { stepOfChoice } from './new-run.svelte.ts';

it('A choice of checkpoint means the step that the engine takes', () => {
  const run = { bestStep: 40, checkpoints: [0, 40, 60] };
  expect(['best', 'latest', '0'].map((choice) => stepOfChoice(run, choice))).toEqual([40, 60, 0]);
  expect(stepOfChoice({ bestStep: undefined, checkpoints: [5] }, 'best')).toBe(5);
});

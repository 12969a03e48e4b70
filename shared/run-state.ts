// What a run can be doing, once, for the engine, the page and the tests.
import { AppError } from './errors.ts';

export const runStates = ['waiting', 'preparing', 'training', 'paused', 'finishing', 'stopped', 'done', 'failed'] as const;
export type RunState = (typeof runStates)[number];

/** `waiting`: behind other work · `preparing`: scan, session, baselines · `finishing`: last evaluation and checkpoint · `stopped`: can go on. */
const moves: Readonly<Record<RunState, readonly RunState[]>> = {
  waiting: ['preparing', 'stopped', 'failed'],
  preparing: ['training', 'finishing', 'stopped', 'failed'],
  training: ['paused', 'finishing', 'stopped', 'done', 'failed'],
  paused: ['training', 'finishing', 'stopped', 'failed'],
  finishing: ['stopped', 'done', 'failed'],
  stopped: ['waiting'],
  done: [],
  failed: ['waiting'],
};

export const canMove = (from: RunState, to: RunState): boolean => moves[from].includes(to);

/** The state after a move. Throws `bad-input` for a move that there is not. */
export function moveRun(from: RunState, to: RunState): RunState {
  if (!canMove(from, to))
    throw new AppError('bad-input', `A run that is ${from} cannot become ${to}.`, 'Look at the state of the run again.');
  return to;
}

/** Whether the trainer holds the run or will. */
export const isActive = (state: RunState): boolean => state !== 'stopped' && state !== 'done' && state !== 'failed';
/** Whether steps are made, or the last of them is judged. */
export const isGoing = (state: RunState): boolean => state === 'training' || state === 'finishing';
/** Whether a run in this state can be gone on with. */
export const canResume = (state: RunState): boolean => canMove(state, 'waiting');

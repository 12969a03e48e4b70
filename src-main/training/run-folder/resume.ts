// Where a run goes on: its newest whole checkpoint, with everything that was logged after it taken back.
import { AppError } from '../../../shared/errors.ts';
import { allDamaged, latestCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { dropFirstWeights, keptFirstWeights } from './first-weights.ts';
import { stateFrom } from './initial-weights.ts';
import type { RunFolder } from './run-folder.ts';
import { initialState } from './state.ts';
import type { TrainState } from './state.ts';

/**
 * The state of the newest checkpoint that is whole, or the initial one of a run that has none yet. Damaged checkpoints are set
 * aside. Throws `bad-checkpoint` when none of several can be read, or when they belong to other images; `not-found` when the run that
 * it should begin with the weights of is gone.
 */
export function resumeState(folder: RunFolder): TrainState {
  const latest = latestCheckpoint(folder.path);
  if (latest && latest.header.fingerprint !== folder.record.fingerprint) {
    throw new AppError(
      'bad-checkpoint',
      'The newest checkpoint belongs to other images than this run.',
      'Start a new run, or restore the run folder from a backup.',
    );
  }
  // The weights that it began with are no state to go on from: all that was learned since would be lost, and its log with it.
  if (latest && latest.state.step === 0 && latest.damaged.length > 0) throw allDamaged(folder.path, latest.damaged.length);
  for (const file of latest?.damaged ?? []) folder.setAside(file);
  // A checkpoint holds them; a process that was killed in between has left them.
  if (latest) dropFirstWeights(folder.path);
  const state = latest?.state ?? firstState(folder);
  folder.rewindLog(state.step);
  return state;
}

/** Weights of another run are kept as a checkpoint of step 0, so that the run does not need the other one any more. */
function firstState(folder: RunFolder): TrainState {
  const { config, from } = folder.record;
  if (!from) return initialState(config);
  const state = stateFrom(keptFirstWeights(folder.path) ?? from.checkpoint, config);
  saveCheckpoint(folder.checkpointPath(state.step), state, folder.record);
  dropFirstWeights(folder.path);
  return state;
}

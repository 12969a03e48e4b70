// What a person changes of a run that exists: its name, and whether it goes on existing.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, systemError } from '../../../../shared/errors.ts';
import { writeFileAside } from '../../../files/write-aside.ts';
import { readRecord, RunFolder } from '../../../training/run-folder/run-folder.ts';
import { newRunPath } from '../../home.ts';
import { deleteRunFolder } from '../../runs/delete-run.ts';
import type { EngineContext } from '../context.ts';
import type { RunStore } from './run-store.ts';

/** Throws `locked` while work on the run is under way. */
function requireIdle({ jobs }: EngineContext, run: string): void {
  const busy = jobs.list().find((job) => job.run === run && (job.state === 'running' || job.state === 'waiting'));
  if (busy) throw new AppError('locked', `The run ${run} is in use (${busy.kind}).`, 'Wait for that to end, or cancel it.');
}

/** Gives a run another name. Throws `bad-input` for one that is taken or no name, `locked`, `not-writable`. */
export function renameRun(context: EngineContext, store: RunStore, run: string, name: string): void {
  const path = store.path(run);
  if (name === run) return;
  const target = newRunPath(context.studio.home, name);
  requireIdle(context, run);
  if (!store.isFree(name)) throw new AppError('bad-input', `There is a run called '${name}' already.`, 'Choose another name.');
  // Nobody else has it open.
  RunFolder.open(path).dispose();
  try {
    renameSync(path, target);
    writeFileAside(join(target, 'config.json'), `${JSON.stringify({ ...readRecord(target), name }, null, 2)}\n`);
  } catch (error) {
    throw systemError(error) ?? error;
  } finally {
    store.forget(run);
  }
}

/** As `deleteRunFolder`. Throws `locked` while work on the run is under way here, too. */
export async function deleteRun(context: EngineContext, store: RunStore, run: string): Promise<number> {
  store.path(run);
  requireIdle(context, run);
  try {
    return await deleteRunFolder(context.studio.home, run);
  } finally {
    store.forget(run);
  }
}

// What the commands on a trained run begin with: which run, which checkpoint, which folder.
import { AppError } from '../../shared/errors.ts';
import { runPath } from '../engine/home.ts';
import { checkpointOf, recordOf } from '../engine/runs.ts';
import { Studio } from '../engine/studio.ts';
import type { Options } from './action.ts';
import { choiceOption, numberOption, textOption } from './options.ts';

export interface RunContext {
  readonly studio: Studio;
  readonly run: string;
  readonly checkpoint: string;
  /** The folder given, else the one that the run was trained on. */
  readonly root: string;
  readonly layer: 'last' | 'last4';
  readonly threads: number;
}

/** Opens the engine for a command on a run, and closes it afterwards. */
export async function withRun(
  options: Options,
  folder: string | undefined,
  work: (context: RunContext) => Promise<number>,
): Promise<number> {
  const home = textOption(options, 'home');
  const layer = choiceOption(options, 'layer', '--layer', ['last', 'last4']);
  const threads = numberOption(options, 'threads', '--threads')!;
  const studio = new Studio(home === undefined ? {} : { home });
  try {
    const run = runPath(studio.home, textOption(options, 'run'));
    const checkpoint = checkpointOf(run, textOption(options, 'checkpoint'));
    const record = recordOf(run);
    if (folder === undefined && record.imported !== undefined)
      throw new AppError('bad-input', `The run ${record.name} was imported and has no folder of its own.`, 'Say which folder is meant.');
    const root = studio.folder(folder ?? record.folder);
    return await work({ studio, run, checkpoint, root, layer, threads });
  } finally {
    await studio.dispose();
  }
}

// What the commands on a trained run begin with: which run, which checkpoint, which folder.
import { basename } from 'node:path';
import { configTable } from '../../shared/config/config-table.ts';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import { requireFolderOfRun } from '../engine/folders/moved-folder.ts';
import { decodingFor } from '../engine/folders/scan-folder.ts';
import { runPath } from '../engine/home.ts';
import { checkpointOf, configOf, recordOf, stepOf } from '../engine/runs/runs.ts';
import { Studio } from '../engine/studio.ts';
import type { Options } from './action.ts';
import { choiceOption, integerOption, textOption } from './options.ts';
import { count } from './output.ts';
import type { Output } from './output.ts';
import { showScan } from './scan-progress.ts';

export interface RunContext {
  readonly studio: Studio;
  readonly run: string;
  readonly checkpoint: string;
  /** The folder given, else the one that the run was trained on. */
  readonly root: string;
  readonly layer: 'last' | 'last4';
  readonly threads: number;
  /** `auto` where the command leaves it open. */
  readonly device: TrainConfig['device'];
}

/** Which run and step are used; without it nobody knows what "the newest" and "the best" were. */
function sayUsed(output: Output, { run, checkpoint, layer }: RunContext): void {
  const [name, step] = [basename(run), stepOf(checkpoint)];
  output.event({ type: 'using', run: name, step, layer });
  output.say(`Run ${name}, step ${count(step)}${layer === 'last4' ? ', up to four last blocks' : ''}.`);
}

async function withStudio(
  output: Output,
  options: Options,
  folder: string | undefined,
  readOnly: boolean,
  work: (context: RunContext) => Promise<number>,
): Promise<number> {
  const home = textOption(options, 'home');
  const layer = options['layer'] === undefined ? 'last' : choiceOption(options, 'layer', '--layer', ['last', 'last4']);
  const threads = integerOption(options, 'threads', '--threads', 0, 512) ?? 0;
  const device = options['device'] === undefined ? 'auto' : choiceOption(options, 'device', '--device', configTable.device.choices);
  const studio = new Studio({ readOnly, ...(home !== undefined && { home }) });
  try {
    const run = runPath(studio.home, textOption(options, 'run'));
    const checkpoint = checkpointOf(run, textOption(options, 'checkpoint'));
    const record = recordOf(run);
    if (folder === undefined && record.imported !== undefined)
      throw new AppError('bad-input', `The run ${record.name} was imported and has no folder of its own.`, 'Say which folder is meant.');
    if (folder === undefined && !readOnly) requireFolderOfRun(record.folder);
    const context = { studio, run, checkpoint, root: folder ?? record.folder, layer, threads, device };
    sayUsed(output, context);
    return await work(context);
  } finally {
    await studio.dispose();
  }
}

/** Opens the engine for a command that only looks at a scanned folder, and closes it afterwards: it works while another one trains. */
export async function withRun(
  output: Output,
  options: Options,
  folder: string | undefined,
  work: (context: RunContext) => Promise<number>,
): Promise<number> {
  return withStudio(output, options, folder, true, async (context) => work({ ...context, root: context.studio.folder(context.root) }));
}

/** As `withRun`, after a scan of the folder as the checkpoint needs it: what is new, or was decoded for runs of other sizes only. */
export async function withScannedRun(
  output: Output,
  options: Options,
  folder: string | undefined,
  work: (context: RunContext) => Promise<number>,
): Promise<number> {
  return withStudio(output, options, folder, false, async (context) => {
    const { studio, root, checkpoint } = context;
    if (studio.partOf(root) !== undefined) studio.folder(root);
    const config = configOf(checkpoint);
    await showScan(output, studio, root, decodingFor(config));
    return work({ ...context, root: studio.folder(root) });
  });
}

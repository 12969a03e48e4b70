// What the commands on a trained run begin with: which run, which checkpoint, which folder.
import { basename } from 'node:path';
import { configTable } from '../../shared/config/config-table.ts';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { AppError } from '../../shared/errors.ts';
import { requireFolderOfRun } from '../engine/folders/moved-folder.ts';
import { decodingFor } from '../engine/folders/scan-folder.ts';
import { runPath } from '../engine/home.ts';
import type { Home } from '../engine/home.ts';
import { checkpointOf, configOf, isCheckpointFile, recordOf, runAround, runNameOf, stepOf } from '../engine/runs/runs.ts';
import { Studio } from '../engine/studio.ts';
import type { Options } from './action.ts';
import { choiceOption, integerOption, textOption } from './options.ts';
import { count } from './output.ts';
import type { Output } from './output.ts';
import { showScan } from './scan-progress.ts';

export interface RunContext {
  readonly studio: Studio;
  /** Its folder; of a checkpoint that lies elsewhere nobody knows it, unless a person names it. */
  readonly run: string | undefined;
  readonly checkpoint: string;
  /** The folder given, else the one that the run was trained on. */
  readonly root: string;
  readonly layer: 'last' | 'last4';
  readonly threads: number;
  /** `auto` where the command leaves it open. */
  readonly device: TrainConfig['device'];
}

/** Of the weights alone. */
export type WeightsContext = Omit<RunContext, 'root'>;

/** Which run and step are used; without it nobody knows what "the newest" and "the best" were. */
function sayUsed(output: Output, { run, checkpoint, layer }: WeightsContext): void {
  const [name, step] = [run === undefined ? runNameOf(checkpoint) : basename(run), stepOf(checkpoint)];
  output.event({ type: 'using', run: name, step, layer });
  output.say(`Run ${name}, step ${count(step)}${layer === 'last4' ? ', up to four last blocks' : ''}.`);
}

/** The run and the checkpoint that are meant: a file is of the run that it lies in, whichever is the newest. Throws `not-found`. */
function chosenOf(home: Home, options: Options): Pick<RunContext, 'run' | 'checkpoint'> {
  const [name, which] = [textOption(options, 'run'), textOption(options, 'checkpoint') ?? 'best'];
  if (name === undefined && isCheckpointFile(which)) return { run: runAround(which), checkpoint: checkpointOf('', which) };
  const run = runPath(home, name);
  return { run, checkpoint: checkpointOf(run, which) };
}

/** Throws `bad-input` where nobody knows the run. */
function requireRun({ run, checkpoint }: Pick<RunContext, 'run' | 'checkpoint'>, more: string): string {
  if (run !== undefined) return run;
  throw new AppError(
    'bad-input',
    `${checkpoint} does not lie in the folder of its run, ${runNameOf(checkpoint)}.`,
    `Name the run: --run NAME${more}.`,
  );
}

/** The folder that a run learns from. Throws `bad-input` where there is none. */
function folderOfRun(chosen: Pick<RunContext, 'run' | 'checkpoint'>): string {
  const run = requireRun(chosen, ', or the folder of images that is meant');
  const { imported, name, folder } = recordOf(run);
  if (imported !== undefined)
    throw new AppError('bad-input', `The run ${name} was imported and has no folder of its own.`, 'Say which folder is meant.');
  return folder;
}

/** Opens the engine, and closes it afterwards. */
async function withStudio(options: Options, readOnly: boolean, work: (context: WeightsContext) => Promise<number>): Promise<number> {
  const home = textOption(options, 'home');
  const layer = options['layer'] === undefined ? 'last' : choiceOption(options, 'layer', '--layer', ['last', 'last4']);
  const threads = integerOption(options, 'threads', '--threads', 0, 512) ?? 0;
  const device = options['device'] === undefined ? 'auto' : choiceOption(options, 'device', '--device', configTable.device.choices);
  const studio = new Studio({ readOnly, ...(home !== undefined && { home }) });
  try {
    return await work({ studio, ...chosenOf(studio.home, options), layer, threads, device });
  } finally {
    await studio.dispose();
  }
}

/** For a command that needs weights alone: their run may have no folder, and the home no catalogue. It works while another one trains. */
export async function withWeights(output: Output, options: Options, work: (context: WeightsContext) => Promise<number>): Promise<number> {
  return withStudio(options, true, async (context) => {
    sayUsed(output, context);
    return work(context);
  });
}

/** For a command that looks at a scanned folder, too. */
export async function withRun(
  output: Output,
  options: Options,
  folder: string | undefined,
  work: (context: RunContext) => Promise<number>,
): Promise<number> {
  return withStudio(options, true, async (context) => {
    const root = folder ?? folderOfRun(context);
    sayUsed(output, context);
    return work({ ...context, root: context.studio.folder(root) });
  });
}

export interface FolderContext extends Pick<RunContext, 'studio' | 'root' | 'layer'> {
  /** None where nothing was trained yet and nobody names a run. */
  readonly checkpoint: string | undefined;
}

/** For a command that looks at a scanned folder, with a run where there is one. It works while another one trains. */
export async function withFolder(
  output: Output,
  options: Options,
  folder: string | undefined,
  work: (context: FolderContext) => Promise<number>,
): Promise<number> {
  const home = textOption(options, 'home');
  const layer = choiceOption(options, 'layer', '--layer', ['last', 'last4']);
  const studio = new Studio({ readOnly: true, ...(home !== undefined && { home }) });
  try {
    if (folder !== undefined) studio.folder(folder);
    const chosen = chosenIfAny(studio.home, options, folder !== undefined);
    const root = studio.folder(folder ?? folderOfRun(chosen!));
    if (chosen) sayUsed(output, { ...chosen, studio, layer, threads: 0, device: 'auto' });
    return await work({ studio, root, layer, checkpoint: chosen?.checkpoint });
  } finally {
    await studio.dispose();
  }
}

/** As `chosenOf`; undefined where there is no run, if it is `spared` and nobody names one. */
function chosenIfAny(home: Home, options: Options, spared: boolean): Pick<RunContext, 'run' | 'checkpoint'> | undefined {
  try {
    return chosenOf(home, options);
  } catch (error) {
    const isNamed = options['run'] !== undefined || options['checkpoint'] !== 'best';
    if (spared && !isNamed && error instanceof AppError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** As `withRun`, after a scan of the folder as the checkpoint needs it: what is new, or was decoded for runs of other sizes only. */
export async function withScannedRun(
  output: Output,
  options: Options,
  folder: string | undefined,
  work: (context: RunContext) => Promise<number>,
  needs: {
    /** The folder of images alone is not enough. */
    readonly run?: boolean;
  } = {},
): Promise<number> {
  return withStudio(options, false, async (context) => {
    const root = folder ?? folderOfRun(context);
    if (needs.run === true) requireRun(context, '');
    if (folder === undefined) requireFolderOfRun(root);
    sayUsed(output, context);
    const { studio, checkpoint } = context;
    if (studio.partOf(root) !== undefined) studio.folder(root);
    const config = configOf(checkpoint);
    await showScan(output, studio, root, decodingFor(config));
    return work({ ...context, root: studio.folder(root) });
  });
}

import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { originSentences, originSettings } from '../../../shared/config/origin.ts';
import { AppError } from '../../../shared/errors.ts';
import { resultOf, resultText } from '../../../shared/run-verdict.ts';
import { planForPage } from '../../engine/app/runs/run-plan.ts';
import { requireFolderOfRun } from '../../engine/folders/moved-folder.ts';
import { decodingFor } from '../../engine/folders/scan-folder.ts';
import { freeRunPath, newestRunOf, runPath } from '../../engine/home.ts';
import { describeRun } from '../../engine/inspect.ts';
import { getToKnow } from '../../engine/runs/pace.ts';
import { checkpointOf, configOf, createRun, originAt, recordOf, settleRun } from '../../engine/runs/runs.ts';
import { untilFree, waitsForFormer } from '../../engine/runs/until-free.ts';
import { Studio } from '../../engine/studio.ts';
import type { Action, Options } from '../action.ts';
import { givenSettings } from '../config-flags.ts';
import { interruptible } from '../interrupt.ts';
import { numberOption, requireBeside, textOption } from '../options.ts';
import { count } from '../output.ts';
import type { Output } from '../output.ts';
import { planLines } from '../plan-text.ts';
import { nextCommands } from '../run-result.ts';
import { labelsOf, showScan } from '../scan-progress.ts';
import { showTraining } from '../train-progress.ts';

function settingsOf(options: Options): Record<string, unknown> {
  const file = textOption(options, 'config');
  if (file === undefined) return givenSettings(options);
  let stored: unknown;
  try {
    stored = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new AppError(
      'bad-config',
      `${file} cannot be read as JSON.`,
      'Give a file with an object of settings, such as the config in a run’s config.json.',
      error,
    );
  }
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored))
    throw new AppError('bad-config', `${file} holds no object of settings.`, 'Write it as {"batchSize": 64, …}.');
  return { ...stored, ...givenSettings(options) };
}

/** Steps are timed at the lowest priority: some seconds where nothing else runs. */
const longestTimingMs = 30_000;

/** Values that fit any others, so that what is given is checked for itself; how it fits together depends on the folder. */
function alone(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { microBatch, architecture } = given;
  return {
    ...(given['agreement'] === undefined && { agreement: 1 }),
    ...(architecture === undefined && { architecture: 'custom' }),
    ...(architecture === undefined && given['heads'] === undefined && { heads: 1 }),
    ...(given['predictorHeads'] === undefined && given['heads'] === undefined && { predictorHeads: 1 }),
    ...(given['patchSize'] === undefined && { patchSize: 1 }),
    ...(typeof microBatch === 'number' && microBatch > 0 && microBatch <= 4096 && { batchSize: microBatch }),
    ...given,
  };
}

const cacheLimitOf = (options: Options): { readonly cacheBytes?: number } => {
  const megabytes = numberOption(options, 'cacheLimit', '--cache-limit', 1);
  return megabytes === undefined ? {} : { cacheBytes: megabytes * 1e6 };
};

/** Trains, and says what came of it and what comes next. */
async function finish(output: Output, studio: Studio, run: string, options: Options, device?: TrainConfig['device']): Promise<number> {
  const isDone = await showTraining(output, studio, run, device);
  const found = describeRun(run);
  const result = found && resultOf(found);
  if (result) {
    output.event({ type: 'result', run: basename(run), ...result });
    output.say(resultText(found)!);
  }
  for (const line of nextCommands(studio.home, basename(run), isDone, textOption(options, 'home'))) output.say(`  ${line}`);
  return 0;
}

/** A run whose window or program was just closed may still be kept. Throws `locked` where it is trained elsewhere, `cancelled` at Ctrl-C. */
async function untilLeft(output: Output, run: string): Promise<void> {
  const { signal, done } = interruptible();
  try {
    await untilFree(run, signal, () => output.say(waitsForFormer));
    if (signal.aborted) throw new AppError('cancelled', 'Nothing was trained.', 'Give the same command again: train --resume.');
  } finally {
    done();
  }
}

async function goOn(output: Output, studio: Studio, options: Options, given: string | undefined): Promise<number> {
  const name = textOption(options, 'run');
  const run = name === undefined && given !== undefined ? newestRunOf(studio.home, given) : runPath(studio.home, name);
  const settings = settingsOf(options);
  // What computes is no part of what is learned.
  const device = settings['device'] as TrainConfig['device'] | undefined;
  const changed = Object.keys(settings).filter((key) => key !== 'device');
  if (changed.length > 0)
    throw new AppError(
      'bad-config',
      `A resumed run keeps its settings; ${changed.join(', ')} cannot change.`,
      'Leave the settings out, or start a new run.',
    );
  const { folder, config, steps, imported } = recordOf(run);
  if (given !== undefined && resolve(given) !== folder)
    throw new AppError(
      'bad-input',
      `The run in ${run} learns from ${folder}, not from ${given}.`,
      `Leave the folder out, or start a new run; if the folder was moved: ijepa-studio scan ${JSON.stringify(given)} --moved-from ${JSON.stringify(folder)}`,
    );
  if (options['labels'] !== undefined || options['plan'] === true || options['from'] !== undefined)
    throw new AppError(
      'bad-config',
      '--labels, --plan and --from: not with --resume',
      'Leave them out; `scan --labels` changes where labels come from.',
    );
  if (imported !== undefined)
    throw new AppError(
      'bad-input',
      `The run in ${run} was imported and has no state to go on from.`,
      'Train a new run: ijepa-studio train FOLDER',
    );
  await untilLeft(output, run);
  const { step, hasEnded } = describeRun(run) ?? { step: 0, hasEnded: false };
  if (hasEnded) {
    output.event({ type: 'finished', step, reason: 'done' });
    output.say(`Run ${basename(run)} is finished already, at step ${count(step)} of ${count(steps)}.`);
    output.say('For more, start a longer one: ijepa-studio train FOLDER --steps NUMBER');
    return 0;
  }
  requireFolderOfRun(folder);
  await showScan(output, studio, folder, {
    ...decodingFor(config),
    ...cacheLimitOf(options),
  });
  // One that never trained learns from what the scan has found, as it would have if it began now.
  await settleRun(studio, run);
  return finish(output, studio, run, options, device);
}

interface Beginning {
  readonly config: TrainConfig;
  readonly from: ReturnType<typeof originAt>;
}

/** The weights to begin with, from `--from RUN` (its best checkpoint, or `--from-step`). */
function originOf(studio: Studio, options: Options): Beginning | undefined {
  const name = textOption(options, 'from');
  if (name === undefined) return undefined;
  const run = runPath(studio.home, name);
  const checkpoint = checkpointOf(run, textOption(options, 'fromStep') ?? 'best');
  return { config: configOf(checkpoint), from: originAt(run, checkpoint) };
}

export const trainCommand: Action = async (output, options, folder) => {
  const home = textOption(options, 'home');
  const given = settingsOf(options);
  requireBeside(options, '--from-step', '--from', 'Also name the run whose weights are meant: --from RUN.');
  // Wrong settings are said before a long scan, not after it.
  const { smallFirst, ...others } = given;
  const early = parseConfig(alone(others));
  // Whether crops can be halved is seen by the sizes that the folder gets.
  parseConfig(alone({ smallFirst }));
  const studio = new Studio(home === undefined ? {} : { home });
  try {
    if (options['resume'] === true) return await goOn(output, studio, options, folder);
    if (folder === undefined)
      throw new AppError(
        'bad-input',
        'No folder was given.',
        'Say which images to learn from: ijepa-studio train FOLDER, or go on with a run: train --resume.',
      );
    const origin = originOf(studio, options);
    const name = textOption(options, 'run');
    if (name !== undefined) freeRunPath(studio.home, name);
    await showScan(output, studio, folder, {
      ...decodingFor(origin ? parseConfig({ ...early, ...originSettings(origin.config), ...others }) : early),
      ...labelsOf(textOption(options, 'labels')),
      ...cacheLimitOf(options),
    });
    // A run that begins now tells its time by itself. What a busy computer does not come to meanwhile is said not to be known.
    if (options['plan'] === true) await getToKnow(studio.devices, AbortSignal.timeout(longestTimingMs));
    const plan = await planForPage(studio, folder, { ...(origin && originSettings(origin.config)), ...given }, origin !== undefined);
    output.event({ type: 'plan', ...plan });
    output.say(`Settings for ${plan.reason}`);
    if (origin) output.say(originSentences(origin.from, plan.config, origin.config).join(' '));
    for (const line of planLines(plan)) output.say(line);
    if (options['plan'] === true) return 0;
    const run = await createRun(studio, folder, plan, name, origin?.from);
    output.say(`Everything of this run is in ${run}.`);
    return await finish(output, studio, run, options);
  } finally {
    await studio.dispose();
  }
};

import { readFileSync } from 'node:fs';
import { parseConfig } from '../../../shared/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { preprocessingOf } from '../../../shared/preprocessing.ts';
import { runPath } from '../../engine/home.ts';
import { createRun, planRun, recordOf } from '../../engine/runs.ts';
import { cachedShortSide, Studio } from '../../engine/studio.ts';
import { givenSettings } from '../config-flags.ts';
import type { Action, Options } from '../action.ts';
import { numberOption, textOption } from '../options.ts';
import { count } from '../output.ts';
import type { Output } from '../output.ts';
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

async function resume(output: Output, studio: Studio, options: Options): Promise<number> {
  const run = runPath(studio.home, textOption(options, 'run'));
  const changed = Object.keys(settingsOf(options));
  if (changed.length > 0)
    throw new AppError(
      'bad-config',
      `A resumed run keeps its settings; ${changed.join(', ')} cannot change.`,
      'Leave the settings out, or start a new run.',
    );
  const { folder, config, imported } = recordOf(run);
  if (imported !== undefined)
    throw new AppError(
      'bad-input',
      `The run in ${run} was imported and has no state to go on from.`,
      'Train a new run: ijepa-studio train FOLDER',
    );
  await showScan(output, studio, folder, { settings: preprocessingOf(config), shortSide: cachedShortSide(config.imageSize) });
  await showTraining(output, studio, run);
  return 0;
}

export const trainCommand: Action = async (output, options, folder) => {
  const home = textOption(options, 'home');
  const given = settingsOf(options);
  // Wrong settings are said before a long scan, not after it.
  const early = parseConfig({ ...(given['architecture'] === undefined && { architecture: 'custom' }), ...given });
  const studio = new Studio(home === undefined ? {} : { home });
  try {
    if (options['resume'] === true) return await resume(output, studio, options);
    if (folder === undefined)
      throw new AppError(
        'bad-input',
        'No folder was given.',
        'Say which images to learn from: ijepa-studio train FOLDER, or go on with a run: train --resume.',
      );
    const cacheMegabytes = numberOption(options, 'cacheLimit', '--cache-limit', 1);
    await showScan(output, studio, folder, {
      settings: preprocessingOf(early),
      shortSide: cachedShortSide(early.imageSize),
      ...labelsOf(textOption(options, 'labels')),
      ...(cacheMegabytes !== undefined && { cacheBytes: cacheMegabytes * 1e6 }),
    });
    const plan = planRun(studio, folder, given);
    output.event({ type: 'plan', ...plan });
    output.say(`Settings for ${plan.reason}`);
    output.say(
      `${count(plan.steps)} steps of ${plan.config.batchSize} images (${((plan.steps * plan.config.batchSize) / plan.images).toFixed(1)} epochs of ${count(plan.images)}).`,
    );
    if (options['plan'] === true) return 0;
    const run = await createRun(studio, folder, plan, textOption(options, 'run'));
    output.say(`Everything of this run is in ${run}.`);
    await showTraining(output, studio, run);
    return 0;
  } finally {
    await studio.dispose();
  }
};

import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AppError } from '../../../shared/errors.ts';
import { cleanCache } from '../../engine/clean.ts';
import { homeAt, runPath } from '../../engine/home.ts';
import type { Home } from '../../engine/home.ts';
import { deleteRunFolder, placesOfRun } from '../../engine/runs/delete-run.ts';
import { Studio } from '../../engine/studio.ts';
import type { Action, Options } from '../action.ts';
import { requireBeside, textOption } from '../options.ts';
import { megabytes } from '../output.ts';
import type { Output } from '../output.ts';

/** Whether the person agrees. Throws `bad-input` where there is nobody to ask. */
async function agrees(question: string, options: Options): Promise<boolean> {
  if (options['yes'] === true) return true;
  if (!process.stdin.isTTY || !process.stdout.isTTY || options['json'] === true)
    throw new AppError(
      'bad-input',
      `${question} Nobody is here to be asked.`,
      'Add --yes to delete without a question; nothing was deleted.',
    );
  const line = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await line.question(`${question} [y/N] `)).trim());
  } finally {
    line.close();
  }
}

async function cleanRun(output: Output, home: Home, given: string, options: Options): Promise<number> {
  const path = runPath(home, given);
  if (dirname(path) !== home.runs)
    throw new AppError(
      'bad-input',
      `${path} is no run of the home ${home.path}.`,
      'Name a run of `ijepa-studio inspect`, or delete that folder by hand.',
    );
  const name = basename(path);
  const { places, bytes } = await placesOfRun(home, name);
  const vectors = places.length > 1 ? ' and the vectors made with it' : '';
  if (
    !(await agrees(
      `Delete the run ${name}${vectors} (${megabytes(bytes)})? Its checkpoints cannot be made again without training.`,
      options,
    ))
  ) {
    output.say('Nothing was deleted.');
    return 0;
  }
  const studio = new Studio({ home: home.path });
  try {
    const freed = await deleteRunFolder(home, name);
    output.event({ type: 'deleted', run: name, bytes: freed });
    output.say(`The run ${name}${vectors} is deleted: ${megabytes(freed)} freed. Originals and the decode cache are as they were.`);
    return 0;
  } finally {
    await studio.dispose();
  }
}

export const cleanCommand: Action = async (output, options) => {
  const home = homeAt(textOption(options, 'home'));
  const run = textOption(options, 'run');
  requireBeside(options, '--yes', '--run', 'Name the run to delete: --run NAME. The decode cache is deleted without a question.');
  if (run !== undefined) return cleanRun(output, home, run, options);
  // No home is made only to find nothing in it.
  const studio = existsSync(home.cache) ? new Studio({ home: home.path }) : undefined;
  try {
    const bytes = studio ? cleanCache(studio) : 0;
    output.event({ type: 'cleaned', bytes });
    output.say(`${megabytes(bytes)} freed. Originals, runs and embeddings are as they were; the next scan makes the cache again.`);
    return 0;
  } finally {
    await studio?.dispose();
  }
};

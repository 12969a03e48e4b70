import { resolve } from 'node:path';
import { placesInColours, usualCloseness } from '../../../shared/closer-look.ts';
import { gridSide } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { configOf } from '../../engine/runs/runs.ts';
import { decodeFor, pictureFeatures } from '../../engine/vectors/features.ts';
import { checkSheetTarget, drawFeatureSheet } from '../../engine/vectors/sheet.ts';
import type { Action } from '../action.ts';
import { integerOption, listOption, textOption } from '../options.ts';
import { plural } from '../output.ts';
import { withRun } from '../run-context.ts';

/** Times as fine: attention grows with the fourth power of it. */
const mostFiner = 4;

export const featuresCommand: Action = async (output, options, folder) =>
  withRun(output, options, folder, async ({ studio, checkpoint, root, threads }) => {
    const files = listOption(options, 'image');
    if (files.length === 0) throw new AppError('bad-input', 'No image was given.', 'Say what to look at: --image FILE');
    const sheet = textOption(options, 'sheet');
    if (sheet === undefined) throw new AppError('bad-input', 'Nowhere to draw was given.', 'Say where the picture goes: --sheet seen.png');
    await checkSheetTarget(studio, sheet);
    const finer = integerOption(options, 'finer', '--finer', 1, mostFiner) ?? usualCloseness(gridSide(configOf(checkpoint)));
    const images = [];
    for (const file of files) images.push(await decodeFor(studio, checkpoint, file, finer));
    const { pictures, fittedOn } = await pictureFeatures(studio, { checkpoint, root, threads, finer }, images);
    await drawFeatureSheet(
      studio,
      pictures.map((picture, i) => ({ ...picture, path: resolve(files[i]!) })),
      sheet,
    );
    output.event({ type: 'features', images: files, grid: pictures[0]!.grid, fittedOn, sheet: resolve(sheet) });
    output.say(
      `Patches that the encoder finds similar get similar colours: three principal components as red, green and blue, fitted on ${plural(fittedOn, 'image')} of the folder. ${placesInColours(fittedOn)}`,
    );
    output.say(`Drawn in ${sheet}.`);
    return 0;
  });

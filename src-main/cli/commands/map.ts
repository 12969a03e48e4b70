import { resolve } from 'node:path';
import type { Studio } from '../../engine/studio.ts';
import { wholeMap } from '../../engine/vectors/folder-map.ts';
import type { FolderMap, MapSetup } from '../../engine/vectors/folder-map.ts';
import { checkMapTargets, drawMapSheet, writeMapTable } from '../../engine/vectors/map-files.ts';
import type { Action } from '../action.ts';
import { choiceOption, textOption } from '../options.ts';
import { count, plural } from '../output.ts';
import type { Output } from '../output.ts';
import { withRun } from '../run-context.ts';

/** Shows how far the drawing of a map is. */
export const sayShare =
  (output: Output) =>
  (share: number): void => {
    output.event({ type: 'map-progress', share });
    output.progress(`${output.bar(share)}  of the map`);
  };

/** What is on the map and what is not, and what can be done with it. */
function sayMap(
  output: Output,
  { map, isNew }: { readonly map: FolderMap; readonly isNew: boolean },
  without: number,
  space: string,
): void {
  const when = isNew ? '' : ', as it was drawn before (--again draws it again)';
  output.progress(`${plural(map.images.length, 'image is', 'images are')} on the map (${space})${when}.`, true);
  if (without > 0)
    output.say(
      without === 1
        ? '1 image has no vector yet and is not on it: ijepa-studio embed computes it.'
        : `${count(without)} images have no vector yet and are not on it: ijepa-studio embed computes them.`,
    );
}

/** Writes what was asked for, and says where it is. */
async function writeFiles(
  output: Output,
  studio: Studio,
  { checkpoint }: MapSetup,
  map: FolderMap,
  { table, sheet }: { readonly table: string | undefined; readonly sheet: string | undefined },
): Promise<Readonly<Record<string, unknown>>> {
  const written = { ...(table !== undefined && { table: resolve(table) }) };
  if (table !== undefined) {
    await writeMapTable(studio, map, table);
    output.say(`Its places are in ${table}.`);
  }
  if (sheet === undefined) return written;
  const { pictures, unread } = await drawMapSheet(studio, checkpoint, map, sheet);
  const missing = unread === 0 ? '' : `, without ${plural(unread, 'picture')} that cannot be read any more`;
  const shown =
    pictures === map.images.length ? 'all images as pictures' : `${count(pictures)} of the images as pictures, the others as dots`;
  output.say(`Drawn in ${sheet}: ${shown}${missing}.`);
  return { ...written, sheet: resolve(sheet), pictures, unread };
}

export const mapCommand: Action = async (output, options, folder) => {
  const [table, sheet] = [textOption(options, 'table'), textOption(options, 'sheet')];
  const space = choiceOption(options, 'space', '--space', ['raw', 'centred', 'whitened']);
  return withRun(output, options, folder, async ({ studio, checkpoint, root, layer }) => {
    await checkMapTargets(studio, { table, sheet });
    const setup: MapSetup = { checkpoint, root, layer, space };
    const whole = await wholeMap(studio, setup, { again: options['again'] === true, onShare: sayShare(output) });
    const { map, isNew } = whole;
    const without = (await studio.readImages(root)).all.length - map.images.length;
    sayMap(output, whole, without, space);
    const files = await writeFiles(output, studio, setup, map, { table, sheet });
    output.event({ type: 'map', space, images: map.images.length, withoutVector: without, drawn: isNew, ...files });
    output.say('The app shows it under Map; export writes the places beside the vectors, as projection_x and projection_y.');
    if (table === undefined && sheet === undefined) output.say('--table FILE writes them as CSV, --sheet FILE draws the map as a picture.');
    return 0;
  });
};

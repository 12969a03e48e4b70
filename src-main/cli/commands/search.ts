import { resolve } from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import { FolderSearch, toldNeighbours } from '../../engine/vectors/search.ts';
import { checkSheetTarget, drawSheet } from '../../engine/vectors/sheet.ts';
import type { Action } from '../action.ts';
import { choiceOption, integerOption, listOption, numberOption, textOption } from '../options.ts';
import { count, plural } from '../output.ts';
import type { Output } from '../output.ts';
import { withRun } from '../run-context.ts';

/** Says where a sheet is, and how many pictures are missing in it. */
function sayDrawn(output: Output, sheet: string, leftOut: number): void {
  if (leftOut > 0) output.event({ type: 'sheet', sheet, leftOut });
  const missing = leftOut === 0 ? '' : `, without ${plural(leftOut, 'picture')} that cannot be read any more`;
  output.say(`Drawn in ${sheet}${missing}.`);
}

export const searchCommand: Action = async (output, options, folder) => {
  const most = integerOption(options, 'count', '--count', 1, 1000)!;
  const minScore = numberOption(options, 'minScore', '--min-score', -1);
  return withRun(output, options, folder, async ({ studio, checkpoint, root, layer, threads }) => {
    const plus = listOption(options, 'image');
    if (plus.length === 0) throw new AppError('bad-input', 'No query image was given.', 'Say what to look for: --image FILE');
    const minus = listOption(options, 'minus');
    const sheet = textOption(options, 'sheet');
    if (sheet !== undefined) await checkSheetTarget(studio, sheet);
    const space = choiceOption(options, 'space', '--space', ['raw', 'centred', 'whitened']);
    const search = await FolderSearch.open(studio, { checkpoint, root, layer, space, threads });
    try {
      const found = await search.byFiles(plus, minus, most, minScore);
      const told = toldNeighbours(found);
      output.event({ type: 'neighbours', query: plus, space, neighbours: told });
      output.say(`${count(found.length)} of ${count(search.size)} images (${space}), most like ${plus.join(', ')}:`);
      for (const { rank, score, path, label } of told)
        output.say(`${String(rank).padStart(4)}  ${score.toFixed(4)}  ${path}${label === undefined ? '' : `  [${label}]`}`);
      if (sheet !== undefined) {
        const queries = [
          ...plus.map((path) => ({ path: resolve(path), wanted: true })),
          ...minus.map((path) => ({ path: resolve(path), wanted: false })),
        ];
        sayDrawn(output, sheet, await drawSheet(studio, checkpoint, [{ queries, neighbours: found }], sheet));
      }
      return 0;
    } finally {
      await search.dispose();
    }
  });
};

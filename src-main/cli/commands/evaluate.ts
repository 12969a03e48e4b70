import { evaluateRun, renderReport } from '../../engine/evaluation.ts';
import type { Action } from '../action.ts';
import { choiceOption, numberOption } from '../options.ts';
import { withRun } from '../run-context.ts';

const splits = ['train', 'val', 'test'] as const;

export const evaluateCommand: Action = async (output, options, folder) =>
  withRun(options, folder, async ({ studio, run, checkpoint, root, threads }) => {
    const report = await evaluateRun(
      studio,
      {
        run,
        checkpoint,
        root,
        threads,
        purpose: options['report'] === true ? 'reporting' : 'choosing',
        bankPerClass: numberOption(options, 'bank', '--bank', 4)!,
        queriesPerClass: numberOption(options, 'queries', '--queries', 1)!,
        pixelSide: numberOption(options, 'pixelSide', '--pixel-side', 1)!,
        ...(options['querySplit'] !== undefined && {
          splits: {
            bank: choiceOption(options, 'bankSplit', '--bank-split', splits),
            queries: choiceOption(options, 'querySplit', '--query-split', splits),
          },
        }),
        probe: options['probe'] !== false,
      },
      (stage) => output.progress(`Measuring ${stage} …`),
    );
    output.event({ type: 'report', ...report });
    output.progress('', true);
    output.say(renderReport(report));
    return 0;
  });

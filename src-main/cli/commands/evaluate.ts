import type { EvaluateOptions } from '../../engine/evaluation/evaluation.ts';
import type { Action, Options } from '../action.ts';
import { showEvaluation } from '../evaluation-progress.ts';
import { choiceOption, integerOption, requireBeside } from '../options.ts';
import { withScannedRun } from '../run-context.ts';
import type { RunContext } from '../run-context.ts';

const splits = ['train', 'val', 'test'] as const;

function splitsOf(options: Options): Pick<EvaluateOptions, 'splits'> {
  if (options['querySplit'] !== undefined)
    return {
      splits: {
        bank: options['bankSplit'] === undefined ? 'train' : choiceOption(options, 'bankSplit', '--bank-split', splits),
        queries: choiceOption(options, 'querySplit', '--query-split', splits),
      },
    };
  requireBeside(options, '--bank-split', '--query-split', 'Also give the split for the queries: --query-split val.');
  return {};
}

export const evaluateCommand: Action = async (output, options, folder) => {
  const measures = {
    purpose: options['choosing'] === true ? 'choosing' : 'reporting',
    bankPerClass: integerOption(options, 'bank', '--bank', 4)!,
    queriesPerClass: integerOption(options, 'queries', '--queries', 1)!,
    pixelSide: integerOption(options, 'pixelSide', '--pixel-side', 1, 1024)!,
    ...splitsOf(options),
    probe: options['probe'] !== false,
  } as const;
  const evaluate = async ({ studio, run, checkpoint, root, threads, device }: RunContext): Promise<number> => {
    await showEvaluation(output, studio, { run: run!, checkpoint, root, threads, device, ...measures });
    return 0;
  };
  // What it has learned from is in the run.
  return withScannedRun(output, options, folder, evaluate, { run: true });
};

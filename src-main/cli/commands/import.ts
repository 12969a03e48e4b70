import { mostHeads } from '../../../shared/contract/contract-weights.ts';
import { homeAt } from '../../engine/home.ts';
import { importWeights } from '../../engine/runs/import-weights.ts';
import type { Action } from '../action.ts';
import { integerOption, textOption } from '../options.ts';
import { useImported } from '../run-result.ts';

export const importCommand: Action = async (output, options, path) => {
  const name = textOption(options, 'run');
  const heads = integerOption(options, 'heads', '--heads', 1, mostHeads);
  const { run, notes, ...imported } = importWeights(homeAt(textOption(options, 'home')), path!, {
    ...(name !== undefined && { name }),
    ...(heads !== undefined && { heads }),
  });
  const { width, depth, heads: found, imageSize, patchSize } = imported.config;
  output.event({ type: 'imported', run, notes, ...imported });
  output.say(
    `Run ${imported.name}: width ${width}, ${depth} blocks, ${found} heads, ${imageSize}×${imageSize} pixels in patches of ${patchSize}.`,
  );
  for (const note of notes) output.say(`  ${note}`);
  output.say(useImported(imported.name, textOption(options, 'home')));
  return 0;
};

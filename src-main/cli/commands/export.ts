import { AppError } from '../../../shared/errors.ts';
import { exportBundle, exportFormats, holdVectors, replacedText } from '../../engine/export/export.ts';
import type { ExportFormat } from '../../engine/export/export.ts';
import type { Action, Options } from '../action.ts';
import { choiceOption, integerOption, textOption } from '../options.ts';
import { count, megabytes } from '../output.ts';
import { withRun, withWeights } from '../run-context.ts';
import type { WeightsContext } from '../run-context.ts';

function formatsOf(options: Options): readonly ExportFormat[] {
  const names = (textOption(options, 'format') ?? '').split(',').map((name) => name.trim());
  return names.map((name) => {
    const format = exportFormats.find((one) => one === name);
    if (!format)
      throw new AppError('bad-config', `--format: '${name}' is not one of its choices`, `Choose from: ${exportFormats.join(', ')}.`);
    return format;
  });
}

export const exportCommand: Action = async (output, options, ...operands) => {
  const target = operands.at(-1);
  const folder = operands.length > 1 ? operands[0] : undefined;
  if (target === undefined)
    throw new AppError('bad-input', 'No folder to export into was given.', 'Name one: ijepa-studio export TARGET, or export FOLDER TARGET');
  const formats = formatsOf(options);
  const space = choiceOption(options, 'space', '--space', ['raw', 'centred', 'whitened']);
  const neighbours = integerOption(options, 'neighbors', '--neighbors', 0, 999)!;
  if (neighbours > 0 && !formats.includes('parquet'))
    throw new AppError('bad-config', '--neighbors: only Parquet holds them', 'Add parquet to --format, or leave --neighbors out.');
  const write = async ({ studio, checkpoint, layer }: WeightsContext, root: string | undefined): Promise<number> => {
    const { files, vectors, replaced, opening } = await exportBundle(
      studio,
      {
        checkpoint,
        root,
        target,
        formats,
        layer,
        space,
        vectorColumn: textOption(options, 'vectorColumn') ?? 'embedding',
        neighbours,
      },
      ({ done, total }) => {
        output.event({ type: 'exported', done, total });
        output.progress(`${output.bar(done / total)}  ${count(done)}/${count(total)} vectors`);
      },
    );
    output.event({ type: 'done', target, files, ...vectors, ...(replaced && { replaced }) });
    const what = vectors ? `${count(vectors.rows)} vectors of ${vectors.dimension} numbers (${space}) are` : 'The weights are';
    output.progress(`${what} in ${target}:`, true);
    for (const { path, bytes } of files) output.say(`  ${path}  ${bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : megabytes(bytes)}`);
    if (replaced) output.say(`  ${replacedText(replaced)}`);
    if (vectors) output.say('  One row for each different image: copies of an image share a row.');
    output.say('  manifest.json says what they are.');
    if (opening !== undefined) output.say(`  transformers opens the Hugging Face folder by ${opening}.`);
    return 0;
  };
  // Weights are of no folder, whether one is named or not.
  if (!holdVectors(formats)) return withWeights(output, options, async (context) => write(context, undefined));
  return withRun(output, options, folder, async (context) => write(context, context.root));
};

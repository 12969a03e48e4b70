import { AppError } from '../../../shared/errors.ts';
import { drawForExport } from '../../engine/export/export-places.ts';
import { exportBundle, exportFormats, holdPlaces, holdVectors, replacedText, requireExportable } from '../../engine/export/export.ts';
import type { ExportedMap, ExportFormat } from '../../engine/export/export.ts';
import type { Action, Options } from '../action.ts';
import { choiceOption, integerOption, textOption } from '../options.ts';
import { count, megabytes, plural } from '../output.ts';
import { withRun, withWeights } from '../run-context.ts';
import type { WeightsContext } from '../run-context.ts';
import { sayShare } from './map.ts';

function formatsOf(options: Options): readonly ExportFormat[] {
  const names = (textOption(options, 'format') ?? '').split(',').map((name) => name.trim());
  return names.map((name) => {
    const format = exportFormats.find((one) => one === name);
    if (!format)
      throw new AppError('bad-config', `--format: '${name}' is not one of its choices`, `Choose from: ${exportFormats.join(', ')}.`);
    return format;
  });
}

/** What the places in the tables are. */
function mapText({ space, missing }: ExportedMap): string {
  const gaps =
    missing === 0
      ? ''
      : `; ${plural(missing, 'image was', 'images were')} added since it was drawn and ${missing === 1 ? 'has' : 'have'} none: --map draws it again`;
  return `  projection_x and projection_y are places on the map of the folder (${space})${gaps}.`;
}

export const exportCommand: Action = async (output, options, ...operands) => {
  const target = operands.at(-1);
  const folder = operands.length > 1 ? operands[0] : undefined;
  if (target === undefined)
    throw new AppError('bad-input', 'No folder to export into was given.', 'Name one: ijepa-studio export TARGET, or export FOLDER TARGET');
  const formats = formatsOf(options);
  const vectorColumn = textOption(options, 'vectorColumn') ?? 'embedding';
  const space = choiceOption(options, 'space', '--space', ['raw', 'centred', 'whitened']);
  const neighbours = integerOption(options, 'neighbors', '--neighbors', 0, 999)!;
  if (neighbours > 0 && !formats.includes('parquet'))
    throw new AppError('bad-config', '--neighbors: only Parquet holds them', 'Add parquet to --format, or leave --neighbors out.');
  if (options['map'] === true && !holdPlaces(formats))
    throw new AppError(
      'bad-config',
      '--map: only Parquet, CSV and the table beside .npy hold places',
      'Add one of them to --format, or leave --map out.',
    );
  const write = async ({ studio, checkpoint, layer }: WeightsContext, root: string | undefined): Promise<number> => {
    if (options['map'] === true && root !== undefined) {
      // What is refused is to cost nobody the minute that a map takes.
      await requireExportable(studio, { vectorColumn, formats, root, target });
      const drawn = await drawForExport(studio, { checkpoint, root, layer, space }, { onShare: sayShare(output) });
      if (drawn !== undefined) output.progress(`${plural(drawn, 'image is', 'images are')} on the map.`, true);
    }
    const { files, vectors, replaced, opening } = await exportBundle(
      studio,
      {
        checkpoint,
        root,
        target,
        formats,
        layer,
        space,
        vectorColumn,
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
    if (vectors?.map) output.say(mapText(vectors.map));
    if (vectors) output.say('  One row for each different image: copies of an image share a row.');
    output.say('  manifest.json says what they are.');
    if (opening !== undefined) output.say(`  transformers opens the Hugging Face folder by ${opening}.`);
    return 0;
  };
  // Weights are of no folder, whether one is named or not.
  if (!holdVectors(formats)) return withWeights(output, options, async (context) => write(context, undefined));
  return withRun(output, options, folder, async (context) => write(context, context.root));
};

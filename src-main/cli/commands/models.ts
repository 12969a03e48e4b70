import { freeRunPath, homeAt, newRunPath } from '../../engine/home.ts';
import type { Home } from '../../engine/home.ts';
import {
  checkNote,
  dropFetched,
  fetchModel,
  isModelHere,
  modelCalled,
  modelLicence,
  publishedModels,
  recordOfModel,
} from '../../engine/runs/fetch-model.ts';
import { importWeights } from '../../engine/runs/import-weights.ts';
import type { Action } from '../action.ts';
import { interruptible } from '../interrupt.ts';
import { textOption } from '../options.ts';
import type { Output } from '../output.ts';
import { useImported } from '../run-result.ts';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;

function listModels(output: Output, home: Home): number {
  for (const model of publishedModels) {
    const here = isModelHere(home, model);
    output.event({ type: 'model', ...model, licence: modelLicence.name, here });
    output.say(`${model.name.padEnd(18)} ${gigabytes(model.bytes)}  ${modelLicence.name}  ${model.what}${here ? ' (here)' : ''}`);
    const caution = checkNote(model);
    if (caution !== undefined) output.say(`  ${caution}`);
  }
  output.say(modelLicence.sentence);
  output.say('Fetch one: ijepa-studio models NAME --accept-licence');
  output.say('Without a network: fetch its files elsewhere into a folder, then ijepa-studio import FOLDER');
  return 0;
}

/** Without a name the list; with one the model is fetched and becomes a run. */
export const modelsCommand: Action = async (output, options, name) => {
  const home = homeAt(textOption(options, 'home'));
  if (name === undefined) return listModels(output, home);
  const model = modelCalled(name);
  const run = textOption(options, 'run') ?? model.name;
  const made = recordOfModel(home, model, run);
  if (made) {
    output.event({ type: 'imported', run: newRunPath(home, run), name: run, notes: made.weights?.notes ?? [] });
    output.say(`It is the run ${run} already.`);
    return 0;
  }
  // Before gigabytes are fetched, not after it.
  freeRunPath(home, run);
  const work = interruptible();
  try {
    output.say(`${model.name}, ${gigabytes(model.bytes)}, from ${model.address}. ${modelLicence.sentence}`);
    const caution = checkNote(model);
    if (caution !== undefined) output.say(caution);
    const { folder, checked } = await fetchModel(home, model, {
      accepted: options['acceptLicence'] === true,
      signal: work.signal,
      onProgress: ({ file, done, total }) => {
        output.event({ type: 'download', file, done, ...(total !== undefined && { total }) });
        output.progress(`${file}: ${gigabytes(done)}${total === undefined ? '' : ` of ${gigabytes(total)}`}`);
      },
    });
    output.say('All files are here; their weights become a run.');
    const imported = importWeights(home, folder, { name: run, notes: [checked] });
    dropFetched(home, model);
    output.event({ type: 'imported', run: imported.run, name: imported.name, notes: imported.notes });
    output.say(`Run ${imported.name}.`);
    for (const note of imported.notes) output.say(`  ${note}`);
    output.say(useImported(imported.name, textOption(options, 'home')));
    return 0;
  } finally {
    work.done();
  }
};

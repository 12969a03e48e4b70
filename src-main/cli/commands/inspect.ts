import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { originSentences } from '../../../shared/config/origin.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { resultText } from '../../../shared/run-verdict.ts';
import { placeOf } from '../../engine/devices/candidates.ts';
import { homeAt, runPath } from '../../engine/home.ts';
import { describeFolders, describeVectors } from '../../engine/inspect-folder.ts';
import type { FolderSummary, VectorSummary } from '../../engine/inspect-folder.ts';
import { describeCheckpoint, describeHome, describeRun } from '../../engine/inspect.ts';
import type { Action } from '../action.ts';
import { textOption } from '../options.ts';
import { count, megabytes, plural } from '../output.ts';

const percent = (value: number | undefined): string => (value === undefined ? '' : `${(100 * value).toFixed(1)} %`);

/** What vectors were made on, where that is not the processor alone. */
function devicesText(devices: VectorSummary['devices']): string {
  const parts = Object.entries(devices).map(([id, rows]) => `${count(rows)} made on ${placeOf(id as DeviceId)}`);
  return parts.length === 0 || Object.keys(devices).join() === 'cpu' ? '' : `; ${parts.join(', ')}`;
}

function folderText({ path, exists, different, failed, missing, labels, mode }: FolderSummary): string {
  const parts = [
    plural(different, 'different image'),
    mode === 'off' ? 'labels off' : plural(labels, 'label'),
    ...(failed > 0 ? [`${count(failed)} unreadable`] : []),
    ...(missing > 0 ? [`${count(missing)} missing`] : []),
    ...(exists ? [] : ['the folder is not there']),
  ];
  return `${path}  ${parts.join(', ')}`;
}

export const inspectCommand: Action = async (output, options, path) => {
  const home = homeAt(textOption(options, 'home'));
  if (path === undefined) {
    const found = { ...describeHome(home), folders: describeFolders(home), embeddings: await describeVectors(home) };
    output.event({ type: 'home', ...found });
    output.say(
      `${home.path}: cache ${megabytes(found.cacheBytes)}, embeddings ${megabytes(found.embeddingBytes)}, runs ${megabytes(found.runBytes)}`,
    );
    if (found.folders.length + found.runs.length + found.damaged.length === 0)
      output.say('  Nothing is here yet: ijepa-studio scan FOLDER, or train FOLDER.');
    for (const folder of found.folders) output.say(`  ${folderText(folder)}`);
    for (const run of found.runs)
      output.say(`  ${run.name}  step ${count(run.step)}/${count(run.steps)}  ${plural(run.images, 'image')} of ${run.folder}`);
    for (const { name, problem } of found.damaged) output.say(`  ${name}  ${problem}`);
    for (const { run, step, layer, rows, devices } of found.embeddings)
      output.say(`  vectors of ${run}, step ${count(step)}: ${count(rows)}${layer === 'last' ? '' : ` (${layer})`}${devicesText(devices)}`);
    return 0;
  }
  if (existsSync(path) && statSync(path).isFile()) {
    const found = describeCheckpoint(path);
    output.event({ type: 'checkpoint', ...found });
    output.say(
      `${path}: ${found.kind}, ${plural(found.tensors, 'tensor')}, ${(found.parameters / 1e6).toFixed(1)} M values, ${megabytes(found.bytes)}, checksum ${found.checksum}`,
    );
    if (found.header) output.say(`Run ${found.header.run}, step ${count(found.header.step)}, ${found.header.threads} threads.`);
    for (const [key, value] of Object.entries(found.header?.config ?? {})) output.say(`  ${key}: ${JSON.stringify(value)}`);
    return 0;
  }
  const folder = describeFolders(home).find((one) => one.path === resolve(path));
  if (folder) {
    const names = describeHome(home)
      .runs.filter((one) => one.folder === folder.path)
      .map(({ name }) => name);
    output.event({ type: 'folder', ...folder, runs: names });
    output.say(folderText(folder));
    output.say(names.length > 0 ? `Runs that learn from it: ${names.join(', ')}.` : 'No run learns from it yet: ijepa-studio train FOLDER');
    return 0;
  }
  const run = runPath(home, path);
  const found = describeRun(run);
  if (!found) throw new AppError('not-found', `There is no run in ${run}.`, 'See `ijepa-studio inspect` for what there is.');
  output.event({ type: 'run', ...found });
  output.say(
    `${found.record.name}: step ${count(found.step)} of ${count(found.record.steps)}, ${plural(found.record.images, 'image')} of ${found.record.folder}, since ${found.record.created}`,
  );
  const { from, weights, config } = found.record;
  for (const sentence of [...(from ? originSentences(from, config) : []), ...(weights?.notes ?? [])]) output.say(`  ${sentence}`);
  for (const one of found.checkpoints)
    output.say(`  checkpoint of step ${count(one.step)}  ${megabytes(one.bytes)}${one.step === found.best ? '  (best)' : ''}`);
  for (const one of found.evaluations)
    output.say(
      `  step ${count(one.step)}: ${one.whitened.knn === undefined ? 'crop retrieval' : '20-NN'} whitened ${percent(one.whitened.knn ?? one.whitened.retrieval)}, RankMe ${one.rankMe.toFixed(1)}${one.step === found.best ? '  (best)' : ''}`,
    );
  const result = resultText(found);
  if (result !== undefined) output.say(result);
  return 0;
};

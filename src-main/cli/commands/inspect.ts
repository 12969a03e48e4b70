import { existsSync, statSync } from 'node:fs';
import { AppError } from '../../../shared/errors.ts';
import { describeCheckpoint, describeHome, describeRun } from '../../engine/inspect.ts';
import { homeAt, runPath } from '../../engine/home.ts';
import type { Action } from '../action.ts';
import { textOption } from '../options.ts';
import { megabytes, plural } from '../output.ts';

const percent = (value: number | undefined): string => (value === undefined ? '' : `${(100 * value).toFixed(1)} %`);

export const inspectCommand: Action = async (output, options, path) => {
  const home = homeAt(textOption(options, 'home'));
  if (path === undefined) {
    const found = describeHome(home);
    output.event({ type: 'home', ...found });
    output.say(
      `${home.path}: cache ${megabytes(found.cacheBytes)}, embeddings ${megabytes(found.embeddingBytes)}, runs ${megabytes(found.runBytes)}`,
    );
    for (const run of found.runs)
      output.say(`  ${run.name}  step ${run.step}/${run.steps}  ${plural(run.images, 'image')} of ${run.folder}`);
    for (const { name, problem } of found.damaged) output.say(`  ${name}  ${problem}`);
    return 0;
  }
  if (existsSync(path) && statSync(path).isFile()) {
    const found = describeCheckpoint(path);
    output.event({ type: 'checkpoint', ...found });
    output.say(
      `${path}: ${found.kind}, ${plural(found.tensors, 'tensor')}, ${(found.parameters / 1e6).toFixed(1)} M values, ${megabytes(found.bytes)}, checksum ${found.checksum}`,
    );
    if (found.header) output.say(`Run ${found.header.run}, step ${found.header.step}, ${found.header.threads} threads.`);
    for (const [key, value] of Object.entries(found.header?.config ?? {})) output.say(`  ${key}: ${JSON.stringify(value)}`);
    return 0;
  }
  const run = runPath(home, path);
  const found = describeRun(run);
  if (!found) throw new AppError('not-found', `There is no run in ${run}.`, 'See `ijepa-studio inspect` for what there is.');
  output.event({ type: 'run', ...found });
  output.say(
    `${found.record.name}: step ${found.step} of ${found.record.steps}, ${plural(found.record.images, 'image')} of ${found.record.folder}, since ${found.record.created}`,
  );
  for (const one of found.checkpoints)
    output.say(`  checkpoint of step ${one.step}  ${megabytes(one.bytes)}${one.step === found.best ? '  (best)' : ''}`);
  for (const one of found.evaluations)
    output.say(
      `  step ${one.step}: whitened ${percent(one.whitened.knn ?? one.whitened.retrieval)}, RankMe ${one.rankMe.toFixed(1)}${one.step === found.best ? '  (best)' : ''}`,
    );
  return 0;
};

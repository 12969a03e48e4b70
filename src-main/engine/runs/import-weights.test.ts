// What a run of imported weights is set to, and what an import leaves that is cut short.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { modelSize } from '../../jepa/model.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import { writeAuthorsFile } from '../../weights/authors-file.ts';
import { writeHuggingFaceFolder } from '../../weights/huggingface-folder.ts';
import { huggingFaceFiles, smallCheckpoint } from '../../weights/testing/small-checkpoint.ts';
import { homeAt, runNames } from '../home.ts';
import { dropBegunRun, importWeights } from './import-weights.ts';
import { checkpointOf } from './runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const exported = join(folder, 'exported');
mkdirSync(exported);
const small = smallCheckpoint(folder, {
  channels: 'luminance',
  fit: 'pad',
  background: [10, 20, 30],
  intensity: 'window',
  intensityWindow: [1, 9],
  predictorHeads: 3,
});

it.each(['authors', 'huggingface'] as const)('a run of our own export (%s) prepares images as the run did that was exported', (kind) => {
  const source = new SafetensorsFile(small.path);
  const file = join(exported, 'authors.safetensors');
  if (kind === 'authors') writeAuthorsFile(file, source, small.description);
  else writeHuggingFaceFolder(huggingFaceFiles(exported), source, small.description);
  source.dispose();
  const { config, run, notes } = importWeights(homeAt(join(folder, kind)), kind === 'authors' ? file : exported);
  expect(preprocessingOf(config)).toEqual(small.description.preprocessing);
  expect(preprocessingOf(readCheckpointHeader(checkpointOf(run)).config)).toEqual(small.description.preprocessing);
  expect(notes.join(' ')).toContain('fit pad');
  expect(notes.join(' ')).toContain('channels luminance');
  if (kind === 'authors') expect(modelSize(config)).toEqual(small.description.size);
});

const source = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');

it('that is cut short is no run, and the next one takes its folder over', () => {
  const home = homeAt(join(folder, 'cut'));
  const [place, left] = [join(home.runs, 'huggingface-1'), join(folder, 'left')];
  // What there is when the process is killed while it writes.
  importWeights(home, source, { onWrite: ({ path }) => cpSync(path, left, { recursive: true }) });
  const said = readFileSync(join(place, 'train.log'), 'utf8').split('\n').length;
  rmSync(place, { recursive: true });
  rmSync(join(left, 'lock'));
  renameSync(left, place);
  writeFileSync(join(place, 'checkpoints', 'step-000000000.safetensors.1-0-1.part'), 'half of it');
  expect(runNames(home)).toEqual([]);
  expect(importWeights(home, source).name).toBe('huggingface-1');
  const whole = ['checkpoints', 'config.json', 'train.log'];
  expect([readdirSync(place).toSorted(), readdirSync(join(place, 'checkpoints'))]).toEqual([whole, ['step-000000000.safetensors']]);
  // Killed before the last thing that it does.
  rmSync(join(place, 'config.json'));
  importWeights(home, source, { name: 'huggingface-1' });
  expect(readFileSync(join(place, 'train.log'), 'utf8').split('\n')).toHaveLength(said);
  expect(runNames(home)).toEqual(['huggingface-1']);
});

it('that is given up leaves nothing in a folder that was there', () => {
  const home = homeAt(join(folder, 'given up'));
  const place = join(home.runs, 'x');
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'mine.txt'), '');
  importWeights(home, source, { name: 'x' });
  dropBegunRun({ path: place, isNew: false, bytes: 0 });
  expect([readdirSync(place).toSorted(), readdirSync(join(place, 'checkpoints'))]).toEqual([['checkpoints', 'mine.txt'], []]);
});

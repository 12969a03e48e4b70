// What a run of imported weights is set to.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
import { homeAt } from '../home.ts';
import { importWeights } from './import-weights.ts';
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

// What a person is told of how to read an export.
import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import { modelSize } from '../../../jepa/model.ts';
import { readingCode } from './export-code.ts';

const codeOf = (settings: Readonly<Record<string, unknown>>): string => {
  const config = parseConfig({ ...settings, imageSize: 96, patchSize: 8 });
  const thing = {
    target: '/somewhere',
    vectorColumn: 'embedding',
    neighbours: 0,
    size: modelSize(config),
    preprocessing: preprocessingOf(config),
  };
  return readingCode({ ...thing, formats: ['huggingface'] })[0]!.text;
};

it('a Hugging Face folder is opened with its own code where transformers has no such class, and without where it has', () => {
  expect(codeOf({ stem: 'convolutions' })).toContain('model = AutoModel.from_pretrained(folder, trust_remote_code=True).eval()');
  expect(codeOf({ stem: 'linear' })).toContain('model = AutoModel.from_pretrained(folder).eval()');
});

// What a person is told of how to read an export.
import { expect, it } from 'vitest';
import { parseConfig } from '../../../../shared/config/config.ts';
import { preprocessingOf } from '../../../../shared/config/preprocessing.ts';
import type { ExportFormat } from '../../../../shared/contract/contract-explore.ts';
import { modelSize } from '../../../jepa/model.ts';
import { readingCode } from './export-code.ts';

const codeOf = (settings: Readonly<Record<string, unknown>>, format: ExportFormat = 'huggingface'): string => {
  const config = parseConfig({ ...settings, imageSize: 96, patchSize: 8 });
  const thing = {
    target: '/somewhere',
    vectorColumn: 'embedding',
    neighbours: 0,
    size: modelSize(config),
    preprocessing: preprocessingOf(config),
  };
  return readingCode({ ...thing, formats: [format] })[0]!.text;
};

it('a Hugging Face folder is opened with its own code where transformers has no such class, and without where it has', () => {
  expect(codeOf({ stem: 'convolutions' })).toContain('model = AutoModel.from_pretrained(folder, trust_remote_code=True).eval()');
  expect(codeOf({ stem: 'linear' })).toContain('model = AutoModel.from_pretrained(folder).eval()');
});

it.each(['huggingface', 'safetensors', 'onnx'] as const)('prepares a picture for %s as those were whose vectors are exported', (format) => {
  const background = [9, 8, 7];
  const code = codeOf({ background }, format);
  expect(code).toContain('ImageOps.exif_transpose(Image.open("picture.jpg"))');
  expect(code).toContain('Image.new("RGBA", image.size, (9, 8, 7, 255))');
  expect(code).toContain('image = ImageOps.fit(image, (96, 96), Image.BILINEAR)');
  expect(code).not.toContain('this run maps values');
  expect(codeOf({ background, fit: 'pad' }, format)).toContain('image = ImageOps.pad(image, (96, 96), Image.BILINEAR, color=(9, 8, 7))');
  expect(codeOf({ fit: 'squash' }, format)).toContain('image = image.resize((96, 96), Image.BILINEAR)');
  expect(codeOf({ intensity: 'percentile', channels: 'red' }, format)).toContain('(intensity=percentile, channels=red, see manifest.json)');
});

import { expect, it } from 'vitest';
import { isOfKind } from './file-kinds.ts';

it('A file is of a kind by how its name ends', () => {
  expect(['a.CSV', 'labels.txt', 'csv', 'a.csv.gz'].map((name) => isOfKind(name, 'csv'))).toEqual([true, true, false, false]);
  expect(['IN1K-vit.h.14-300e.pth.tar', '/m/model.safetensors', '/m/model', 'a.csv'].map((name) => isOfKind(name, 'weights'))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

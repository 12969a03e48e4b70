import { describe, expect, it } from 'vitest';
import { exportFormats } from '../../../shared/contract/contract-explore.ts';
import { filesOf, formatsOf, inside, needsVectors } from './export-formats.ts';

describe('an export', () => {
  it('offers every format once', () => {
    expect([...formatsOf('vectors'), ...formatsOf('weights')].toSorted()).toEqual(exportFormats.toSorted());
  });

  it('says which files there will be', () => {
    expect(filesOf(['npy'], 'raw')).toEqual(['vectors.npy', 'paths.parquet', 'manifest.json']);
    expect(filesOf(['npy'], 'whitened')).toContain('space.safetensors');
    expect(filesOf(['onnx'], 'whitened')).toEqual(['encoder.onnx', 'encoder.onnx.data', 'manifest.json']);
    expect([needsVectors(['onnx', 'csv']), needsVectors(['onnx'])]).toEqual([true, false]);
  });

  it('goes into a new folder of the one that was chosen', () => {
    expect([inside('/home/ada', 'a'), inside('/', 'a'), inside('C:\\data', 'a'), inside('C:\\', 'a')]).toEqual([
      '/home/ada/a',
      '/a',
      'C:\\data\\a',
      'C:\\a',
    ]);
  });
});

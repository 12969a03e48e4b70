import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tensorflowBinding, tensorflowVariable } from '../../shared/tensorflow.ts';
import { loadTensorflow } from './tensorflow-binding.ts';
import { findTensorflow } from './tensorflow-library.ts';
import { noTensorflow } from './testing/tensorflow-here.ts';

describe('where TensorFlow is looked for', () => {
  const before = process.env[tensorflowVariable];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-tf-'));
    process.env[tensorflowVariable] = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (before === undefined) delete process.env[tensorflowVariable];
    else process.env[tensorflowVariable] = before;
  });

  const put = (content: string): string => {
    const binding = join(folder, tensorflowBinding);
    mkdirSync(dirname(binding), { recursive: true });
    writeFileSync(binding, content);
    return binding;
  };

  it('is the folder that the environment names, else the package', () => {
    const binding = put('');
    expect(findTensorflow()).toEqual({ binding });
    process.env[tensorflowVariable] = '';
    const inPackage = join('@tensorflow', 'tfjs-node-gpu', tensorflowBinding);
    // Where the rig is not installed, there is none in it.
    if (noTensorflow === undefined) expect(findTensorflow().binding).toContain(inPackage);
    else expect(findTensorflow).toThrow('is not installed');
  });

  it('is said where it is not there, or is there and cannot be loaded', () => {
    expect(loadTensorflow).toThrow(expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(folder) as string }));
    const binding = put('half of a libra');
    const wrong = {
      code: 'device-failed',
      message: expect.stringContaining(binding) as string,
      hint: expect.stringContaining(tensorflowVariable) as string,
    };
    expect(loadTensorflow).toThrow(expect.objectContaining(wrong));
  });
});

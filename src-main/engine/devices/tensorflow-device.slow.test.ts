// TensorFlow as a device of the engine's, in processes of its own as any other.
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { tensorflowVariable } from '../../../shared/tensorflow.ts';
import { compileQuickly, noTensorflow, whySkipped } from '../../runtime/testing/tensorflow-here.ts';
import { probeDevice } from './probe-device.ts';
import { timeStep } from './time-step.ts';

const tiny = parseConfig({
  architecture: 'custom',
  width: 16,
  depth: 1,
  heads: 2,
  imageSize: 16,
  patchSize: 4,
  batchSize: 4,
  threads: 1,
});

describe.skipIf(noTensorflow !== undefined)(`TensorFlow among the devices${whySkipped}`, () => {
  // As it is compiled for a person: compiled quickly, bfloat16 rounds elsewhere.
  it('passes the self-test, and says which TensorFlow it is and whether it uses a card', async () => {
    const report = await probeDevice('tensorflow');
    expect(report).toMatchObject({ id: 'tensorflow', state: 'ready', runtime: expect.stringMatching(/^TensorFlow 2\.\d+/) as string });
    expect(report.deviation).toBeLessThan(1e-4);
    expect(report.matmulRate).toBeGreaterThan(0.1);
    expect(report.reduced).toMatchObject({ precision: 'bfloat16', works: true, reason: expect.stringContaining('bfloat16 too') as string });
    expect(report.onProcessor ?? false).toBe(report.reason.includes('It uses no graphics card'));
    expect(report.reason).toMatch(
      /agree with the float64 reference.*\.( It uses no graphics card\..* Have it tested again when that has changed\.)?$/,
    );
  });

  it('has its steps timed', async () => {
    compileQuickly();
    const { seconds, failure } = await timeStep('tensorflow', tiny, 1);
    expect(failure).toBeUndefined();
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(60);
  });
});

describe('without its native part', () => {
  it('TensorFlow is absent, with what to do', async () => {
    const before = process.env[tensorflowVariable];
    process.env[tensorflowVariable] = '/nowhere';
    try {
      expect(await probeDevice('tensorflow')).toMatchObject({
        state: 'absent',
        reason: expect.stringMatching(/TensorFlow is not in \/nowhere.*ijepa-studio devices install tensorflow/) as string,
      });
      expect(await timeStep('tensorflow', tiny, 1)).toEqual({
        seconds: Infinity,
        failure: expect.stringContaining('TensorFlow is not in /nowhere') as string,
      });
    } finally {
      delete process.env[tensorflowVariable];
      if (before !== undefined) process.env[tensorflowVariable] = before;
    }
  });
});

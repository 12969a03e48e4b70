// What is said of a device by what its self-test comes to, with stand-ins for the test.
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { howToInstall } from '../../../shared/tensorflow.ts';
import type { SelfTestResult } from '../../trainer/protocol.ts';
import { TrainerKilled } from '../../trainer/trainer.ts';
import { fitTensorflow, updateDriver } from './candidates.ts';
import { probeDevice } from './probe-device.ts';

const wrong: SelfTestResult = { deviation: 0.5, passed: false, matmulRate: 0, matmulSide: 0, runtime: 'onnxruntime 1.30.0' };
const failing = (code: 'device-failed' | 'out-of-memory' | 'trainer-crashed', hint: string) => async (): Promise<never> =>
  Promise.reject(new AppError(code, 'It was lost.', hint));
const ofRuns = 'Try again on the processor (device=cpu); the last checkpoint is intact.';

describe('a device that fails its test', () => {
  const reasonOf = async (id: DeviceId, test: Parameters<typeof probeDevice>[2]): Promise<string> => {
    const { state, reason } = await probeDevice(id, undefined, test);
    expect(state).toBe('failed');
    return reason;
  };

  it('has a next step: its driver, whether it takes too long, computes wrong, fails or crashes', async () => {
    expect(await reasonOf('webgpu', async () => Promise.resolve(undefined))).toBe(
      `Three tiny steps took longer than 3 minutes. ${updateDriver}`,
    );
    expect(await reasonOf('webgpu', async () => Promise.resolve(wrong))).toBe(
      `It does not compute right: three tiny steps deviate by 5.0e-1 from the float64 reference. ${updateDriver}`,
    );
    for (const code of ['device-failed', 'trainer-crashed'] as const)
      expect(await reasonOf('webgpu', failing(code, ofRuns))).toBe(`WebGPU could not be used. It was lost. ${updateDriver}`);
    // In the words of page and terminal.
    for (const face of ['Settings', 'ijepa-studio doctor']) expect(updateDriver).toContain(face);
  });

  it('is to be given memory where it lacks that, and a TensorFlow that cannot be loaded to be installed anew', async () => {
    expect(await reasonOf('webgpu', failing('out-of-memory', ofRuns))).toMatch(
      /Close what else uses the graphics card, then have it tested again/,
    );
    expect(await reasonOf('cpu', failing('out-of-memory', ofRuns))).toMatch(/Close other programs, then/);
    expect(await reasonOf('tensorflow', failing('device-failed', howToInstall))).toBe(
      `TensorFlow could not be used. It was lost. ${howToInstall}`,
    );
  });

  it("is no matter of the driver where it is TensorFlow: it is CUDA, cuDNN and the card, or CUDA's compiler", async () => {
    for (const code of ['device-failed', 'trainer-crashed'] as const)
      expect(await reasonOf('tensorflow', failing(code, ofRuns))).toBe(`TensorFlow could not be used. It was lost. ${fitTensorflow}`);
    expect(fitTensorflow).not.toContain('driver');
    const message = 'The device failed: INTERNAL: libdevice not found at ./libdevice.10.bc';
    const without = async (): Promise<never> => Promise.reject(new AppError('device-failed', message, ofRuns));
    expect(await reasonOf('tensorflow', without)).toMatch(/It lacks the compiler of CUDA: .*set CUDA_HOME/);
  });

  it('is tested again by the next run where the system has ended its process for want of memory', async () => {
    const killed = async (): Promise<never> =>
      Promise.reject(new TrainerKilled('trainer-crashed', 'The training process was ended by SIGKILL.', ofRuns));
    expect(await probeDevice('webgpu', undefined, killed)).toMatchObject({
      state: 'untested',
      reason: expect.stringContaining('close other programs') as string,
    });
  });

  it('is not to have its driver updated where it is the processor', async () => {
    const reason = await reasonOf('cpu', async () => Promise.resolve(wrong));
    expect(reason).toContain('Please report it');
    expect(reason).not.toContain('driver');
  });
});

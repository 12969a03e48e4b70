// Real probes: on a graphics card in software where there is one, and of devices that are not there.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { noSoftwareGpu, softwareGpuEnvironment } from '../../runtime/testing/software-gpu.ts';
import { probeDevice } from './probe-device.ts';

afterEach(() => vi.unstubAllEnvs());

describe('a device is probed in a process of its own', () => {
  it.skipIf(noSoftwareGpu !== undefined)(
    `WebGPU computes right on a card in software${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`,
    async () => {
      for (const [name, value] of Object.entries(softwareGpuEnvironment)) vi.stubEnv(name, value);
      const report = await probeDevice('webgpu');
      expect(report).toMatchObject({ id: 'webgpu', state: 'ready' });
      expect(report.deviation).toBeLessThan(1e-4);
      expect(report.matmulRate).toBeGreaterThan(0);
      // SwiftShader has no shader-f16, and is ready all the same.
      expect(report.reduced).toEqual({ precision: 'float16', works: false, reason: 'The card or its driver has no float16.' });
    },
  );

  it('says that there is none, with what to do, where no driver is found', async () => {
    for (const name of ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES']) vi.stubEnv(name, '/nowhere.json');
    const report = await probeDevice('webgpu');
    expect(report.state).toBe('absent');
    expect(report.reason).toMatch(/graphics card.*driver/);
  });

  it.skipIf(process.platform === 'win32')('says what is not installed', async () => {
    expect(await probeDevice('cuda')).toMatchObject({ state: 'absent', reason: expect.stringContaining('not installed') as string });
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const asked = probeDevice('cpu', stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(asked).rejects.toMatchObject({ code: 'cancelled' });
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { homeAt } from '../home.ts';
import type { Home } from '../home.ts';
import { KnownDevices, signatureOf } from './device-file.ts';
import type { DeviceFile } from './device-file.ts';

const cardWith = (driver: string): readonly GraphicsCard[] => [{ name: 'A card', driver }];

describe('what is remembered of devices', () => {
  let folder: string;
  let home: Home;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-device-file-'));
    home = homeAt(folder);
    for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) vi.stubEnv(name, undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  const rateOf = (driver: string): number | undefined => new KnownDevices(home, true).read(cardWith(driver)).rates.webgpu;
  const keepRate = (driver: string, rate: number): void => {
    const known = new KnownDevices(home, true);
    known.keep({ ...known.read(cardWith(driver)), rates: { webgpu: rate } });
  };

  it('is there again with the cards and drivers of before, for the last four of them', () => {
    for (const [at, driver] of ['1', '2', '3', '4', '1', '5'].entries()) keepRate(driver, at);
    expect(['1', '2', '3', '4', '5'].map(rateOf)).toEqual([4, undefined, 2, 3, 5]);
  });

  it('is read from the file of an earlier version, and kept beside what is found out now', () => {
    const before: DeviceFile = {
      signature: signatureOf(cardWith('1')),
      tensorflow: '',
      reports: [{ id: 'webgpu', state: 'ready', reason: 'It works.' }],
      races: {},
      rates: { webgpu: 7 },
    };
    writeFileSync(join(folder, 'devices.json'), JSON.stringify(before));
    expect(rateOf('1')).toBe(7);
    keepRate('2', 8);
    expect([rateOf('1'), rateOf('2')]).toEqual([7, 8]);
    expect(Object.keys(JSON.parse(readFileSync(join(folder, 'devices.json'), 'utf8')) as object)).toEqual(['systems']);
  });

  it('is nothing where the file is damaged, which the next one mends', () => {
    for (const damaged of ['{"systems":', '{"systems":7}', '{"systems":[{"signature":1},{}]}', 'null', '[]', '7']) {
      writeFileSync(join(folder, 'devices.json'), damaged);
      expect(rateOf('1'), damaged).toBeUndefined();
      keepRate('1', 3);
      expect(rateOf('1'), damaged).toBe(3);
    }
  });

  it.runIf(process.platform === 'linux')('holds for the drivers of Vulkan that there are', () => {
    keepRate('1', 3);
    const manifest = join(folder, 'another_icd.json');
    writeFileSync(manifest, '{}');
    vi.stubEnv('VK_DRIVER_FILES', manifest);
    expect(rateOf('1')).toBeUndefined();
    keepRate('1', 4);
    vi.stubEnv('VK_DRIVER_FILES', undefined);
    expect(rateOf('1')).toBe(3);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cardsOfLinux, cardsOfMac, cardsOfWindows, nvidiaCards } from './graphics-cards.ts';

describe('graphics cards as systems tell of them', () => {
  it('NVIDIA: its own program, of a driver that knows all questions or of an older one', async () => {
    const card = { name: 'NVIDIA GeForce RTX 3060', driver: '550.54.14', memory: 12288 * 2 ** 20, memoryFree: 11000 * 2 ** 20 };
    const answer = 'NVIDIA GeForce RTX 3060, 550.54.14, 12288, 11000';
    expect(await nvidiaCards(async () => Promise.resolve(`${answer}, 8.6\nTesla T4, 535.1, [N/A], [N/A], 7.5\n`))).toEqual([
      { ...card, computeCapability: 8.6 },
      { name: 'NVIDIA Tesla T4', driver: '535.1', computeCapability: 7.5 },
    ]);
    const asked: string[] = [];
    const older = async ([query]: readonly string[]): Promise<string | undefined> => {
      asked.push(query!);
      return Promise.resolve(query!.includes('compute_cap') ? undefined : answer);
    };
    expect(await nvidiaCards(older)).toEqual([card]);
    expect(asked).toHaveLength(2);
    expect(await nvidiaCards(async () => Promise.resolve(undefined))).toEqual([]);
  });

  it('Windows: one card or several; memory of 32 bits that is full says nothing', () => {
    expect(cardsOfWindows('{"Name":"Intel(R) UHD Graphics","DriverVersion":"31.0.101","AdapterRAM":1073741824}')).toEqual([
      { name: 'Intel(R) UHD Graphics', driver: '31.0.101', memory: 2 ** 30, inProcessor: true },
    ]);
    const two = '[{"Name":"AMD Radeon RX 7800 XT","DriverVersion":"32.0","AdapterRAM":4293918720},{"Name":null,"AdapterRAM":null}]';
    expect(cardsOfWindows(two)).toEqual([{ name: 'AMD Radeon RX 7800 XT', driver: '32.0' }]);
    expect(cardsOfWindows('[{"Name":"Microsoft Basic Display Adapter"},{"Name":"Microsoft Remote Display Adapter"}]')).toEqual([]);
    expect(cardsOfWindows('[]')).toEqual([]);
  });

  it('Windows: names of graphics in a processor, and of cards', () => {
    const inProcessor = (Name: string): boolean => cardsOfWindows(JSON.stringify({ Name }))[0]!.inProcessor === true;
    for (const name of [
      'Intel(R) HD Graphics 630',
      'Intel(R) Iris(R) Xe Graphics',
      'Intel(R) Graphics',
      'AMD Radeon(TM) Graphics',
      'AMD Radeon(TM) Vega 8 Graphics',
      'AMD Radeon 780M Graphics',
      'AMD Radeon(TM) 890M',
    ])
      expect(inProcessor(name), name).toBe(true);
    for (const name of [
      'NVIDIA GeForce RTX 4060 Laptop GPU',
      'AMD Radeon RX 6700 XT',
      'AMD Radeon RX 6700M',
      'AMD Radeon Pro W6800',
      'Intel(R) Arc(TM) A770 Graphics',
    ])
      expect(inProcessor(name), name).toBe(false);
  });

  it('macOS: the chip', () => {
    const text = '{"SPDisplaysDataType":[{"sppci_model":"Apple M2","spdisplays_mtlgpufamilysupport":"spdisplays_metal3"}]}';
    expect(cardsOfMac(text)).toEqual([{ name: 'Apple M2', driver: 'metal3' }]);
    expect(cardsOfMac('{}')).toEqual([]);
  });

  describe('Linux', () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ijepa-drm-'))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    it('reads the list of devices, and knows what computes from what only shows', () => {
      const device = (name: string, files: Readonly<Record<string, string>>): void => {
        mkdirSync(join(folder, name, 'device'), { recursive: true });
        for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, 'device', file), `${text}\n`);
      };
      device('card0', {
        vendor: '0x1002',
        device: '0x744c',
        uevent: 'DRIVER=amdgpu\nPCI_CLASS=30000',
        mem_info_vram_total: '17163091968',
        mem_info_vram_used: '163091968',
        mem_info_gtt_total: '33000000000',
        mem_info_gtt_used: '20000000',
      });
      device('card1', { vendor: '0x1234', device: '0x1111' });
      device('card0-DP-1', {});
      device('card2', { vendor: '0x8086', product_name: 'Arc A770', uevent: 'DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0' });
      device('card4', { vendor: '0x8086', device: '0x46a6', uevent: 'DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0' });
      device('card3', {
        vendor: '0x1002',
        device: '0x1681',
        mem_info_vram_total: '536870912',
        mem_info_vram_used: '400000000',
        mem_info_gtt_total: '8000000000',
        mem_info_gtt_used: '1000000000',
      });
      const [amd, intel, inProcessor, intels, ...none] = cardsOfLinux(folder);
      // Its own 512 MB are not what it has.
      expect(inProcessor).toMatchObject({ memory: 8536870912, memoryFree: 8536870912 - 1.4e9, inProcessor: true });
      expect(intels).toMatchObject({ name: 'Intel graphics (0x46a6)', inProcessor: true });
      expect(amd).toMatchObject({ name: 'AMD graphics (0x744c)', memory: 17163091968, memoryFree: 17000000000 });
      expect(amd!.driver).toMatch(/^amdgpu, Linux \d/);
      expect(intel).toEqual({ name: 'Intel Arc A770', driver: expect.stringMatching(/^xe, Linux/) as string });
      expect(amd).not.toHaveProperty('inProcessor');
      expect(none).toEqual([]);
      expect(cardsOfLinux(join(folder, 'nowhere'))).toEqual([]);
    });
  });
});

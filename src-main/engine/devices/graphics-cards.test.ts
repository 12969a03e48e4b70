import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { cardsOfMac, nvidiaCards } from './graphics-cards.ts';
import { cardsOfLinux } from './linux-cards.ts';
import { cardsOfWindows } from './windows-cards.ts';

const computer = { total: 16e9, free: 6e9 };

describe('graphics cards as systems tell of them', () => {
  it('NVIDIA: its own program, of a driver that knows all questions or of an older one', async () => {
    const numbered = { index: 0, uuid: 'GPU-12345678-9abc' };
    const card = {
      name: 'NVIDIA GeForce RTX 3060',
      driver: '550.54.14',
      memory: 12288 * 2 ** 20,
      memoryFree: 11000 * 2 ** 20,
      ...numbered,
    };
    const answer = 'NVIDIA GeForce RTX 3060, 550.54.14, 12288, 11000, 0, GPU-12345678-9abc';
    expect(await nvidiaCards(async () => Promise.resolve(`${answer}, 8.6\nTesla T4, 535.1, [N/A], [N/A], 1, GPU-2, 7.5\n`))).toEqual([
      { ...card, computeCapability: 8.6 },
      { name: 'NVIDIA Tesla T4', driver: '535.1', index: 1, uuid: 'GPU-2', computeCapability: 7.5 },
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

  it('Windows: the memory that the driver tells of, also of more than 32 bits, and what of it is free', () => {
    const windows = (
      cards: readonly object[],
      drivers: readonly object[] = [],
      counters: readonly object[] = [],
    ): readonly GraphicsCard[] => cardsOfWindows(JSON.stringify({ cards, drivers, counters }), computer);
    const radeon = { Name: 'AMD Radeon RX 7800 XT', DriverVersion: '32.0', AdapterRAM: 4293918720 };
    const silent = { name: 'AMD Radeon RX 7800 XT', driver: '32.0' };
    const [named, other] = [
      { DriverDesc: radeon.Name, Memory: 17163091968 },
      { DriverDesc: 'AMD Radeon RX 580', Memory: 8e9 },
    ];
    expect(windows([radeon, { Name: null, AdapterRAM: null }])).toEqual([silent]);
    expect(windows([radeon], [{ DriverDesc: radeon.Name, Memory: [0, 0, 1] }, { DriverDesc: null }, other])).toEqual([silent]);
    expect(windows([radeon], [named, other])).toEqual([{ ...silent, memory: 17163091968 }]);
    // Another card of that name may still have its driver there.
    expect(windows([radeon], [named, { ...named, Memory: 16e9 }])).toEqual([{ ...silent, memory: 16e9 }]);
    expect(windows([{ ...radeon, AdapterRAM: 2 ** 30 }])).toEqual([{ ...silent, memory: 2 ** 30 }]);
    // The adapter in software uses none.
    const counters = [{ DedicatedUsage: 1163091968 }, { DedicatedUsage: 0 }];
    expect(windows([radeon], [named], counters)).toEqual([{ ...silent, memory: 17163091968, memoryFree: 16e9 }]);
    // Which one is meant is not known.
    const [first, second] = windows([radeon, { Name: other.DriverDesc }], [named, other], counters);
    expect([first, second]).toEqual([
      { ...silent, memory: 17163091968 },
      { name: other.DriverDesc, memory: 8e9 },
    ]);
    expect(windows([{ Name: 'Microsoft Basic Display Adapter' }, { Name: 'Microsoft Remote Display Adapter' }])).toEqual([]);
    expect(cardsOfWindows('{}', computer)).toEqual([]);
  });

  it('Windows: graphics in a processor take from half of the memory what is free, and not what was set aside for them', () => {
    const text =
      '{"cards":[{"Name":"Intel(R) UHD Graphics","DriverVersion":"31.0.101","AdapterRAM":134217728}],"drivers":[],"counters":[]}';
    const card = { name: 'Intel(R) UHD Graphics', driver: '31.0.101', memory: 8e9, inProcessor: true };
    expect(cardsOfWindows(text, computer)).toEqual([{ ...card, memoryFree: 6e9 }]);
    expect(cardsOfWindows(text, { total: 16e9, free: 12e9 })).toEqual([{ ...card, memoryFree: 8e9 }]);
  });

  it('Windows: names of graphics in a processor, and of cards', () => {
    const inProcessor = (Name: string): boolean => cardsOfWindows(JSON.stringify({ cards: [{ Name }] }), computer)[0]!.inProcessor === true;
    for (const name of [
      'Intel(R) HD Graphics 630',
      'Intel(R) Iris(R) Xe Graphics',
      'Intel(R) Graphics',
      'AMD Radeon(TM) Graphics',
      'AMD Radeon(TM) Vega 8 Graphics',
      'AMD Radeon 780M Graphics',
      'AMD Radeon(TM) 890M',
      'AMD Radeon(TM) 780M',
      'AMD Radeon(TM) RX Vega 10 Graphics',
      'AMD Radeon(TM) Vega 8 Mobile Graphics',
      'AMD Radeon(TM) 8060S Graphics',
      'Intel(R) Arc(TM) Graphics',
      'Intel(R) Arc(TM) 140V GPU (16GB)',
      'Qualcomm(R) Adreno(TM) X1-85 GPU',
    ])
      expect(inProcessor(name), name).toBe(true);
    for (const name of [
      'NVIDIA GeForce RTX 4060 Laptop GPU',
      'AMD Radeon RX 6700 XT',
      'AMD Radeon RX 6700M',
      'AMD Radeon Pro W6800',
      'AMD Radeon RX Vega',
      'Radeon RX Vega M GH Graphics',
      'Intel(R) Arc(TM) A770 Graphics',
      'Intel(R) Arc(TM) Pro A60 Graphics',
      'Intel(R) Iris(R) Xe MAX Graphics',
    ])
      expect(inProcessor(name), name).toBe(false);
  });

  it('macOS: a chip shares the memory of the computer, a card beside it has its own', () => {
    const text = '{"SPDisplaysDataType":[{"sppci_model":"Apple M2","spdisplays_mtlgpufamilysupport":"spdisplays_metal3"}]}';
    const shared = { memory: 16e9, memoryFree: 9.6e9, inProcessor: true };
    expect(cardsOfMac(text, computer)).toEqual([{ name: 'Apple M2', driver: 'metal3', ...shared }]);
    const two = [
      { sppci_model: 'Intel UHD Graphics 630', sppci_bus: 'spdisplays_builtin', spdisplays_vram: '1536 MB' },
      { sppci_model: 'AMD Radeon Pro 5300M', sppci_bus: 'spdisplays_pcie_device', spdisplays_vram: '4 GB' },
    ];
    expect(cardsOfMac(JSON.stringify({ SPDisplaysDataType: two }), computer)).toEqual([
      { name: 'Intel UHD Graphics 630', ...shared },
      { name: 'AMD Radeon Pro 5300M', memory: 4 * 2 ** 30 },
    ]);
    expect(cardsOfMac('{}', computer)).toEqual([]);
  });

  describe('Linux', () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ijepa-drm-'))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const device = (name: string, files: Readonly<Record<string, string>>): void => {
      mkdirSync(join(folder, name, 'device'), { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, 'device', file), `${text}\n`);
    };
    const inFolder = (free = 16e9, lists: readonly string[] = []): GraphicsCard[] =>
      cardsOfLinux({ total: 16e9, free }, { drm: folder, pci: join(folder, 'pci'), lists });

    it('reads the list of devices, and knows what computes from what only shows', () => {
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
      const [amd, intel, inProcessor, intels, ...none] = inFolder();
      // Its own 512 MB are not what it has.
      expect(inProcessor).toMatchObject({ memory: 8536870912, memoryFree: 8536870912 - 1.4e9, inProcessor: true });
      expect(intels).toMatchObject({ name: 'Intel graphics (0x46a6)', inProcessor: true });
      expect(amd).toMatchObject({ name: 'AMD graphics (0x744c)', memory: 17163091968, memoryFree: 17000000000 });
      // What computes is a part of Vulkan, whatever the kernel's release.
      expect(amd!.driver).toBe('amdgpu');
      expect(intel).toEqual({ name: 'Intel Arc A770', driver: 'xe' });
      expect(amd).not.toHaveProperty('inProcessor');
      expect(none).toEqual([]);
      expect(cardsOfLinux(computer, { drm: join(folder, 'nowhere'), pci: join(folder, 'nowhere') })).toEqual([]);
    });

    it('finds cards on the bus that no driver runs, and knows them from those that one does', () => {
      const onBus = (slot: string, files: Readonly<Record<string, string>>): void => {
        mkdirSync(join(folder, 'pci', slot), { recursive: true });
        for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, 'pci', slot, file), `${text}\n`);
      };
      const intel = { vendor: '0x8086', device: '0x46a6', uevent: 'DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0' };
      device('card0', intel);
      onBus('0000:00:02.0', { class: '0x030000', ...intel });
      onBus('0000:01:00.0', { class: '0x030200', vendor: '0x10de', device: '0x2504', uevent: 'PCI_SLOT_NAME=0000:01:00.0' });
      // Its sound, a screen of the mainboard, and a card that is kept for a virtual machine.
      onBus('0000:01:00.1', { class: '0x040300', vendor: '0x10de', device: '0x228e', uevent: '' });
      onBus('0000:02:00.0', { class: '0x030000', vendor: '0x1a03', device: '0x2000', uevent: '' });
      onBus('0000:03:00.0', { class: '0x030000', vendor: '0x1002', device: '0x744c', uevent: 'DRIVER=vfio-pci' });
      onBus('0000:04:00.0', { class: '0x030200', vendor: '0x10de', device: '0x20b0', uevent: 'DRIVER=nvidia' });
      const [inProcessor, ...others] = inFolder();
      expect(inProcessor).toMatchObject({ name: 'Intel graphics (0x46a6)', driver: 'i915', inProcessor: true });
      expect(others).toEqual([
        { name: 'NVIDIA graphics (0x2504)', driverless: true },
        { name: 'NVIDIA graphics (0x20b0)', driver: 'nvidia' },
      ]);
      // Where no driver has made any known there is no such list.
      expect(
        cardsOfLinux(computer, { drm: join(folder, 'nowhere'), pci: join(folder, 'pci'), lists: [] }).map(({ name }) => name),
      ).toContain('NVIDIA graphics (0x2504)');
    });

    it('graphics in a processor have no more than is free in the computer, whatever their quota', () => {
      const amd = {
        vendor: '0x1002',
        device: '0x1681',
        mem_info_vram_total: '500000000',
        mem_info_vram_used: '400000000',
        mem_info_gtt_total: '8000000000',
        mem_info_gtt_used: '1000000000',
      };
      device('card0', amd);
      device('card1', { vendor: '0x8086', device: '0x46a6', uevent: 'DRIVER=i915\nPCI_SLOT_NAME=0000:00:02.0' });
      expect(inFolder(2e9).map(({ memory, memoryFree }) => [memory, memoryFree])).toEqual([
        [8.5e9, 2.1e9],
        [8e9, 2e9],
      ]);
      expect(inFolder(12e9).map(({ memoryFree }) => memoryFree)).toEqual([7.1e9, 8e9]);
    });

    it('has the names of cards that do not say theirs from the list of PCI, where there is one', () => {
      const list = join(folder, 'pci.ids');
      writeFileSync(
        list,
        [
          "# List of PCI ID's",
          '1002  Advanced Micro Devices, Inc. [AMD/ATI]',
          '\t1681  Rembrandt [Radeon 680M]',
          '\t744c  Navi 31 [Radeon RX 7900 XT/7900 XTX]',
          '\t\t1002 0e3b  RX 7900 GRE [Hellhound]',
          '\t7480  Navi 33',
          '8086  Intel Corporation',
          '\t46a6  Alder Lake-P GT2 [Iris Xe Graphics]',
          '\t744d  Not of this maker',
          '',
        ].join('\n'),
      );
      const amd = { vendor: '0x1002', product_name: '' };
      for (const [at, id] of ['0x744c', '0x7480', '0x744d'].entries()) device(`card${at}`, { ...amd, device: id });
      device('card3', { vendor: '0x8086', device: '0x46a6' });
      const names = (lists: readonly string[]): readonly string[] => inFolder(16e9, lists).map(({ name }) => name);
      expect(names([join(folder, 'none'), list])).toEqual([
        'AMD Radeon RX 7900 XT/7900 XTX',
        'AMD Navi 33',
        'AMD graphics (0x744d)',
        'Intel Iris Xe Graphics',
      ]);
      expect(names([])).toContain('AMD graphics (0x744c)');
    });
  });
});

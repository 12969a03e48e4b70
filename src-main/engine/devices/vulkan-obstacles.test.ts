import { describe, expect, it } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { vulkanObstacles } from './vulkan-obstacles.ts';
import type { VulkanSystem } from './vulkan-obstacles.ts';

const amd: GraphicsCard = { name: 'AMD Radeon RX 7600', driver: 'amdgpu' };
const nvidia: GraphicsCard = { name: 'NVIDIA GeForce RTX 3060', driver: '550.54.14' };
const nouveau: GraphicsCard = { name: 'NVIDIA GeForce GTX 960', driver: 'nouveau' };
const mesa = ['intel_icd.x86_64.json', 'lvp_icd.x86_64.json', 'radeon_icd.x86_64.json', 'nouveau_icd.x86_64.json'];

const whole: VulkanSystem = {
  cards: [amd],
  has: () => true,
  nodes: [{ path: '/dev/dri/renderD128', isOpen: true }],
  manifests: mesa,
  inContainer: false,
  inWindows: false,
  nvidiaSays: '',
};
const lacking = (rest: Partial<VulkanSystem>): readonly string[] => vulkanObstacles({ ...whole, ...rest });

describe('what keeps a card from WebGPU on Linux', () => {
  it('is nothing where all is there', () => {
    expect(lacking({})).toEqual([]);
    expect(lacking({ cards: [nouveau] })).toEqual([]);
    expect(lacking({ cards: [nvidia], manifests: ['nvidia_icd.json'] })).toEqual([]);
    expect(lacking({ cards: [] })).toEqual([]);
  });

  it('is that the person may not open it, unless another may be, or the driver of NVIDIA asks for none', () => {
    const closed = { path: '/dev/dri/renderD128', isOpen: false };
    expect(lacking({ nodes: [closed] })).toEqual([
      expect.stringMatching(/\/dev\/dri\/renderD128 cannot be opened\..*usermod -aG render,video/),
    ]);
    expect(lacking({ nodes: [closed, { path: '/dev/dri/renderD129', isOpen: true }] })).toEqual([]);
    expect(lacking({ cards: [nvidia], manifests: ['nvidia_icd.json'], nodes: [closed] })).toEqual([]);
    expect(lacking({ nodes: [], inContainer: true })).toEqual([expect.stringContaining('--device /dev/dri')]);
    expect(lacking({ nodes: [] })).toEqual([]);
  });

  it("is Vulkan's loader, and a driver for the card", () => {
    const has = (file: string): boolean => file !== 'libvulkan.so.1';
    expect(lacking({ has, manifests: [] })).toEqual([expect.stringContaining('apt install libvulkan1 mesa-vulkan-drivers')]);
    expect(lacking({ cards: [nvidia], has, manifests: ['nvidia_icd.json'] })).toEqual([expect.stringContaining('apt install libvulkan1)')]);
    for (const manifests of [[], ['lvp_icd.x86_64.json'], ['nvidia_icd.json']])
      expect(lacking({ manifests })).toEqual([
        expect.stringMatching(/^There is no Vulkan driver for the graphics card.*mesa-vulkan-drivers/),
      ]);
  });

  it("is that part of NVIDIA's driver, which containers leave out", () => {
    expect(lacking({ cards: [nvidia], inContainer: true })).toEqual([expect.stringContaining('NVIDIA_DRIVER_CAPABILITIES=all')]);
    expect(lacking({ cards: [nvidia] })).toEqual([expect.stringContaining('libnvidia-gl')]);
  });

  it('is a driver that does not run, said of the card where the bus tells of it', () => {
    const nvidiaSays = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest …";
    const stopped = /^NVIDIA's driver is installed and does not run: restart the computer/;
    expect(lacking({ cards: [], manifests: ['nvidia_icd.json'], nvidiaSays })).toEqual([expect.stringMatching(stopped)]);
    const card: GraphicsCard = { name: 'NVIDIA GeForce RTX 3060', driverless: true };
    const sentence = expect.stringMatching(
      /^No driver runs the NVIDIA GeForce RTX 3060: install NVIDIA's driver, or .*restart the computer/,
    );
    expect(lacking({ cards: [card], nvidiaSays })).toEqual([sentence]);
    // Beside one that works, whose own obstacles are said too.
    expect(lacking({ cards: [amd, card], manifests: [] })).toEqual([sentence, expect.stringContaining('mesa-vulkan-drivers')]);
    expect(lacking({ cards: [{ name: 'AMD Radeon RX 9070', driverless: true }], manifests: [] })).toEqual([
      expect.stringMatching(/^No driver runs the AMD Radeon RX 9070: update the system/),
    ]);
  });

  it('is a driver that was updated under way, or a Linux inside Windows, and then nothing else', () => {
    const nvidiaSays = 'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n';
    const without = { has: () => false, nodes: [], manifests: [] };
    expect(lacking({ ...without, nvidiaSays })).toEqual([expect.stringContaining('restart the computer')]);
    expect(lacking({ ...without, cards: [], inWindows: true })).toEqual([expect.stringContaining('WSL')]);
  });
});

// What keeps a graphics card from WebGPU on Linux, where that speaks to it through Vulkan: rights, the loader, the driver.
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { isNvidia, isOnNouveau } from '../../../shared/devices.ts';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { libraryFinderHere } from '../../files/library-finder.ts';
import { withoutDriver } from './candidates.ts';
import { printedBy } from './printed.ts';
import { vulkanManifests } from './vulkan-drivers.ts';

export interface VulkanSystem {
  readonly cards: readonly GraphicsCard[];
  /** Whether the dynamic linker finds a library of this file name. */
  readonly has: (file: string) => boolean;
  /** What of `/dev/dri` computes, and whether this person may open it. */
  readonly nodes: readonly { readonly path: string; readonly isOpen: boolean }[];
  /** Of drivers, by their file names. */
  readonly manifests: readonly string[];
  readonly inContainer: boolean;
  /** Whether it is a Linux inside Windows. */
  readonly inWindows: boolean;
  /** What NVIDIA's own program prints, also where it fails. */
  readonly nvidiaSays: string;
}

/** Names of Mesa's drivers and AMD's own; the one in software, `lvp`, is for no card. */
const driversOfOthers = /radeon|amd|intel|nouveau|asahi/i;

/** Why a card cannot be used, or only a driver in software is found, in sentences that say what to do; none where nothing is missing. */
export function vulkanObstacles(system: VulkanSystem): readonly string[] {
  const { cards, has, nodes, manifests, inContainer } = system;
  if (/Driver\/library version mismatch/i.test(system.nvidiaSays))
    return ["NVIDIA's driver was updated while its former version still runs: restart the computer."];
  if (system.inWindows)
    return [
      'This is a Linux inside Windows (WSL), where cards have no Vulkan driver of their own: to use the card with WebGPU, run I-JEPA Studio on Windows itself.',
    ];
  const driven = cards.filter(({ driverless }) => driverless !== true);
  const ofNvidia = driven.some((card) => isNvidia(card) && !isOnNouveau(card));
  const others = driven.some((card) => !isNvidia(card) || isOnNouveau(card));
  const sentences = cards.filter((card) => !driven.includes(card)).map(withoutDriver);
  // Its program is there, and the card is not even on the bus, or the bus cannot be seen.
  if (/communicate with the NVIDIA driver/i.test(system.nvidiaSays) && !cards.some(isNvidia))
    sentences.push(
      "NVIDIA's driver is installed and does not run: restart the computer, and where that does not help install the driver again. Without a card of NVIDIA it is of no use.",
    );
  if (others && nodes.length > 0 && nodes.every(({ isOpen }) => !isOpen))
    sentences.push(
      `You may not use the graphics card: ${nodes.map(({ path }) => path).join(', ')} cannot be opened. Add yourself to the groups that may (sudo usermod -aG render,video $USER), and log in again.`,
    );
  if (others && nodes.length === 0 && inContainer)
    sentences.push('The container has no graphics card: /dev/dri is not in it. Start it with that device (docker run --device /dev/dri).');
  if (!has('libvulkan.so.1'))
    sentences.push(
      `Vulkan's loader, libvulkan.so.1, is not found: install it (on Debian and Ubuntu: sudo apt install libvulkan1${others ? ' mesa-vulkan-drivers' : ''}).`,
    );
  else if (others && !manifests.some((name) => driversOfOthers.test(name)))
    sentences.push(
      'There is no Vulkan driver for the graphics card: install that of Mesa (on Debian and Ubuntu: sudo apt install mesa-vulkan-drivers).',
    );
  if (ofNvidia && !manifests.some((name) => /nvidia/i.test(name)))
    sentences.push(
      inContainer
        ? 'The container has no Vulkan driver of NVIDIA, which is left out by default: start it with NVIDIA_DRIVER_CAPABILITIES=all in its environment.'
        : "NVIDIA's driver is there without its part for Vulkan (no nvidia_icd.json is found): install it (on Ubuntu the package libnvidia-gl of the driver's version).",
    );
  return sentences;
}

const folder = '/dev/dri';

/** What of `/dev/dri` computes. */
function renderNodes(): VulkanSystem['nodes'] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('renderD')) : [];
  return names.map((name) => {
    const path = `${folder}/${name}`;
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
      return { path, isOpen: true };
    } catch {
      return { path, isOpen: false };
    }
  });
}

async function nvidiaSays(): Promise<string> {
  const { stdout, stderr } = (await printedBy('nvidia-smi', ['-L'])) ?? { stdout: '', stderr: '' };
  return `${stdout}${stderr}`;
}

/** The same for these cards of this computer; none on other systems than Linux. */
export async function vulkanObstaclesHere(cards: readonly GraphicsCard[]): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  return vulkanObstacles({
    cards,
    has: libraryFinderHere(),
    nodes: renderNodes(),
    manifests: vulkanManifests().map((path) => basename(path)),
    inContainer: ['/.dockerenv', '/run/.containerenv'].some((file) => existsSync(file)),
    inWindows: existsSync('/dev/dxg'),
    nvidiaSays: await nvidiaSays(),
  });
}

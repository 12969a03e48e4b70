// Which graphics cards the kernel of Linux knows of.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ComputerMemory, GraphicsCard } from '../../../shared/devices.ts';
import { numberOr } from '../../../shared/nvidia-smi.ts';

const vendors: Readonly<Record<string, string>> = { '0x1002': 'AMD', '0x10de': 'NVIDIA', '0x8086': 'Intel', '0x106b': 'Apple' };

/** Lists of what PCI's numbers stand for, where distributions have them. */
const pciLists = ['/usr/share/hwdata/pci.ids', '/usr/share/misc/pci.ids'] as const;

/** What a processor sets aside for its own graphics by itself; more may be a card, whose drivers would only swap to the rest. */
const mostSetAside = 2 ** 30;

interface Memory {
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly memoryFree?: number | undefined;
  readonly isShared: boolean;
}

/**
 * A card's memory, and how much of it is free (`mem_info_*` of the kernel's amdgpu driver). Graphics in a processor have a small part of the
 * computer's memory for their own, and take more of it (GTT) when they need it: up to a quota, and no more than is there.
 */
function memoryOfAmd(read: (file: string) => number | undefined, computer: ComputerMemory): Memory {
  const [vram, used, shared, sharedUsed] = (['vram_total', 'vram_used', 'gtt_total', 'gtt_used'] as const).map((name) =>
    read(`mem_info_${name}`),
  );
  const isShared = vram !== undefined && vram <= mostSetAside && shared !== undefined && vram < shared;
  const free = vram !== undefined && used !== undefined ? vram - used : undefined;
  if (!isShared) return { memory: vram, memoryFree: free, isShared };
  const memoryFree = free !== undefined && sharedUsed !== undefined ? free + Math.min(shared - sharedUsed, computer.free) : undefined;
  return { memory: vram + shared, memoryFree, isShared };
}

/** Graphics in a processor of Intel have no memory of their own, and no quota: half of the computer's, of what is free. */
function memoryOfIntel({ total, free }: ComputerMemory): Memory {
  const memory = Math.floor(total / 2);
  return { memory, memoryFree: Math.min(memory, free), isShared: true };
}

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** What such a list calls a device, by the numbers that the kernel gives it: what people call it is in brackets. */
function nameInList(list: string, vendor: string, device: string): string | undefined {
  const [maker, number] = [vendor, device].map((id) => id.replace('0x', '').toLowerCase()) as [string, string];
  const began = list.indexOf(`\n${maker}  `);
  if (began < 0) return undefined;
  const after = /\n[\da-f]/.exec(list.slice(began + 1));
  const devices = list.slice(began, after ? began + 1 + after.index : undefined);
  const line = devices.split('\n').find((one) => one.startsWith(`\t${number}  `));
  const name = line?.slice(number.length + 3).trim();
  return name && (/\[(.+)\]$/.exec(name)?.[1] ?? name);
}

export interface LinuxPlaces {
  readonly drm?: string;
  readonly pci?: string;
  readonly lists?: readonly string[];
}

const namesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** PCI's class of what shows or computes pictures. */
const isDisplay = (kind: string | undefined): boolean => kind?.startsWith('0x03') === true;

/** Drivers that keep a card for virtual machines. */
const heldForOthers: ReadonlySet<string> = new Set(['vfio-pci', 'pci-stub']);

/** A device's folder of `/sys` as a card; none where its maker is not known to make any that compute. */
function cardIn(device: string, fallback: string, computer: ComputerMemory, lists: readonly string[]): GraphicsCard | undefined {
  const [vendorId = '', id = ''] = ['vendor', 'device'].map((file) => textOf(join(device, file)));
  const vendor = vendors[vendorId];
  // Virtual screens have no vendor that computes.
  if (vendor === undefined) return undefined;
  const event = textOf(join(device, 'uevent')) ?? '';
  const driver = /^DRIVER=(.+)$/m.exec(event)?.[1];
  // A card sits behind a bridge, and not on the bus of the processor itself.
  const isIntels = vendor === 'Intel' && /^PCI_SLOT_NAME=0000:00:/m.test(event);
  const { memory, memoryFree, isShared } = isIntels
    ? memoryOfIntel(computer)
    : memoryOfAmd((file) => numberOr(textOf(join(device, file))), computer);
  // Most cards leave it empty.
  const product = textOf(join(device, 'product_name')) || lists.map((list) => nameInList(textOf(list) ?? '', vendorId, id)).find(Boolean);
  return {
    name: `${vendor} ${product || `graphics (${id || fallback})`}`,
    ...(driver !== undefined && { driver }),
    ...(memory !== undefined && { memory }),
    ...(memoryFree !== undefined && { memoryFree }),
    ...(isShared && { inProcessor: true as const }),
  };
}

/** Where a device sits on the bus. */
const slotOf = (device: string): string | undefined => /^PCI_SLOT_NAME=(.+)$/m.exec(textOf(join(device, 'uevent')) ?? '')?.[1];

/**
 * Cards that a driver of Linux has made known (`/sys/class/drm`), and those on the bus that none has: without a driver, or with one that has
 * no part in pictures.
 */
export function cardsOfLinux(
  computer: ComputerMemory,
  { drm = '/sys/class/drm', pci = '/sys/bus/pci/devices', lists = pciLists }: LinuxPlaces = {},
): GraphicsCard[] {
  const driven = namesIn(drm)
    .filter((name) => /^card\d+$/.test(name))
    .map((name) => ({ name, device: join(drm, name, 'device') }));
  const slots = new Set(driven.map(({ device }) => slotOf(device)));
  const others = namesIn(pci)
    .filter((name) => !slots.has(name) && isDisplay(textOf(join(pci, name, 'class'))))
    .flatMap((name): GraphicsCard[] => {
      const card = cardIn(join(pci, name), name, computer, lists);
      if (!card || heldForOthers.has(card.driver ?? '')) return [];
      if (card.driver !== undefined) return [card];
      // What memory it has is a driver's to say.
      return [{ name: card.name, driverless: true }];
    });
  return [...driven.flatMap(({ name, device }) => cardIn(device, name, computer, lists) ?? []), ...others];
}

// Which graphics cards the system knows of, with driver and memory where it tells. Nothing of them is loaded here.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { cardsOfNvidia, numberOr, nvidiaQueries } from '../../../shared/nvidia-smi.ts';

/** What a program prints; undefined where it is not there, fails, or takes longer than twenty seconds. */
const printed = async (program: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: 20_000, windowsHide: true, maxBuffer: 1 << 22 }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });

interface WindowsCard {
  readonly Name?: string | null;
  readonly DriverVersion?: string | null;
  /** Of 32 bits: 4 GB and more are said as 4 GB. */
  readonly AdapterRAM?: number | null;
}

/** Adapters of remote and virtual screens, which compute on the processor. */
const showsOnly = /^Microsoft |Hyper-V|VMware|VirtualBox|Remote|Virtual|Parallels/i;

/** Names of graphics in a processor; those in newer ones of Intel are called Arc, as its cards are. */
const inProcessor = /Intel\(R\) (HD |UHD |Iris|Graphics)|Radeon(\(TM\))?( Vega \d+| R\d)? Graphics$|Radeon(\(TM\))? \d{3}M\b/i;

/** JSON of `Get-CimInstance Win32_VideoController`: one card is an object, several are a list. */
export function cardsOfWindows(text: string): GraphicsCard[] {
  const found = JSON.parse(text) as WindowsCard | readonly WindowsCard[];
  return [found].flat().flatMap(({ Name, DriverVersion, AdapterRAM }) =>
    Name && !showsOnly.test(Name)
      ? [
          {
            name: Name,
            ...(DriverVersion && { driver: DriverVersion }),
            ...(AdapterRAM && AdapterRAM < 2 ** 32 - 2 ** 21 && { memory: AdapterRAM }),
            ...(inProcessor.test(Name) && { inProcessor: true as const }),
          },
        ]
      : [],
  );
}

/** JSON of `system_profiler SPDisplaysDataType`; cards of Apple share the computer's memory and say none. */
export function cardsOfMac(text: string): GraphicsCard[] {
  const { SPDisplaysDataType: cards = [] } = JSON.parse(text) as { SPDisplaysDataType?: readonly Record<string, unknown>[] };
  return cards.flatMap(({ sppci_model: model, spdisplays_mtlgpufamilysupport: family }) =>
    typeof model === 'string' ? [{ name: model, ...(typeof family === 'string' && { driver: family.replace('spdisplays_', '') }) }] : [],
  );
}

const vendors: Readonly<Record<string, string>> = { '0x1002': 'AMD', '0x10de': 'NVIDIA', '0x8086': 'Intel', '0x106b': 'Apple' };

/** What a processor sets aside for its own graphics by itself; more may be a card, whose drivers would only swap to the rest. */
const mostSetAside = 2 ** 30;

interface AmdMemory {
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly used?: number | undefined;
  readonly isShared: boolean;
}

/**
 * A card's memory, and how much of it is in use (`mem_info_*` of the kernel's amdgpu driver). Graphics in a processor have a small
 * part of the computer's memory for their own, and take more of it (GTT) when they need it.
 */
function memoryOfAmd(read: (file: string) => number | undefined): AmdMemory {
  const [vram, used, shared, sharedUsed] = (['vram_total', 'vram_used', 'gtt_total', 'gtt_used'] as const).map((name) =>
    read(`mem_info_${name}`),
  );
  const isShared = vram !== undefined && vram <= mostSetAside && shared !== undefined && vram < shared;
  if (!isShared) return { memory: vram, used, isShared };
  return { memory: vram + shared, used: used !== undefined && sharedUsed !== undefined ? used + sharedUsed : undefined, isShared };
}

/** Cards of Linux's own list of devices, `/sys/class/drm`. */
export function cardsOfLinux(drm = '/sys/class/drm'): GraphicsCard[] {
  const read = (...parts: readonly string[]): string | undefined => {
    try {
      return readFileSync(join(...parts), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  if (!existsSync(drm)) return [];
  return readdirSync(drm)
    .filter((name) => /^card\d+$/.test(name))
    .flatMap((name) => {
      const device = join(drm, name, 'device');
      const vendor = vendors[read(device, 'vendor') ?? ''];
      // Virtual screens have no vendor that computes.
      if (vendor === undefined) return [];
      const event = read(device, 'uevent') ?? '';
      const driver = /^DRIVER=(.+)$/m.exec(event)?.[1];
      // A card sits behind a bridge, and not on the bus of the processor itself.
      const isIntels = vendor === 'Intel' && /^PCI_SLOT_NAME=0000:00:/m.test(event);
      const { memory, used, isShared } = memoryOfAmd((file) => numberOr(read(device, file)));
      return [
        {
          name: `${vendor} ${read(device, 'product_name') ?? `graphics (${read(device, 'device') ?? name})`}`,
          ...(driver !== undefined && { driver: `${driver}, Linux ${release()}` }),
          ...(memory !== undefined && { memory }),
          ...(memory !== undefined && used !== undefined && { memoryFree: memory - used }),
          ...((isShared || isIntels) && { inProcessor: true as const }),
        },
      ];
    });
}

const script = 'Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion, AdapterRAM | ConvertTo-Json -Compress';

/** What NVIDIA's own program tells, asked in its present way and then in its earlier ones. */
export async function nvidiaCards(ask: (args: readonly string[]) => Promise<string | undefined>): Promise<readonly GraphicsCard[]> {
  for (const query of nvidiaQueries) {
    const text = await ask(query);
    if (text !== undefined) return cardsOfNvidia(text);
  }
  return [];
}

/** All cards; none where the system does not tell. NVIDIA's own program knows more of its cards than the system does. */
export async function graphicsCards(): Promise<readonly GraphicsCard[]> {
  const nvidia = await nvidiaCards(async (args) => printed('nvidia-smi', args));
  const others = await systemCards().catch(() => []);
  return [...nvidia, ...others.filter(({ name }) => nvidia.length === 0 || !/nvidia/i.test(name))];
}

async function systemCards(): Promise<readonly GraphicsCard[]> {
  if (process.platform === 'win32') return cardsOfWindows((await printed('powershell.exe', ['-NoProfile', '-Command', script])) || '[]');
  if (process.platform === 'darwin') return cardsOfMac((await printed('system_profiler', ['SPDisplaysDataType', '-json'])) || '{}');
  return cardsOfLinux();
}

// Which graphics cards the system knows of, with driver and memory where it tells. Nothing of them is loaded here.
import type { ComputerMemory, GraphicsCard } from '../../../shared/devices.ts';
import { cardsOfNvidia, nvidiaQueries } from '../../../shared/nvidia-smi.ts';
import { memoryThere, memoryToUse } from '../../files/memory.ts';
import { cardsOfLinux } from './linux-cards.ts';
import { computeOnOne } from './nvidia-card.ts';
import { printedBy } from './printed.ts';
import { cardsOfWindows, windowsScript } from './windows-cards.ts';

/** What a program prints; undefined where it is not there, fails, or takes longer than twenty seconds. */
async function printed(program: string, args: readonly string[]): Promise<string | undefined> {
  const found = await printedBy(program, args);
  return found?.isFailed === false ? found.stdout : undefined;
}

/** What of a Mac's memory a program can take: free is there only what nothing was ever read into. */
const shareOfMac = 0.6;

/** Bytes as `system_profiler` says them: 4 GB, 1536 MB. */
function bytesOf(text: unknown): number | undefined {
  const [, figure, unit] = (typeof text === 'string' && /^(\d+) ([GM])B$/.exec(text)) || [];
  return figure === undefined ? undefined : Number(figure) * (unit === 'G' ? 2 ** 30 : 2 ** 20);
}

/**
 * JSON of `system_profiler SPDisplaysDataType`. Cards of Apple share the computer's memory and say none, nor do graphics in a processor of
 * Intel say more of theirs than what they begin with.
 */
export function cardsOfMac(text: string, { total }: ComputerMemory): GraphicsCard[] {
  const { SPDisplaysDataType: cards = [] } = JSON.parse(text) as { SPDisplaysDataType?: readonly Record<string, unknown>[] };
  return cards.flatMap(({ sppci_model: model, spdisplays_mtlgpufamilysupport: family, spdisplays_vram: own, sppci_bus: bus }) => {
    if (typeof model !== 'string') return [];
    const memory = bus === 'spdisplays_builtin' ? undefined : bytesOf(own);
    const card = { name: model, ...(typeof family === 'string' && { driver: family.replace('spdisplays_', '') }) };
    return [memory === undefined ? { ...card, memory: total, memoryFree: shareOfMac * total, inProcessor: true } : { ...card, memory }];
  });
}

/** What NVIDIA's own program tells, asked in its present way and then in its earlier ones. */
export async function nvidiaCards(ask: (args: readonly string[]) => Promise<string | undefined>): Promise<readonly GraphicsCard[]> {
  for (const query of nvidiaQueries) {
    const text = await ask(query);
    if (text !== undefined) return cardsOfNvidia(text);
  }
  return [];
}

/**
 * All cards; none where the system does not tell. NVIDIA's own program knows more of its cards than the system does. Of several of its cards
 * this process and its children compute on one from then on.
 */
export async function graphicsCards(): Promise<readonly GraphicsCard[]> {
  const nvidia = await nvidiaCards(async (args) => printed('nvidia-smi', args));
  computeOnOne(nvidia);
  const others = await systemCards({ total: memoryThere(), free: memoryToUse() }).catch(() => []);
  return [...nvidia, ...others.filter(({ name }) => nvidia.length === 0 || !/nvidia/i.test(name))];
}

async function systemCards(computer: ComputerMemory): Promise<readonly GraphicsCard[]> {
  if (process.platform === 'win32')
    return cardsOfWindows((await printed('powershell.exe', ['-NoProfile', '-Command', windowsScript])) || '{}', computer);
  if (process.platform === 'darwin')
    return cardsOfMac((await printed('system_profiler', ['SPDisplaysDataType', '-json'])) || '{}', computer);
  return cardsOfLinux(computer);
}

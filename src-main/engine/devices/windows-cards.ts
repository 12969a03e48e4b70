// Which graphics cards Windows knows of, asked by PowerShell.
import type { ComputerMemory, GraphicsCard } from '../../../shared/devices.ts';

/** The folder of the registry with a key for each driver of a graphics card. */
const driverKeys = String.raw`HKLM:\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}\0*`;

/**
 * What is asked. The system's own list has 32 bits for a card's memory; the driver writes all of it to the registry, and the counters say
 * how much is in use. Counters of a Windows that has damaged them never answer: they are not waited for.
 */
export const windowsScript = [
  "$ErrorActionPreference = 'SilentlyContinue'",
  '$cards = @(Get-CimInstance Win32_VideoController | Select-Object Name, DriverVersion, AdapterRAM)',
  `$drivers = @(Get-ItemProperty '${driverKeys}' | Select-Object DriverDesc, @{ n = 'Memory'; e = { $_.'HardwareInformation.qwMemorySize' } })`,
  '$counters = @(Get-CimInstance Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory -OperationTimeoutSec 5 | Select-Object DedicatedUsage)',
  '@{ cards = $cards; drivers = $drivers; counters = $counters } | ConvertTo-Json -Compress -Depth 4',
].join('; ');

interface Answer {
  readonly cards?: readonly {
    readonly Name?: string | null;
    readonly DriverVersion?: string | null;
    /** Of 32 bits: 4 GB and more are said as 4 GB. */
    readonly AdapterRAM?: number | null;
  }[];
  /** Those of cards that were taken out stay; some drivers write their memory as bytes, which are a list then. */
  readonly drivers?: readonly { readonly DriverDesc?: string | null; readonly Memory?: unknown }[];
  /** Of every adapter, also of the one in software; named by numbers that the other lists do not have. */
  readonly counters?: readonly { readonly DedicatedUsage?: unknown }[];
}

/** Adapters of remote and virtual screens, which compute on the processor. */
const showsOnly = /^Microsoft |Hyper-V|VMware|VirtualBox|Remote|Virtual|Parallels/i;

/** Names of graphics in a processor; those in newer ones of Intel are called Arc, as its cards are, and have a V, T, U or no number. */
const inProcessor = new RegExp(
  [
    String.raw`Intel\(R\) (HD |UHD |Iris(?!.* MAX)|Graphics)`,
    String.raw`Intel\(R\) Arc\(TM\) (Pro )?(Graphics|\d{3}[TUV]\b)`,
    String.raw`Radeon(\(TM\))?( RX)?( Vega \d+| R\d| \d{4}S)?( Mobile)? Graphics$`,
    String.raw`Radeon(\(TM\))? (\d{3}M|\d{4}S)\b`,
    String.raw`Adreno`,
  ].join('|'),
  'i',
);

/** Where less than this lies below the end of 32 bits it is a memory that has no room in them. */
const roundedAway = 2 ** 21;

/** Bytes of a card's own memory; of several that are called alike the least that one of them may have. */
function ownMemory(name: string, adapterRam: number | null | undefined, { drivers = [] }: Answer): number | undefined {
  const told = drivers.flatMap(({ DriverDesc, Memory }) => (DriverDesc === name && typeof Memory === 'number' && Memory > 0 ? Memory : []));
  if (told.length > 0) return Math.min(...told);
  return adapterRam && adapterRam < 2 ** 32 - roundedAway ? adapterRam : undefined;
}

/**
 * JSON of what `windowsScript` prints. Graphics in a processor take up to half of the computer's memory, whatever they say that was set
 * aside for them. What of a card's memory is in use is known where there is no other card that the counters could mean.
 */
export function cardsOfWindows(text: string, computer: ComputerMemory): GraphicsCard[] {
  const answer = JSON.parse(text) as Answer;
  const found = (answer.cards ?? []).filter(({ Name }) => Name && !showsOnly.test(Name));
  const uses = (answer.counters ?? []).flatMap(({ DedicatedUsage: used }) => (typeof used === 'number' ? used : []));
  const used = found.length === 1 && uses.length > 0 ? Math.max(...uses) : undefined;
  return found.map(({ Name, DriverVersion, AdapterRAM }) => {
    const name = Name!;
    const card = { name, ...(DriverVersion && { driver: DriverVersion }) };
    if (inProcessor.test(name)) {
      const memory = Math.floor(computer.total / 2);
      return { ...card, memory, memoryFree: Math.min(memory, computer.free), inProcessor: true };
    }
    const memory = ownMemory(name, AdapterRAM, answer);
    return {
      ...card,
      ...(memory !== undefined && { memory }),
      ...(memory !== undefined && used !== undefined && used <= memory && { memoryFree: memory - used }),
    };
  });
}

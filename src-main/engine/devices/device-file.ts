// What was found out about the devices of this computer, kept in the home for its cards, their drivers and this version of the program.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, platform, release } from 'node:os';
import { join } from 'node:path';
import type { DeviceId, DeviceReport, GraphicsCard } from '../../../shared/devices.ts';
import { programVersion } from '../../../shared/version.ts';
import { writeFileAside } from '../../files/write-aside.ts';
import type { Home } from '../home.ts';
import { tensorflowStamp } from './tensorflow-stamp.ts';
import { vulkanStamp } from './vulkan-drivers.ts';

export interface DeviceFile {
  /** Of program, system, cards and drivers: what was found out holds for these alone. */
  readonly signature: string;
  /** Of TensorFlow's native part (`tensorflow-stamp.ts`): what was found out about TensorFlow holds for that alone. */
  readonly tensorflow: string;
  readonly reports: readonly DeviceReport[];
  /** Seconds of a step by the sizes of the run, on each device that was raced; null where that took too long to be waited for. */
  readonly races: Readonly<Record<string, Readonly<Partial<Record<DeviceId, number | null>>>>>;
  /** Operations per second of the last steps that were timed on each device (training/plan/step-operations.ts). */
  readonly rates: Readonly<Partial<Record<DeviceId, number>>>;
}

/** On a Mac the drivers are the system's; on Linux what computes are those of Vulkan, which a kernel's update leaves as they are. */
const systemDrivers = (): string => (platform() === 'darwin' ? release() : platform() === 'linux' ? vulkanStamp() : '');

/** A short digest of what the results depend on; free memory is no part of it. */
export const signatureOf = (cards: readonly GraphicsCard[]): string =>
  createHash('sha256')
    .update(JSON.stringify([programVersion, platform(), systemDrivers(), arch(), cards.map(({ name, driver }) => [name, driver ?? ''])]))
    .digest('hex')
    .slice(0, 16);

const fileIn = (home: Home): string => join(home.path, 'devices.json');

/**
 * Kept at a time, the last one that was written first: a card outside of the computer is not always there, and a program may be started with
 * other drivers in its environment.
 */
const mostKept = 4;

/** All that the file holds, for whatever cards; nothing where it cannot be read. Earlier versions kept what holds for one signature alone. */
function systemsIn(home: Home): readonly DeviceFile[] {
  try {
    const file = JSON.parse(readFileSync(fileIn(home), 'utf8')) as DeviceFile | { readonly systems: readonly DeviceFile[] };
    const systems: readonly DeviceFile[] = 'systems' in file ? file.systems : [file];
    return systems.filter(
      ({ signature, reports, races }) => typeof signature === 'string' && Array.isArray(reports) && typeof races === 'object',
    );
  } catch {
    return [];
  }
}

/** What is known for these cards; nothing where drivers, cards or the program have changed since, or the file cannot be read. */
function readDevices(home: Home, cards: readonly GraphicsCard[]): DeviceFile {
  const signature = signatureOf(cards);
  // Earlier versions knew no rates, and of no other TensorFlow.
  const nothing = { signature, tensorflow: '', reports: [], races: {}, rates: {} };
  return { ...nothing, ...systemsIn(home).find((one) => one.signature === signature) };
}

/** Without what was found out about another TensorFlow than the one that lies here now, or about its absence. */
function ofThisTensorflow(known: DeviceFile): DeviceFile {
  const tensorflow = tensorflowStamp();
  if (known.tensorflow === tensorflow) return known;
  const without = <T>({ tensorflow: _other, ...times }: Readonly<Partial<Record<DeviceId, T>>>): Readonly<Partial<Record<DeviceId, T>>> =>
    times;
  return {
    ...known,
    tensorflow,
    reports: known.reports.filter(({ id }) => id !== 'tensorflow'),
    races: Object.fromEntries(Object.entries(known.races).map(([key, times]) => [key, without(times)])),
    rates: without(known.rates),
  };
}

/** Keeps it for the next program; whether the home could be written to. No run should fail where it cannot. */
function isWritten(home: Home, known: DeviceFile): boolean {
  const others = systemsIn(home).filter(({ signature }) => signature !== known.signature);
  try {
    writeFileAside(fileIn(home), `${JSON.stringify({ systems: [known, ...others].slice(0, mostKept) }, null, 2)}\n`);
    return true;
  } catch {
    return false;
  }
}

/** What a program knows of the devices, with what others have found out meanwhile. */
export class KnownDevices {
  readonly #home: Home;
  readonly #isKept: boolean;
  /** What the home could not, or should not, take. */
  #own: DeviceFile | undefined;

  /** Unless it `isKept` what is found out now is for this program alone. */
  constructor(home: Home, isKept: boolean) {
    this.#home = home;
    this.#isKept = isKept;
  }

  /** Of these cards. */
  read(cards: readonly GraphicsCard[]): DeviceFile {
    return ofThisTensorflow(this.#own?.signature === signatureOf(cards) ? this.#own : readDevices(this.#home, cards));
  }

  keep(known: DeviceFile): void {
    this.#own = this.#isKept && isWritten(this.#home, known) ? undefined : known;
  }
}

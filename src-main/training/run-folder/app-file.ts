// What a person and the app add to a run: `app.json` in its folder, beside the record of how it was started. It may be missing or
// damaged, which costs a note, never a run.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configTable } from '../../../shared/config/config-table.ts';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { systemError } from '../../../shared/errors.ts';
import { writeFileAside } from '../../files/write-aside.ts';

/** How a run is trained, and how many engines have died over it. */
export interface ActiveRun {
  readonly usable: boolean;
  readonly deaths: number;
  /** A person wants it to rest until they say so. */
  readonly paused?: boolean;
  /** Another device than its record names. */
  readonly device?: TrainConfig['device'];
}

export interface AppFile {
  readonly note: string;
  /** Contents whose neighbours are looked at while the run learns; none: some are chosen. */
  readonly pinned: readonly string[];
  /** Steps whose vectors were computed: their checkpoints are needed for looking other pictures up, and are kept. */
  readonly embedded?: readonly number[];
  /** Steps whose checkpoints jobs of the engine need, until those end. */
  readonly held?: readonly number[];
  /** Why it ended, when that was a failure. */
  readonly problem?: string;
  /** Whether it left the computer usable when it was trained last. */
  readonly usable?: boolean;
  /** While an engine trains it. */
  readonly active?: ActiveRun;
}

const none: AppFile = { note: '', pinned: [] };

const isDevice = (value: unknown): value is TrainConfig['device'] => configTable.device.choices.some((choice) => choice === value);

const stepsIn = (values: readonly unknown[]): number[] => values.filter((one): one is number => Number.isSafeInteger(one));

/** What is in the file, as far as it can be read. */
export function readAppFile(run: string): AppFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(join(run, 'app.json'), 'utf8'));
  } catch {
    return none;
  }
  if (typeof value !== 'object' || value === null) return none;
  const { note, pinned, embedded, held, problem, usable: last, active } = value as Readonly<Record<keyof AppFile, unknown>>;
  const hashes = Array.isArray(pinned) ? pinned.filter((one) => typeof one === 'string' && /^[0-9a-f]{64}$/.test(one)) : [];
  const { usable, deaths, paused, device } = (typeof active === 'object' && active !== null ? active : {}) as Partial<
    Record<keyof ActiveRun, unknown>
  >;
  return {
    note: typeof note === 'string' ? note : '',
    pinned: hashes as string[],
    ...(Array.isArray(embedded) && { embedded: stepsIn(embedded) }),
    ...(Array.isArray(held) && { held: stepsIn(held) }),
    ...(typeof problem === 'string' && { problem }),
    ...(typeof last === 'boolean' && { usable: last }),
    ...(typeof usable === 'boolean' && {
      active: {
        usable,
        deaths: typeof deaths === 'number' ? deaths : 0,
        ...(paused === true && { paused }),
        ...(isDevice(device) && { device }),
      },
    }),
  };
}

/** Changes parts of it; `undefined` takes a part away. Throws `disk-full`, `not-writable`, `not-found` where the run is gone. */
export function changeAppFile(run: string, change: { readonly [K in keyof AppFile]?: AppFile[K] | undefined }): AppFile {
  const changed = { ...readAppFile(run), ...change } as AppFile;
  try {
    writeFileAside(join(run, 'app.json'), `${JSON.stringify(changed, null, 2)}\n`);
  } catch (error) {
    throw systemError(error) ?? error;
  }
  return changed;
}

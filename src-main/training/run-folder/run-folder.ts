// A run is a folder of plain files that `tail` and pandas read: `config.json`, `metrics.jsonl` (one event a line), `train.log`,
// `checkpoints/`. One process at a time writes to it.
import {
  appendFileSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import type { ImportedWeights, Origin } from '../../../shared/config/origin.ts';
import { AppError, systemError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { isHeld, takeLock } from '../../files/folder-lock.ts';
import type { FolderLock } from '../../files/folder-lock.ts';
import { AsideFile, writeFileAside } from '../../files/write-aside.ts';
import { logPath, readEvents } from './run-log.ts';

/** What `config.json` holds: everything that the run was started with. */
export interface RunRecord {
  readonly version: 1;
  readonly name: string;
  /** ISO time. */
  readonly created: string;
  readonly program: string;
  /** The folder of images, and a hash over its contents at the start. */
  readonly folder: string;
  readonly fingerprint: string;
  /** Hash over the labels and splits at the start (label-fingerprint.ts); runs of earlier versions have none. */
  readonly labels?: string;
  readonly images: number;
  readonly steps: number;
  /** Threads of the CPU, resolved: the same number is needed for the same bits. */
  readonly threads: number;
  readonly config: TrainConfig;
  /** The checkpoint of another run that it began with the weights of. */
  readonly from?: Origin & { readonly checkpoint: string };
  /** Where the weights of an imported run come from; it was not trained here and cannot be resumed. */
  readonly imported?: string;
  /** What was in them; imported runs of earlier versions have none. */
  readonly weights?: ImportedWeights;
}

const digits = 9;
/** The log is rewritten in pieces: all of it may be more than fits in a string. */
const charactersPerWrite = 1 << 20;

export class RunFolder {
  readonly path: string;
  readonly record: RunRecord;
  readonly #lock: FolderLock;

  private constructor(path: string, record: RunRecord, lock: FolderLock) {
    this.path = path;
    this.record = record;
    this.#lock = lock;
  }

  /** Makes a new run's folder. Throws `bad-input` as `begin`. */
  static create(path: string, record: RunRecord): RunFolder {
    const folder = RunFolder.begin(path, record);
    try {
      folder.keepRecord();
      return folder;
    } catch (error) {
      folder.dispose();
      throw error;
    }
  }

  /**
   * The same, without its record: it is no run before `keepRecord`. What an import that was cut short has left in the folder is removed.
   * Throws `bad-input` when there is a run already, or checkpoints of one whose record is gone.
   */
  static begin(path: string, record: RunRecord): RunFolder {
    return guarded(() => {
      mkdirSync(dirname(path), { recursive: true });
      const refuseOther = (): void => {
        if (existsSync(join(path, 'config.json')))
          throw new AppError(
            'bad-input',
            `There is a run called ${basename(path)} already.`,
            'Choose another name, or go on with that run.',
          );
      };
      // Before the lock as well: that it trains just now is not what is wrong with the name.
      refuseOther();
      for (const folder of [path, join(path, 'checkpoints')]) makeFolder(folder);
      const lock = takeLock(path);
      try {
        refuseOther();
        removeCutImport(path);
        return new RunFolder(path, record, lock);
      } catch (error) {
        lock.dispose();
        throw error;
      }
    });
  }

  /**
   * Opens a run to go on with it, for the process `worksFor` where that is another one. Throws `locked` while another process trains it,
   * `bad-config` when its record is damaged.
   */
  static open(path: string, worksFor?: number): RunFolder {
    const record = readRecord(path);
    return guarded(() => {
      const folder = new RunFolder(path, record, takeLock(path, undefined, undefined, worksFor));
      removeUnfinished(path);
      removeUnfinished(join(path, 'checkpoints'));
      return folder;
    });
  }

  get name(): string {
    return basename(this.path);
  }

  /** Writes the record: from now on it is a run. */
  keepRecord(): void {
    guarded(() => writeFileAside(join(this.path, 'config.json'), `${JSON.stringify(this.record, null, 2)}\n`));
  }

  checkpointPath(step: number): string {
    return join(this.path, 'checkpoints', `step-${String(step).padStart(digits, '0')}.safetensors`);
  }

  /** Appends an event as a line that is complete or absent. */
  log(event: TrainEvent): void {
    guarded(() => appendFileSync(logPath(this.path), `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`));
  }

  /** What was logged survives a loss of power from now on. */
  syncLog(): void {
    guarded(() => {
      const handle = openSync(logPath(this.path), 'a');
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
    });
  }

  /** A sentence for a person who reads `train.log`. */
  say(sentence: string): void {
    guarded(() => appendFileSync(join(this.path, 'train.log'), `${new Date().toISOString()} ${sentence}\n`));
  }

  /** Gives a damaged checkpoint another name, so that it counts neither as kept nor as saved. */
  setAside(checkpoint: string): void {
    guarded(() => renameSync(checkpoint, `${checkpoint}.damaged`));
    this.say(`${checkpoint} is damaged and was passed over.`);
  }

  /** Drops what was logged after `step`: a resumed run logs those steps again. */
  rewindLog(step: number): void {
    const file = logPath(this.path);
    if (!existsSync(file)) return;
    const kept = guarded(() => new AsideFile(file));
    try {
      let lines = '';
      for (const event of readEvents(this.path)) {
        if (event.type === 'baselines' ? step === 0 : event.step > step) continue;
        lines += `${JSON.stringify(event)}\n`;
        if (lines.length < charactersPerWrite) continue;
        guarded(() => kept.write(Buffer.from(lines)));
        lines = '';
      }
      guarded(() => kept.write(Buffer.from(lines)));
      guarded(() => kept.keep());
    } catch (error) {
      kept.discard();
      throw error;
    }
  }

  dispose(): void {
    this.#lock.dispose();
  }
}

/** Not recursive: on a read-only disk that would say that the folder does not exist. */
function makeFolder(path: string): void {
  if (!existsSync(path)) mkdirSync(path);
}

/** Deletes what a killed process was writing aside. */
function removeUnfinished(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) if (name.endsWith('.part')) rmSync(join(folder, name), { force: true });
}

/** What an import has in its folder before its record, besides what is written aside. */
const importedNames: readonly string[] = ['checkpoints', 'lock', 'train.log'];

/** Whether a folder is no run, holds nothing but what an import that was cut short leaves, and nobody works in it. */
export function isCutImport(path: string): boolean {
  return (
    statSync(path).isDirectory() &&
    readdirSync(path).every((name) => importedNames.includes(name) || name.endsWith('.part')) &&
    listCheckpoints(path).every(({ step }) => step === 0) &&
    !isHeld(path)
  );
}

/** Removes what an import that was cut short has left in a folder without a record. Throws `bad-input` when more was learned there. */
export function removeCutImport(path: string): void {
  const stored = listCheckpoints(path);
  if (stored.some(({ step }) => step > 0))
    throw new AppError(
      'bad-input',
      `There are checkpoints in ${path}, and the record of their run is gone.`,
      'Choose another name, or restore its config.json from a backup.',
    );
  for (const folder of [path, join(path, 'checkpoints')]) removeUnfinished(folder);
  for (const { file } of stored) rmSync(file, { force: true });
  if (stored.length > 0) rmSync(join(path, 'train.log'), { force: true });
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** Reads `config.json`. Throws `not-found` where there is no run, `bad-config` where its record is damaged. */
export function readRecord(path: string): RunRecord {
  let text: string;
  try {
    text = readFileSync(join(path, 'config.json'), 'utf8');
  } catch (error) {
    throw new AppError(
      'not-found',
      `There is no run in ${path}.`,
      'Choose another run (in a terminal: ijepa-studio inspect lists them).',
      error,
    );
  }
  try {
    const record = JSON.parse(text) as RunRecord;
    return { ...record, config: parseConfig(record.config as unknown as Record<string, unknown>) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'bad-config',
      `The record of the run in ${path} is damaged.`,
      'Restore config.json from a backup, or start a new run.',
      error,
    );
  }
}

export interface StoredCheckpoint {
  readonly file: string;
  readonly step: number;
  readonly bytes: number;
}

/** Checkpoints of a run, oldest first; files that were never finished do not count. */
export function listCheckpoints(path: string): StoredCheckpoint[] {
  const folder = join(path, 'checkpoints');
  if (!existsSync(folder)) return [];
  return (
    readdirSync(folder)
      .map((name) => ({ name, match: /^step-(\d+)\.safetensors$/.exec(name) }))
      .filter(({ match }) => match !== null)
      .map(({ name, match }) => ({ file: join(folder, name), step: Number(match![1]) }))
      // A run that trains beside a reader may have deleted the file since.
      .map(({ file, step }) => ({ file, step, bytes: statSync(file, { throwIfNoEntry: false })?.size }))
      .filter((one): one is StoredCheckpoint => one.bytes !== undefined)
      .toSorted((a, b) => a.step - b.step)
  );
}

/** Deletes checkpoints except the last `keep` and those named. */
export function pruneCheckpoints(path: string, keep: number, spared: readonly number[]): void {
  for (const { file, step } of listCheckpoints(path).slice(0, -keep)) if (!spared.includes(step)) rmSync(file, { force: true });
}

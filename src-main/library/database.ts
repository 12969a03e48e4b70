// Opens the catalogue's file so that damage, a newer version and a full disk are sentences instead of codes.
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { AppError, systemError } from '../../shared/errors.ts';
import { migrate, migrations, versionOf } from './migrations.ts';
import type { Migration } from './migrations.ts';

/** `application_id` of a catalogue: the letters IJEP. */
const applicationId = 0x494a4550;
/** Milliseconds to wait for another connection's transaction. */
const busyTimeout = 10_000;
/** Files up to this size are checked at every opening, larger ones after a process was killed. */
const alwaysCheckedBytes = 64 * 1024 * 1024;

function damaged(file: string, detail: string, cause?: unknown): AppError {
  return new AppError(
    'bad-file',
    `The catalogue ${file} is damaged (${detail}).`,
    `Move it away and read your folders again: images, runs and vectors are not in it, only tags are. ` +
      `A copy kept from an earlier version of the program may lie beside it (catalogue.v*.sqlite).`,
    cause,
  );
}

/** The database's error as one for people; anything else is returned as it is. */
export function databaseError(error: unknown, file: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return systemError(error) ?? error;
  if (error.code === 'SQLITE_FULL')
    return new AppError(
      'disk-full',
      `The disk is full (${file}).`,
      'Free some space and start again: nothing that was written before is lost.',
      error,
    );
  if (error.code.startsWith('SQLITE_BUSY') || error.code.startsWith('SQLITE_LOCKED'))
    return new AppError('locked', `The catalogue ${file} is in use by another program.`, 'Close the other program and try again.', error);
  if (error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB') return damaged(file, error.message, error);
  if (error.code.startsWith('SQLITE_READONLY') || error.code.startsWith('SQLITE_CANTOPEN'))
    return new AppError(
      'not-writable',
      `The catalogue ${file} cannot be opened for this (${error.message}).`,
      'Check that the folder exists and that you may write to it.',
      error,
    );
  if (error.code.startsWith('SQLITE_IOERR'))
    return new AppError(
      'bad-file',
      `The drive reported an error while the catalogue ${file} was used (${error.code}).`,
      'Check the drive; nothing that was written before is lost if the file can be copied.',
      error,
    );
  return error;
}

/** Runs `work`, with the database's errors as AppErrors. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw databaseError(error, file);
  }
}

/** Throws when the file is another program's database, or one of a newer version of this program. */
function checkVersion(database: Database, file: string, latest: number): void {
  const version = versionOf(database);
  const id = Number(database.pragma('application_id', { simple: true }));
  const tables = database.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
  if (id !== applicationId && (id !== 0 || tables > 0))
    throw new AppError(
      'bad-file',
      `${file} is a database of another program.`,
      'Choose another folder for the library, or move that file away.',
    );
  if (version > latest)
    throw new AppError(
      'unsupported',
      `This library was written by a newer version of the program (catalogue version ${version}, this program knows ${latest}).`,
      'Update the program, or choose another folder for the library.',
    );
}

function checkIntegrity(database: Database, file: string, access: 'read' | 'write'): void {
  const size = statSync(file).size;
  const unclean =
    access === 'write' &&
    versionOf(database) > 0 &&
    database.prepare("SELECT 1 FROM settings WHERE key = 'open-for-writing'").pluck().get() !== undefined;
  if (size > alwaysCheckedBytes && !unclean) return;
  const answer = database.pragma('quick_check(1)', { simple: true });
  if (answer !== 'ok') throw damaged(file, String(answer));
}

function syncFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A copy of the file as it is before it is migrated; an older copy of the same version is kept. */
function keepCopy(database: Database, file: string): void {
  const copy = join(dirname(file), `catalogue.v${versionOf(database)}.sqlite`);
  if (existsSync(copy)) return;
  database.pragma('wal_checkpoint(TRUNCATE)');
  copyFileSync(file, `${copy}.tmp`);
  syncFile(`${copy}.tmp`);
  renameSync(`${copy}.tmp`, copy);
}

/**
 * Opens (for writing: creates) a catalogue, checks it and brings it to the newest version. The writer must hold the writer's lock.
 * Throws `bad-file` (damaged, or not a catalogue), `unsupported` (newer version), `not-found`, `not-writable`, `disk-full`, `locked`.
 */
export function openDatabase(file: string, access: 'read' | 'write', steps: readonly Migration[] = migrations): Database {
  const latest = steps.at(-1)?.version ?? 0;
  if (access === 'read' && !existsSync(file))
    throw new AppError('not-found', `There is no library at ${dirname(file)}.`, 'Scan a folder of images first.');
  const database = guarded(file, () => new Sqlite(file, { readonly: access === 'read', timeout: busyTimeout }));
  try {
    return guarded(file, () => {
      checkVersion(database, file, latest);
      checkIntegrity(database, file, access);
      database.pragma('foreign_keys = ON');
      if (access === 'read') {
        const version = versionOf(database);
        if (version === 0 || steps.some((step) => step.version > version && !step.keepsTables))
          throw new AppError(
            'unsupported',
            'This library was written by an older version of the program.',
            'Open it once for writing (scan a folder): it is brought up to date then.',
          );
        return database;
      }
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = NORMAL');
      database.pragma('temp_store = FILE');
      const version = versionOf(database);
      if (version > 0 && version < latest) keepCopy(database, file);
      database.pragma(`application_id = ${applicationId}`);
      migrate(database, steps);
      return database;
    });
  } catch (error) {
    database.close();
    throw error;
  }
}

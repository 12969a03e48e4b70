// One process writes to a library. The lock is an open write transaction on a small database of its own: the operating system lets
// go of it when the process ends in any way, so a killed writer leaves no stale lock and a reused process number cannot be
// mistaken for it. Who holds it is a row in that database, which others may read meanwhile.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../shared/errors.ts';
import { howToEnd, ownCommand } from '../files/own-command.ts';

export interface WriterOwner {
  readonly pid: number;
  /** Start of the process: clock ticks since boot on Linux (`/proc/PID/stat`), elsewhere milliseconds since 1970. */
  readonly processStart: number;
  /** ISO time at which the lock was taken. */
  readonly since: string;
  readonly host: string;
  /** The command, as `ownCommand` says it; earlier versions wrote none. */
  readonly command?: string;
}

export interface WriterLock {
  readonly owner: WriterOwner;
  dispose(): void;
}

function processStart(): number {
  try {
    const text = readFileSync('/proc/self/stat', 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19]); // field 22; the name in brackets may hold spaces
  } catch {
    return Math.round(Date.now() - process.uptime() * 1000);
  }
}

const isBusy = (error: unknown): boolean => error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');

function readOwner(database: Database): WriterOwner | undefined {
  try {
    const text = database.prepare<[], string>('SELECT value FROM owner').pluck().get();
    return text === undefined ? undefined : (JSON.parse(text) as WriterOwner);
  } catch {
    return undefined;
  }
}

function locked(owner: WriterOwner | undefined): AppError {
  if (!owner) return new AppError('locked', 'This library is being written by another process.', 'Close that one first.');
  const { pid, host, since, command } = owner;
  const who = `process ${pid}${host === hostname() ? '' : ` on ${host}`}${command === undefined ? '' : ` (${command})`}`;
  return new AppError('locked', `This library is being written by ${who}, since ${since}.`, howToEnd(pid, host));
}

/** Takes the writer's lock of a library folder. Throws `locked`, saying who holds it. */
export function takeWriterLock(directory: string): WriterLock {
  const database = new Sqlite(join(directory, 'writer-lock.sqlite'), { timeout: 250 });
  const owner: WriterOwner = {
    pid: process.pid,
    processStart: processStart(),
    since: new Date().toISOString(),
    host: hostname(),
    command: ownCommand(),
  };
  try {
    database
      .transaction(() => {
        database.exec('CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL)');
        database.prepare('INSERT OR REPLACE INTO owner VALUES (1, ?)').run(JSON.stringify(owner));
      })
      .immediate();
    database.exec('BEGIN IMMEDIATE');
  } catch (error) {
    const holder = isBusy(error) ? readOwner(database) : undefined;
    database.close();
    throw isBusy(error) ? locked(holder) : error;
  }
  return {
    owner,
    dispose: () => {
      database.close();
    },
  };
}

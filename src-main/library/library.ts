// A library is a folder that holds the catalogue. It owns the database's connection and, for writing, the writer's lock.
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import { AppError, systemError } from '../../shared/errors.ts';
import { databaseError, guarded, openDatabase } from './database.ts';
import { FolderStamps } from './folder-stamps.ts';
import { takeWriterLock } from './writer-lock.ts';
import type { WriterLock } from './writer-lock.ts';

/** `beside`: writing, for a thread of the process that has the library open for writing and so holds its lock. */
export type LibraryAccess = 'read' | 'write' | 'beside';

const catalogue = 'catalogue.sqlite';

/** Whether there is a library in `directory`. */
export const hasLibrary = (directory: string): boolean => existsSync(join(directory, catalogue));

export class Library {
  /** Absolute path of the folder. */
  readonly directory: string;
  readonly file: string;
  readonly access: LibraryAccess;
  readonly database: Database;
  readonly stamps: FolderStamps;
  readonly #lock: WriterLock | undefined;

  constructor(directory: string, access: LibraryAccess) {
    this.directory = resolve(directory);
    this.file = join(this.directory, catalogue);
    this.access = access;
    if (access !== 'write') {
      this.database = openDatabase(this.file, access === 'read' ? 'read' : 'write');
      this.stamps = new FolderStamps(this.database);
      return;
    }
    try {
      mkdirSync(this.directory, { recursive: true });
      this.#lock = takeWriterLock(this.directory);
    } catch (error) {
      throw systemError(error) ?? databaseError(error, this.directory);
    }
    try {
      this.database = openDatabase(this.file, 'write');
      this.stamps = new FolderStamps(this.database);
      this.run(() => this.database.exec("INSERT OR REPLACE INTO settings VALUES ('open-for-writing', datetime('now'))"));
    } catch (error) {
      this.#lock.dispose();
      throw error;
    }
  }

  /** Runs statements, with the database's errors as AppErrors (`disk-full`, `bad-file`, `locked`, `not-writable`). */
  run<T>(work: () => T): T {
    return guarded(this.file, work);
  }

  /** Runs statements that change rows as one transaction. Throws `locked` when the library is open for reading only. */
  write<T>(work: () => T): T {
    if (this.access === 'read')
      throw new AppError(
        'locked',
        `The library at ${this.directory} is open for reading only.`,
        'Close the program that has it open for writing, then open it again.',
      );
    return this.run(() => this.database.transaction(work).immediate());
  }

  /** Closes the file and lets go of the lock. Safe to call twice. */
  dispose(): void {
    if (!this.database.open) return;
    try {
      if (this.access === 'write') this.database.exec("DELETE FROM settings WHERE key = 'open-for-writing'");
    } finally {
      this.database.close();
      this.#lock?.dispose();
    }
  }
}

/**
 * Opens the library in `directory`, for writing by default (created when it is not there). Throws `locked` when another process
 * writes to it, `bad-file` when it is damaged, `unsupported` when a newer program wrote it, `not-found` (reading), `not-writable`.
 */
export function openLibrary(directory: string, access: LibraryAccess = 'write'): Library {
  return new Library(directory, access);
}

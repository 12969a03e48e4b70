// For the doctor's report.
import Sqlite from 'better-sqlite3';

/** Version of SQLite itself. Throws where its native part cannot be loaded. */
export function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return database.prepare<[], string>('SELECT sqlite_version()').pluck().get()!;
  } finally {
    database.close();
  }
}

// The folder of addresses below which the page lies. Browsers send a cookie that is made for it nowhere else, so that other servers of
// this host name, which cookies do not tell apart by their port, never see it: they would have to know the path.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = 'serve-path';

/** The one of a home: kept, so that tabs and bookmarks of an earlier start go on once the browser is let in again. Readable by its owner alone. */
export function pagePathOf(home: string): string {
  try {
    const kept = readFileSync(join(home, file), 'utf8').trim();
    if (/^[\w-]{43}$/.test(kept)) return kept;
  } catch {
    // The first start.
  }
  const made = randomBytes(32).toString('base64url');
  try {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, file), `${made}\n`, { mode: 0o600 });
  } catch {
    // It then holds for this start alone.
  }
  return made;
}

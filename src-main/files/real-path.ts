// Where a path really leads, past all links, for what is not there yet too; and from a disk that does not answer, an answer all the same.
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askedOnce } from './asked-once.ts';

/** Milliseconds after which a path that does not answer, as on a server that is gone, is taken as it is written. */
const patienceMs = 2000;

async function follow(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch {
    const isLink = await lstat(path).then(
      (stats) => stats.isSymbolicLink(),
      () => false,
    );
    if (isLink) return undefined;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const above = await follow(parent);
  return above === undefined ? undefined : join(above, path.slice(parent.length).replace(/^[\\/]+/, ''));
}

/**
 * The real path of what is there of an absolute path, with what is not there yet appended. `undefined` for a link that leads nowhere:
 * what is made through it would lie anywhere.
 */
export const realPath = askedOnce(follow);

/** The same; the path itself for a link that leads nowhere, and where its disk gives no answer in time. */
export async function realPathSoon(path: string): Promise<string> {
  const late = new AbortController();
  const given = sleep(patienceMs, path, { signal: late.signal }).catch(() => path);
  const real = await Promise.race([realPath(path), given]);
  late.abort();
  return real ?? path;
}

// Where a path really leads, past all links, for what is not there yet too; and from a disk that does not answer, an answer all the same.
import { lstat, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { askedOnce } from './asked-once.ts';

/** Milliseconds after which a path that does not answer, as on a server that is gone, is taken as it is written. */
const patienceMs = 2000;
/** For so long after that, one that still does not answer is given this little: whoever asks each time does not wait each time. */
const silentMs = 60_000;
const littlePatienceMs = 100;

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

/**
 * Asks for a path with patience: a path that gave no answer in time is asked about anew each time all the same, and no answer is kept. The
 * path itself where there is none.
 */
export function askedWithPatience(ask: (path: string) => Promise<string | undefined>): (path: string) => Promise<string> {
  /** When a path gave no answer in time, by `performance.now`. */
  const silentSince = new Map<string, number>();
  return async (path) => {
    const isSilent = performance.now() - (silentSince.get(path) ?? -Infinity) < silentMs;
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), isSilent ? littlePatienceMs : patienceMs);
    const answer = await Promise.race([ask(path).then((real) => ({ real })), late.promise]);
    clearTimeout(timer);
    if (answer !== 'late') {
      silentSince.delete(path);
      return answer.real ?? path;
    }
    if (!isSilent) silentSince.set(path, performance.now());
    return path;
  };
}

/** The same; the path itself for a link that leads nowhere, and where its disk gives no answer in time. */
export const realPathSoon = askedWithPatience(realPath);

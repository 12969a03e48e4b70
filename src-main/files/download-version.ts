// Which version of a file a server gives, kept beside what came of a download: it goes on with that version only, never with parts of two.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

export interface FileVersion {
  /** SHA-256 that the server states. */
  readonly stated?: string | undefined;
  /** Its strong entity tag; a weak one may stand for other bytes. */
  readonly etag?: string | undefined;
  /** When it was last changed, as the server writes it. */
  readonly modified?: string | undefined;
  /** Bytes of the whole file. */
  readonly total?: number | undefined;
}

const names = ['stated', 'etag', 'modified', 'total'] as const;

/** Whether an answer was compressed although that was not asked for: its sizes and ranges are not those of the file. */
export const isEncoded = ({ headers }: Response): boolean => !['', 'identity'].includes(headers.get('content-encoding') ?? '');

/** The size of the whole file by an answer to a request for a part or for everything; undefined where it does not say. */
export function totalOf(response: Response): number | undefined {
  if (isEncoded(response)) return undefined;
  const range = /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1];
  const length = range ?? (response.status === 200 ? response.headers.get('content-length') : null);
  return length === null || length === undefined ? undefined : Number(length);
}

export function versionOf(response: Response, stated: string | undefined): FileVersion {
  const etag = response.headers.get('etag') ?? undefined;
  return {
    stated,
    etag: etag?.startsWith('W/') === true ? undefined : etag,
    modified: response.headers.get('last-modified') ?? undefined,
    total: totalOf(response),
  };
}

/**
 * Whether what came of `before` may go on with `now`: nothing that both tell of differs. Without a checksum, which finds a wrong part in the
 * end, something must say that they are the same; a size alone does not.
 */
export function isSameVersion(before: FileVersion | undefined, now: FileVersion, isChecked: boolean): boolean {
  const told = names.filter((name) => before?.[name] !== undefined && now[name] !== undefined);
  if (told.some((name) => before?.[name] !== now[name])) return false;
  return isChecked || told.some((name) => name !== 'total');
}

const fileOf = (part: string): string => `${part}.json`;

export const keepVersion = (part: string, version: FileVersion): void => writeFileSync(fileOf(part), JSON.stringify(version));

/** Of what lies in `part`; undefined where an earlier version of this program has fetched it. */
export function keptVersion(part: string): FileVersion | undefined {
  try {
    const kept = JSON.parse(readFileSync(fileOf(part), 'utf8')) as unknown;
    return typeof kept === 'object' && kept !== null ? kept : undefined;
  } catch {
    return undefined;
  }
}

export const dropVersion = (part: string): void => rmSync(fileOf(part), { force: true });

/** Removes what came of a download. */
export function dropPart(part: string): void {
  rmSync(part, { force: true });
  dropVersion(part);
}

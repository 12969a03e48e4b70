// Whether this computer has a shared library, as its dynamic linker would find it, without loading it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface LinkerPlaces {
  readonly platform: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly exists: (file: string) => boolean;
  /** What `ldconfig -p` prints. */
  readonly cache: () => string;
}

/** Where the dynamic linker of Linux looks on most distributions. */
export const linuxFolders = [
  '/usr/lib/x86_64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/lib64',
  '/usr/lib',
  '/lib',
];

/** Whether the dynamic linker would find a library, by its file name. */
export function libraryFinder({ platform, environment, exists, cache }: LinkerPlaces): (file: string) => boolean {
  const listed = (name: string): readonly string[] => (environment[name] ?? '').split(platform === 'win32' ? ';' : ':').filter(Boolean);
  if (platform === 'win32') {
    const folders = [join(environment['SystemRoot'] ?? 'C:\\Windows', 'System32'), ...listed('PATH'), ...listed('Path')];
    return (file) => folders.some((folder) => exists(join(folder, file)));
  }
  const folders = [...listed('LD_LIBRARY_PATH'), ...linuxFolders];
  let known: string | undefined;
  return (file) =>
    folders.some((folder) => exists(join(folder, file))) ||
    (known ??= cache()).split('\n').some((line) => line.trim().split(' ')[0] === file);
}

/** The same for this computer. */
export const libraryFinderHere = (): ((file: string) => boolean) =>
  libraryFinder({
    platform: process.platform,
    environment: process.env,
    exists: existsSync,
    // Not on the path of a person without rights.
    cache: () =>
      spawnSync('ldconfig', ['-p'], {
        encoding: 'utf8',
        env: { ...process.env, PATH: ['/sbin', '/usr/sbin', process.env['PATH']].filter(Boolean).join(delimiter) },
      }).stdout ?? '',
  });

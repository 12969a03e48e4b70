// Where things lie, in the sources and in a package. In a package the page is inside the archive that Electron reads; what the engine's
// Node reads lies beside it, unpacked: a plain Node knows nothing of the archive.
import { homedir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

export interface Places {
  /** The program for the engine's Node: `src-main`, `shared`, `node_modules`. */
  readonly program: string;
  readonly page: string;
  readonly preload: string;
  readonly icon: string;
  /** Folder of everything that the program makes; the same as the terminal's. */
  readonly home: string;
}

/** `appPath` is Electron's: the folder or archive with package.json, or the folder of the script where only that was named. */
export function placesOf(appPath: string, environment: Readonly<Record<string, string | undefined>>): Places {
  const root = basename(appPath) === 'main' && basename(dirname(appPath)) === 'dist' ? dirname(dirname(appPath)) : appPath;
  return {
    program: root.replace(/app\.asar$/, 'app.asar.unpacked'),
    page: join(root, 'dist', 'renderer'),
    preload: join(root, 'dist', 'main', 'preload.cjs'),
    icon: join(root, 'assets', 'icon-256.png'),
    home: resolve(environment['IJEPA_STUDIO_HOME'] || join(homedir(), '.ijepa-studio')),
  };
}

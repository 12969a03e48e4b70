// A real window for tests, on a screen that nobody sees. Needs an Electron (ELECTRON_OVERRIDE_DIST_PATH), Xvfb and `npm run build`.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { _electron } from 'playwright';
import type { ElectronApplication, Page } from 'playwright';

export const root = join(import.meta.dirname, '..', '..', '..');
export const electronFolder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? '';
const isBuilt = ['main/main.cjs', 'main/preload.cjs', 'renderer/index.html'].every((file) => existsSync(join(root, 'dist', file)));
/** Whether windows can be opened here. */
export const canOpenWindows =
  process.platform === 'linux' &&
  electronFolder !== '' &&
  existsSync(electronFolder) &&
  isBuilt &&
  spawnSync('Xvfb', ['-help']).error === undefined;

export interface VirtualScreen {
  /** As DISPLAY names it. */
  readonly display: string;
  close(): void;
}

export async function openScreen(): Promise<VirtualScreen> {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const number = await new Promise<string>((resolve, reject) => {
    server.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    server.once('exit', () => reject(new Error('Xvfb ended')));
  });
  return { display: `:${number}`, close: () => server.kill() };
}

export interface OpenWindow {
  readonly app: ElectronApplication;
  readonly page: Page;
}

export interface Program {
  /** A packaged program; Electron itself when absent. */
  readonly executable?: string;
  /** What Electron runs; this program when absent. */
  readonly source?: string;
}

/** Opens a program's window. All that it keeps is below `folder`. */
export async function openWindow(screen: VirtualScreen, folder: string, { executable, source = root }: Program = {}): Promise<OpenWindow> {
  const app = await _electron.launch({
    ...(executable !== undefined && { executablePath: executable }),
    args: [...(executable === undefined ? [source] : []), '--no-sandbox', `--user-data-dir=${join(folder, 'user')}`],
    env: {
      PATH: '/usr/bin:/bin',
      HOME: folder,
      DISPLAY: screen.display,
      ELECTRON_OVERRIDE_DIST_PATH: electronFolder,
      IJEPA_STUDIO_HOME: join(folder, 'home'),
    },
  });
  return { app, page: await app.firstWindow() };
}

/** The engine's process of a window whose home is below `folder`. */
export function engineOf(folder: string): number {
  const found = spawnSync('pgrep', ['-f', `engine-process.ts --home ${join(folder, 'home')}`], { encoding: 'utf8' });
  return Number(found.stdout.split('\n')[0]);
}

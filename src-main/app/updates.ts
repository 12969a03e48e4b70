// Updates, only where the package was made with an address to get them from and only when the person asks: the program calls nobody by itself.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, dialog } from 'electron';

const say = (message: string, detail = ''): Promise<unknown> => dialog.showMessageBox({ type: 'info', message, detail });

async function check(): Promise<void> {
  const { autoUpdater } = await import('electron-updater');
  autoUpdater.autoDownload = false;
  autoUpdater.autoInstallOnAppQuit = true;
  try {
    const found = await autoUpdater.checkForUpdates();
    if (!found) return void (await say('This copy cannot update itself.', 'Get the newest version where you got this one.'));
    if (!found.isUpdateAvailable) return void (await say('This is the newest version.'));
    const { response } = await dialog.showMessageBox({
      type: 'question',
      message: `Version ${found.updateInfo.version} is there.`,
      detail: `This is ${app.getVersion()}. Runs, vectors and settings stay.`,
      buttons: ['Download and install', 'Not now'],
      cancelId: 1,
    });
    if (response !== 0) return;
    await autoUpdater.downloadUpdate();
    await say('The new version is installed when you close the program.');
  } catch (error) {
    await say('No update could be fetched.', error instanceof Error ? error.message : String(error));
  }
}

/** How to look for an update, where that is possible. */
export function updateCheck(): (() => void) | undefined {
  if (!app.isPackaged || !existsSync(join(process.resourcesPath, 'app-update.yml'))) return undefined;
  return () => void check();
}

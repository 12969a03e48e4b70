// What only a window can do, for its page: dialogs, the file manager, files dragged out, news of the power supply.
import { dialog, ipcMain, nativeImage, powerMonitor, shell, BrowserWindow } from 'electron';
import type { WebContents } from 'electron';
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { AppContract } from '../../shared/contract.ts';
import { mostDragged } from '../../shared/face.ts';
import type { RpcClient } from '../../shared/rpc-client.ts';
import { isOwnPage } from './bridge.ts';
import { newsChannel, orderChannel, requestChannel } from './channels.ts';
import type { WindowNews } from './channels.ts';

export const tellPage = (page: WebContents, news: WindowNews): void => page.send(newsChannel, news);

/** A dialog for an existing folder; nothing when it was cancelled. */
export async function chooseFolder(window: BrowserWindow): Promise<string | undefined> {
  const { filePaths } = await dialog.showOpenDialog(window, { title: 'Open a folder of images', properties: ['openDirectory'] });
  return filePaths[0];
}

async function chooseFile(window: BrowserWindow): Promise<string | undefined> {
  const filters = [
    { name: 'Tables', extensions: ['csv'] },
    { name: 'All files', extensions: ['*'] },
  ];
  const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openFile'], filters });
  return filePaths[0];
}

async function chooseTarget(window: BrowserWindow, suggested: unknown): Promise<string | undefined> {
  const defaultPath = typeof suggested === 'string' && isAbsolute(suggested) ? { defaultPath: suggested } : {};
  const { filePath } = await dialog.showSaveDialog(window, {
    ...defaultPath,
    properties: ['createDirectory', 'showOverwriteConfirmation'],
  });
  return filePath || undefined;
}

/** Starts a drag of the images' own files; they are asked of the engine, a page names no path. */
async function dragOut(page: WebContents, client: RpcClient<AppContract>, images: unknown, icon: string): Promise<void> {
  if (!Array.isArray(images)) return;
  const wanted = images.slice(0, mostDragged).filter((image): image is number => Number.isSafeInteger(image));
  const found = await Promise.allSettled(wanted.map((image) => client.call('library.details', { image })));
  const files = found.flatMap((one) => (one.status === 'fulfilled' && existsSync(one.value.file) ? [one.value.file] : []));
  if (files.length === 0 || page.isDestroyed()) return;
  page.startDrag({ file: files[0]!, files, icon: nativeImage.createFromPath(icon).resize({ width: 64 }) });
}

/** Answers every window's page from now on. `icon` is what is seen under the pointer while files are dragged. */
export function offerAbilities(client: RpcClient<AppContract>, icon: string): void {
  const watching = new Set<WebContents>();
  const tellPower = (page: WebContents): void => tellPage(page, { type: 'power', onBattery: powerMonitor.onBatteryPower });
  for (const change of ['on-battery', 'on-ac'] as const)
    // Overloads of `on` take one name each.
    powerMonitor.on(change as 'on-ac', () => {
      for (const page of watching) tellPower(page);
    });

  ipcMain.handle(requestChannel, async (event, request: unknown) => {
    const window = BrowserWindow.fromWebContents(event.sender);
    if (!isOwnPage(event) || !window || typeof request !== 'object' || request === null) return undefined;
    const { type, suggested } = request as Record<string, unknown>;
    if (type === 'choose-folder') return chooseFolder(window);
    if (type === 'choose-file') return chooseFile(window);
    if (type === 'choose-target') return chooseTarget(window, suggested);
    return undefined;
  });

  ipcMain.on(orderChannel, (event, order: unknown) => {
    if (!isOwnPage(event) || typeof order !== 'object' || order === null) return;
    const page = event.sender;
    const { type, path, images } = order as Record<string, unknown>;
    if (type === 'reveal' && typeof path === 'string' && isAbsolute(path)) shell.showItemInFolder(path);
    else if (type === 'drag-out') dragOut(page, client, images, icon).catch(() => {}); // The engine is gone: nothing is dragged.
    else if (type === 'watch-power') {
      if (!watching.has(page)) page.once('destroyed', () => watching.delete(page));
      watching.add(page);
      tellPower(page);
    }
  });
}

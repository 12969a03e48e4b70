// What only a window can do, for its page: dialogs, the file manager, files dragged out, news of the power supply.
import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { dialog, ipcMain, nativeImage, powerMonitor, shell, BrowserWindow } from 'electron';
import type { IpcMainInvokeEvent, WebContents } from 'electron';
import type { AppContract } from '../../shared/contract/contract.ts';
import { fileEndings } from '../../shared/contract/file-kinds.ts';
import type { FileKind } from '../../shared/contract/file-kinds.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';
import { AppError } from '../../shared/errors.ts';
import { isOwnPage } from './bridge.ts';
import { newsChannel, requestChannel } from './channels.ts';
import type { WindowNews } from './channels.ts';
import { answerWindowRequest } from './window-requests.ts';
import type { WindowHandlers } from './window-requests.ts';

/** Who asks: a page, and the window that it is in. */
interface Asker {
  readonly window: BrowserWindow;
  readonly page: WebContents;
}

export const tellPage = (page: WebContents, news: WindowNews): void => page.send(newsChannel, news);

/** A dialog for an existing folder; nothing when it was cancelled. */
export async function chooseFolder(window: BrowserWindow): Promise<string | undefined> {
  const { filePaths } = await dialog.showOpenDialog(window, { title: 'Open a folder of images', properties: ['openDirectory'] });
  return filePaths[0];
}

const kindNames: Readonly<Record<FileKind, string>> = { csv: 'Tables', weights: 'Weights', archive: 'Archives' };

async function chooseFile(window: BrowserWindow, kind: FileKind): Promise<string | undefined> {
  const filters = [
    { name: kindNames[kind], extensions: [...fileEndings[kind]] },
    { name: 'All files', extensions: ['*'] },
  ];
  const { filePaths } = await dialog.showOpenDialog(window, { properties: ['openFile'], filters });
  return filePaths[0];
}

async function chooseTarget(window: BrowserWindow, suggested: string): Promise<string | undefined> {
  const defaultPath = isAbsolute(suggested) ? { defaultPath: suggested } : {};
  const { filePath } = await dialog.showSaveDialog(window, {
    ...defaultPath,
    properties: ['createDirectory', 'showOverwriteConfirmation'],
  });
  return filePath || undefined;
}

/** Starts a drag of the images' own files; they are asked of the engine, a page names no path. Throws `not-found` when none is there, and what the engine says. */
async function dragOut(page: WebContents, client: RpcClient<AppContract>, images: readonly number[], icon: string): Promise<void> {
  const found = await Promise.allSettled(images.map((image) => client.call('library.details', { image })));
  const files = found.flatMap((one) => (one.status === 'fulfilled' && existsSync(one.value.file) ? [one.value.file] : []));
  const [lost] = found.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  if (files.length === 0 && lost !== undefined) throw lost;
  if (files.length === 0)
    throw new AppError(
      'not-found',
      'The files of these images are not there.',
      'If they lie on a drive, connect it; then read the folder again.',
    );
  if (page.isDestroyed()) return;
  page.startDrag({ file: files[0]!, files, icon: nativeImage.createFromPath(icon).resize({ width: 64 }) });
}

/** Throws `not-allowed` for any page but a window's own. */
function askerOf(event: IpcMainInvokeEvent): Asker {
  const window = BrowserWindow.fromWebContents(event.sender);
  if (!isOwnPage(event) || !window)
    throw new AppError('not-allowed', 'Only the page of the window itself is answered.', 'Reload the window.');
  return { window, page: event.sender };
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
  const handlers: WindowHandlers<Asker> = {
    'window.choose-folder': async (_input, { window }) => chooseFolder(window),
    'window.choose-file': async ({ kind }, { window }) => chooseFile(window, kind),
    'window.choose-target': async ({ suggested }, { window }) => chooseTarget(window, suggested),
    'window.reveal': ({ path }) => {
      if (!isAbsolute(path)) throw new AppError('bad-input', `${path} is no absolute path.`, 'Give where the file lies, from the root on.');
      shell.showItemInFolder(path);
    },
    'window.drag-out': async ({ images }, { page }) => dragOut(page, client, images, icon),
    'window.watch-power': (_input, { page }) => {
      if (!watching.has(page)) page.once('destroyed', () => watching.delete(page));
      watching.add(page);
      tellPower(page);
    },
  };
  ipcMain.handle(requestChannel, async (event, request: unknown) => answerWindowRequest(handlers, request, () => askerOf(event)));
}

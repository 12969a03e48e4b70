// Entry of the window's main process: one window over one engine. It shows, asks and carries; it computes nothing.
import { availableParallelism } from 'node:os';
import { app, dialog, Menu, session } from 'electron';
import type { BrowserWindow } from 'electron';
import type { AppContract } from '../../shared/contract/contract.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { toWire } from '../../shared/errors.ts';
import { programVersion } from '../../shared/version.ts';
import { EngineLink } from '../link/engine-link.ts';
import { engineEntry, programFlags, programNode } from '../link/program-node.ts';
import { chooseFolder, offerAbilities, tellPage } from './abilities.ts';
import { bridgeEngine } from './bridge.ts';
import { Desktop } from './desktop.ts';
import { Leaving } from './leaving.ts';
import { menuTemplate } from './menu.ts';
import type { MenuActions } from './menu.ts';
import { pageAddress, registerScheme, servePage } from './page-protocol.ts';
import { placesOf } from './places.ts';
import { updateCheck } from './updates.ts';
import { lockSession, makeWindow } from './window.ts';

function about(window: BrowserWindow): void {
  const { electron, chrome, node } = process.versions;
  const detail = `Electron ${electron}, Chromium ${chrome}, Node ${node}\nNo account, no telemetry: nothing leaves this computer.`;
  void dialog.showMessageBox(window, { type: 'info', message: `I-JEPA Studio ${programVersion}`, detail });
}

function setMenu(window: BrowserWindow): void {
  const command: MenuActions['command'] = (what) => tellPage(window.webContents, { type: 'menu', command: what });
  const openFolder = async (): Promise<void> => {
    const path = await chooseFolder(window);
    if (path !== undefined) command({ type: 'open-folder', path });
  };
  const checkForUpdates = updateCheck();
  const actions = { command, openFolder: () => void openFolder(), about: () => about(window), ...(checkForUpdates && { checkForUpdates }) };
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(process.platform === 'darwin', actions)));
}

function start(): void {
  const places = placesOf(app.getAppPath(), process.env);
  // First: the process that draws it starts beside all else, and is what every first paint waits for.
  const window = makeWindow(places, app.getPath('userData'), !app.isPackaged);
  lockSession(session.defaultSession);
  const [node, flags, entry] = [programNode(places.program), programFlags(places.program), engineEntry(places.program)];
  // On few cores the engine's start would be felt in the window's: then it starts when the page, which is painted by then, asks for it.
  const waits = availableParallelism() < 4;
  const link = new EngineLink({ node, flags, entry, home: places.home, waits });
  const client = new RpcClient<AppContract>(link.connect());
  servePage(session.defaultSession, places.page, client);
  bridgeEngine(link);
  void window.loadURL(pageAddress);
  offerAbilities(client, places.icon);
  const leaving = new Leaving(link, new Desktop(client));
  setTimeout(() => link.start(), 5000); // A page that does not come must not keep a run from going on.
  leaving.guard(window);
  setMenu(window);
  app.on('second-instance', () => {
    if (leaving.isLeaving) return leaving.startAgain();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  });
}

if (app.requestSingleInstanceLock()) {
  registerScheme();
  // Windows shows notices only of programs that it knows by the name of their package.
  app.setAppUserModelId('studio.ijepa.app');
  app
    .whenReady()
    .then(start, () => app.exit(1))
    .catch((error: unknown) => {
      const { message, hint } = toWire(error);
      process.stderr.write(`${message}\n${hint}\n`);
      dialog.showErrorBox('I-JEPA Studio cannot start', `${message}\n\n${hint}`);
      app.exit(1);
    });
} else app.exit(0);

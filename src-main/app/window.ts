// The window: a sandboxed page that can go nowhere, open nothing and be given nothing.
import { join } from 'node:path';
import { app, BrowserWindow, dialog, screen } from 'electron';
import type { Session } from 'electron';
import { pageAddress } from './page-protocol.ts';
import type { Places } from './places.ts';
import { fitState, readWindowState, smallest, usual, writeWindowState } from './window-state.ts';

/** Copying a snippet of code; it writes plain text and images only. */
const allowedPermissions = new Set(['clipboard-sanitized-write']);
/** A page that stops within so many milliseconds of its being loaded again would only stop once more. */
const failsAtOnce = 10_000;
/** Milliseconds that a loaded page may take to paint before its window is shown as it is. */
const longestUnpainted = 2_000;
const outside = ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*', 'file://*/*'];

/** Locks a session: no permission, no address outside of the program. */
export function lockSession(session: Session): void {
  session.setPermissionRequestHandler((_page, permission, answer) => answer(allowedPermissions.has(permission)));
  session.setPermissionCheckHandler((_page, permission) => allowedPermissions.has(permission));
  session.setDevicePermissionHandler(() => false);
  session.webRequest.onBeforeRequest({ urls: outside }, (_request, answer) => answer({ cancel: true }));
  session.on('will-download', (event, item) => {
    // What the page itself made, as a list of failures: the person chooses where it goes.
    if (!item.getURL().startsWith('blob:')) event.preventDefault();
  });
}

async function pageIsGone(window: BrowserWindow, reason: string): Promise<void> {
  const question = {
    type: 'error' as const,
    message: 'The page stopped twice in a row.',
    detail: `Its process has ended (${reason}). What is computed goes on without it: reload the page, or quit the program.`,
    buttons: ['Reload', 'Quit'],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  };
  // A window that was never shown has nothing to show a question on.
  const { response } = await (window.isVisible() ? dialog.showMessageBox(window, question) : dialog.showMessageBox(question));
  if (window.isDestroyed()) return;
  if (response === 0) window.webContents.reload();
  else app.quit();
}

/** Makes the window where it was last, with no page yet; it is shown once there is something to see. */
export function makeWindow(places: Places, userData: string, inspectable: boolean): BrowserWindow {
  const stateFile = join(userData, 'window.json');
  const { area, maximized } = fitState(
    readWindowState(stateFile),
    screen.getAllDisplays().map(({ workArea }) => workArea),
  );
  const window = new BrowserWindow({
    ...(area ?? usual),
    minWidth: smallest.width,
    minHeight: smallest.height,
    show: false,
    title: 'I-JEPA Studio',
    icon: places.icon,
    webPreferences: {
      preload: places.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: inspectable,
    },
  });
  const page = window.webContents;
  page.on('will-navigate', (event) => {
    // The page may load itself anew and go nowhere else.
    if (event.url.split('#')[0] !== pageAddress) event.preventDefault();
  });
  page.on('will-attach-webview', (event) => event.preventDefault());
  page.setWindowOpenHandler(() => ({ action: 'deny' }));
  // The engine and its work go on without the page; one that fails again at once is not tried for ever: the person says what now.
  let failed = false;
  // From when it was there again: on a slow machine the reload itself takes long.
  let loadedAt: number | undefined;
  page.on('did-finish-load', () => (loadedAt = performance.now()));
  page.on('render-process-gone', (_event, { reason }) => {
    const again = failed && (loadedAt === undefined || performance.now() - loadedAt < failsAtOnce);
    failed = true;
    loadedAt = undefined;
    if (again) void pageIsGone(window, reason);
    else page.reload();
  });
  let shown = false;
  const show = (): void => {
    if (shown || window.isDestroyed()) return;
    shown = true;
    if (maximized) window.maximize();
    window.show();
  };
  window.once('ready-to-show', show);
  // Some graphics drivers never say that a hidden window has painted; it is shown without that, also where its page can't be loaded.
  const showSoon = (): void => void setTimeout(show, longestUnpainted);
  page.once('did-finish-load', showSoon);
  page.once('did-fail-load', showSoon);
  // The end of the program hides its window first, however it came.
  window.on('hide', () => writeWindowState(stateFile, { area: window.getNormalBounds(), maximized: window.isMaximized() }));
  return window;
}

// The real window, where an Electron and a virtual screen are: what its page may not, and what is left when something dies.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MenuCommand, WindowBridge } from '../../shared/contract/face.ts';
import type { FromEngine, ToEngine } from '../../shared/contract/messages.ts';
import { isRunning, until } from '../trainer/testing/processes.ts';
import { canOpenWindows, electronFolder, engineOf, openScreen, openWindow, root } from './testing/open-window.ts';
import type { OpenWindow, VirtualScreen } from './testing/open-window.ts';

/** What tests put on the page's global object. */
interface PageGlobal {
  studioWindow: WindowBridge;
  require?: unknown;
  process?: unknown;
  location: { href: string };
  open(address: string): unknown;
  Notification: { requestPermission(): Promise<string> };
  commands: MenuCommand[];
  states: string[];
}

let folder: string;
let screen: VirtualScreen;
let window: OpenWindow;

/** The first answer to a message on a connection of its own, sent when the engine is ready. */
const answerTo = (message: unknown): Promise<FromEngine> =>
  window.page.evaluate(
    async (sent) =>
      new Promise<FromEngine>((resolve) => {
        const port = (globalThis as unknown as PageGlobal).studioWindow.connect();
        port.onMessage((answer) => {
          if (answer.type !== 'engine') resolve(answer);
          else if (answer.state === 'ready') {
            port.send(sent as ToEngine);
            port.send({ type: 'call', id: 77, channel: 'library.folders', input: {} });
          }
        });
      }),
    message,
  );

describe.skipIf(!canOpenWindows)('the window', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-window-'));
    screen = await openScreen();
    window = await openWindow(screen, folder);
  });
  afterAll(async () => {
    await window?.app.close().catch(() => {});
    screen?.close();
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('shows its page in a sandbox, which can go nowhere and is given nothing', async () => {
    const { app, page } = window;
    const seen = await page.evaluate(async () => {
      const global = globalThis as unknown as PageGlobal;
      const reach = async (address: string): Promise<string> =>
        fetch(address).then(
          ({ status }) => String(status),
          () => 'no',
        );
      global.location.href = 'https://example.com/';
      return {
        node: [typeof global.require, typeof global.process],
        opened: global.open('https://example.com/') === null,
        permission: await global.Notification.requestPermission(),
        answers: await Promise.all(
          ['studio://app/../../etc/passwd', 'https://example.com/', 'file:///etc/passwd', 'studio://other/'].map(reach),
        ),
      };
    });
    expect(seen).toEqual({ node: ['undefined', 'undefined'], opened: true, permission: 'denied', answers: ['404', 'no', 'no', 'no'] });
    expect(page.url()).toMatch(/^studio:\/\/app\//);
    const seenWindows = async (): Promise<unknown> =>
      app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((one) => (one.isVisible() ? 'shown' : 'hidden')));
    // It is shown when it has painted, which may be after the page has answered.
    await expect.poll(seenWindows, { timeout: 20_000 }).toEqual(['shown']);
  });

  it('passes calls to the engine and nothing else', async () => {
    for (const garbage of ['a text', { type: 'call' }, { type: 'shutdown' }, { type: 'call', id: 'x', channel: 'library.folders' }, null])
      expect(await answerTo(garbage)).toMatchObject({ type: 'ok', id: 77, output: [] });
    const wrong = await answerTo({ type: 'call', id: 1, channel: 'library.page', input: { folder: 'x' } });
    expect(wrong).toMatchObject({ type: 'fail', id: 1, error: { code: 'bad-input' } });
  });

  it('answers a page that was loaded anew', async () => {
    await window.page.reload();
    expect(await answerTo({ type: 'cancel', id: 5 })).toMatchObject({ type: 'ok', id: 77 });
  });

  it('hands over commands of its menu, and paths from its dialogs', async () => {
    const { app, page } = window;
    await page.evaluate(() => {
      const global = globalThis as unknown as PageGlobal;
      global.commands = [];
      global.studioWindow.onMenu((command) => void global.commands.push(command));
    });
    await app.evaluate(({ Menu, dialog }) => {
      dialog.showOpenDialog = async () => Promise.resolve({ canceled: false, filePaths: ['/some folder'] });
      for (const { submenu } of Menu.getApplicationMenu()!.items)
        for (const item of submenu?.items ?? []) if (/^(Open folder…|Masks|Pause or continue)$/.test(item.label)) item.click();
    });
    const commands = (): Promise<MenuCommand[]> => page.evaluate(() => (globalThis as unknown as PageGlobal).commands);
    await expect.poll(commands).toHaveLength(3);
    expect(await commands()).toEqual(
      expect.arrayContaining([
        { type: 'open-folder', path: '/some folder' },
        { type: 'view', view: 'masks' },
        { type: 'pause-or-continue' },
      ]),
    );
    const ask = (channel: string, input: unknown): Promise<unknown> =>
      page.evaluate(async (given) => (globalThis as unknown as PageGlobal).studioWindow.ask(given.channel as never, given.input), {
        channel,
        input,
      });
    expect(await ask('window.choose-folder', {})).toEqual({ type: 'ok', output: '/some folder' });
    for (const wrong of [
      ask('window.reveal', {}),
      ask('window.reveal', { path: 'here' }),
      ask('window.nothing', {}),
      ask('window.drag-out', 7),
    ])
      expect(await wrong).toMatchObject({ type: 'fail', error: { code: 'bad-input' } });
  });

  it('tells its page when the engine is killed, and when it is back', async () => {
    const before = engineOf(folder);
    await window.page.evaluate(() => {
      const global = globalThis as unknown as PageGlobal;
      global.states = [];
      global.studioWindow.connect().onMessage((message) => void (message.type === 'engine' && global.states.push(message.state)));
    });
    const states = (): Promise<string[]> => window.page.evaluate(() => (globalThis as unknown as PageGlobal).states);
    await expect.poll(states, { timeout: 10_000 }).toEqual(['ready']);
    process.kill(before, 'SIGKILL');
    await expect.poll(states, { timeout: 60_000 }).toEqual(['ready', 'crashed', 'starting', 'ready']);
    expect(engineOf(folder)).not.toBe(before);
  });

  it('is one: a second start ends, and shows the first', async () => {
    const isVisible = (): Promise<boolean> => window.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.isVisible());
    // Its own first showing is over: that would pass for the one that is asked for here.
    await expect.poll(isVisible, { timeout: 20_000 }).toBe(true);
    // The virtual screen has no window manager to minimise with; a window behind others is as little seen.
    await window.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.hide());
    expect(await isVisible()).toBe(false);
    const second = spawnSync(join(electronFolder, 'electron'), [root, '--no-sandbox', `--user-data-dir=${join(folder, 'user')}`], {
      env: { PATH: '/usr/bin:/bin', HOME: folder, DISPLAY: screen.display, IJEPA_STUDIO_HOME: join(folder, 'home') },
      timeout: 60_000,
    });
    expect(second.status).toBe(0);
    await expect.poll(isVisible, { timeout: 20_000 }).toBe(true);
    expect(await window.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1);
  });

  it('comes back by itself when its page stops, and asks what now when it stops again at once', async () => {
    const { app } = window;
    await app.evaluate(({ dialog }) => {
      const asked: unknown[] = [];
      Object.assign(globalThis, { asked });
      const answer = async (...given: readonly unknown[]): Promise<{ response: number; checkboxChecked: boolean }> => {
        asked.push(given.at(-1));
        return Promise.resolve({ response: 0, checkboxChecked: false });
      };
      dialog.showMessageBox = answer as typeof dialog.showMessageBox;
    });
    const asked = (): Promise<unknown[]> => app.evaluate(() => (globalThis as unknown as { asked: unknown[] }).asked);
    // A page that was told to stop still looks alive for a while, so that its events are counted.
    await app.evaluate(({ BrowserWindow }) => {
      const counts = { stopped: 0, loaded: 0 };
      Object.assign(globalThis, { counts });
      const page = BrowserWindow.getAllWindows()[0]!.webContents;
      page.on('render-process-gone', () => (counts.stopped += 1));
      page.on('did-finish-load', () => (counts.loaded += 1));
    });
    const counts = (): Promise<unknown> => app.evaluate(() => (globalThis as unknown as { counts: unknown }).counts);
    const stopPage = (): Promise<void> =>
      app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer());
    await stopPage();
    await expect.poll(counts, { timeout: 30_000 }).toEqual({ stopped: 1, loaded: 1 });
    expect(await asked()).toEqual([]);
    await stopPage();
    await expect.poll(asked, { timeout: 30_000 }).toMatchObject([{ buttons: ['Reload', 'Quit'] }]);
    await expect.poll(counts, { timeout: 30_000 }).toEqual({ stopped: 2, loaded: 2 });
  });

  it('opens where it was, and leaves no process when it is killed', async () => {
    const area = { x: 60, y: 40, width: 900, height: 600 };
    await window.app.evaluate(({ BrowserWindow }, wanted) => BrowserWindow.getAllWindows()[0]!.setBounds(wanted), area);
    const first = [window.app.process().pid!, engineOf(folder)];
    window.app.process().kill('SIGTERM');
    await until('the end of window and engine', () => !first.some(isRunning));
    window = await openWindow(screen, folder);
    expect(await window.app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getNormalBounds())).toEqual(area);
    await answerTo({ type: 'cancel', id: 1 });
    const second = [window.app.process().pid!, engineOf(folder)];
    expect(second.every(isRunning)).toBe(true);
    window.app.process().kill('SIGKILL');
    await until('the end of the engine after its window was killed', () => !second.some(isRunning));
  });

  it('keeps a system that shuts down waiting until its engine has ended', async () => {
    window = await openWindow(screen, folder);
    await answerTo({ type: 'cancel', id: 1 });
    const both = [window.app.process().pid!, engineOf(folder)];
    const waits = await window.app.evaluate(({ powerMonitor }) => {
      let prevented = false;
      powerMonitor.emit('shutdown', { preventDefault: () => (prevented = true) });
      return prevented;
    });
    expect(waits).toBe(true);
    await until('the end of window and engine', () => !both.some(isRunning));
  });
});

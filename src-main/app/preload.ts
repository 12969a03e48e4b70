// Puts what the window's face is made of on the page's global object. Runs in the sandbox, before the page; hands over functions, never Electron's objects.
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { WindowAnswer, WindowChannel } from '../../shared/contract/contract-window.ts';
import { bridgeKey } from '../../shared/contract/face.ts';
import type { WindowBridge } from '../../shared/contract/face.ts';
import type { FromEngine, PagePort } from '../../shared/contract/messages.ts';
import { engineChannel, newsChannel, requestChannel } from './channels.ts';
import type { FromPage, ToPage, WindowNews, WindowRequest } from './channels.ts';

const page = crypto.randomUUID();
let ports = 0;

function connect(): PagePort {
  const port = ++ports;
  const send = (message: FromPage): void => ipcRenderer.send(engineChannel, message);
  const listeners: ((message: FromEngine) => void)[] = [];
  const closers: (() => void)[] = [];
  ipcRenderer.on(engineChannel, (_event, sent: ToPage) => {
    // What was under way to the page before this one is not for it.
    if (sent.page !== page || sent.port !== port) return;
    if (sent.type === 'message') for (const listener of listeners) listener(sent.message);
    else for (const closer of closers) closer();
  });
  return {
    send: (message) => send({ page, port, type: 'message', message }),
    onMessage: (handler) => {
      listeners.push(handler);
      if (listeners.length === 1) send({ page, port, type: 'open' });
    },
    onClose: (handler) => void closers.push(handler),
  };
}

const ask = (channel: WindowChannel, input: unknown): Promise<WindowAnswer> =>
  ipcRenderer.invoke(requestChannel, { channel, input } satisfies WindowRequest) as Promise<WindowAnswer>;

function watchNews(watcher: (news: WindowNews) => void): () => void {
  const listener = (_event: unknown, news: WindowNews): void => watcher(news);
  ipcRenderer.on(newsChannel, listener);
  return () => ipcRenderer.removeListener(newsChannel, listener);
}

/** Electron gave files a `path` of their own until `webUtils` took its place. */
function pathOf(file: object): string | undefined {
  const path = webUtils ? webUtils.getPathForFile(file as File) : 'path' in file && typeof file.path === 'string' ? file.path : '';
  return path === '' ? undefined : path;
}

const bridge: WindowBridge = {
  connect,
  ask,
  pathOf,
  onMenu: (handler) => watchNews((news) => news.type === 'menu' && handler(news.command)),
  onPower: (handler) => watchNews((news) => news.type === 'power' && handler(news.onBattery)),
};

contextBridge.exposeInMainWorld(bridgeKey, bridge);

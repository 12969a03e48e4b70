// Carries the page's messages to the engine's link. Only the window's own page is listened to; what it sends is checked here for its form
// and in the engine for its content.
import { ipcMain } from 'electron';
import type { IpcMainEvent, IpcMainInvokeEvent, WebContents } from 'electron';
import { isToEngine } from '../../shared/contract/messages.ts';
import type { EngineLink, PageConnection } from '../link/engine-link.ts';
import { engineChannel } from './channels.ts';
import type { ToPage } from './channels.ts';
import { pageAddress } from './page-protocol.ts';

/** Whether a message comes from the window's page itself: not from a frame in it, and not from any other address. */
export function isOwnPage({ senderFrame, sender }: Pick<IpcMainEvent | IpcMainInvokeEvent, 'senderFrame' | 'sender'>): boolean {
  return senderFrame !== null && senderFrame === sender.mainFrame && senderFrame.url.startsWith(pageAddress);
}

/** A page needs one. */
const mostPorts = 16;

interface Page {
  readonly id: string;
  readonly ports: Map<number, PageConnection>;
}

/** Serves every window from now on. An engine that waits starts when the first page wants it. */
export function bridgeEngine(link: EngineLink): void {
  const pages = new Map<WebContents, Page>();
  const watched = new WeakSet<WebContents>();
  const forget = (sender: WebContents): void => {
    for (const port of pages.get(sender)?.ports.values() ?? []) port.close();
    pages.delete(sender);
  };
  /** A page that was reloaded has a new id: what the old one asked for is cancelled. */
  const pageOf = (sender: WebContents, id: string): Page => {
    const known = pages.get(sender);
    if (known?.id === id) return known;
    forget(sender);
    if (!watched.has(sender)) {
      watched.add(sender);
      sender.once('destroyed', () => forget(sender));
      sender.on('render-process-gone', () => forget(sender));
    }
    const page = { id, ports: new Map<number, PageConnection>() };
    pages.set(sender, page);
    return page;
  };
  ipcMain.on(engineChannel, (event, sent: unknown) => {
    if (!isOwnPage(event) || typeof sent !== 'object' || sent === null) return;
    const { page: id, port, type, message } = sent as Record<string, unknown>;
    if (typeof id !== 'string' || typeof port !== 'number') return;
    const { sender } = event;
    if (type === 'open') {
      const { ports } = pageOf(sender, id);
      const tell = (what: ToPage): void => {
        if (!sender.isDestroyed()) sender.send(engineChannel, what);
      };
      if (ports.has(port) || ports.size >= mostPorts) return tell({ page: id, port, type: 'closed' });
      link.start();
      const connection = link.connect();
      ports.set(port, connection);
      connection.onMessage((answer) => tell({ page: id, port, type: 'message', message: answer }));
      connection.onClose(() => tell({ page: id, port, type: 'closed' }));
    } else if (type === 'message' && isToEngine(message)) {
      const page = pages.get(sender);
      if (page?.id === id) page.ports.get(port)?.send(message);
    }
  });
}

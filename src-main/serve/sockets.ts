// WebSockets: one page each, its messages as frames. Whatever a socket sends, it can end only itself.
import { STATUS_CODES } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { scriptParameter, socketPath } from '../../shared/contract/face.ts';
import { decodeFrame, encodeFrame } from '../../shared/contract/frames.ts';
import { uploadLimit } from '../../shared/contract/limits.ts';
import { isToEngine } from '../../shared/contract/messages.ts';
import type { FromEngine } from '../../shared/contract/messages.ts';
import { AppError } from '../../shared/errors.ts';
import type { PageConnection } from '../link/engine-link.ts';
import { isKnownHost, isOwnOrigin } from './access.ts';
import type { Keys, Place } from './access.ts';

/** A picture that was dropped, and its frame. */
const longestMessage = uploadLimit + 2 ** 20;
/** A page that leaves more than this unread is closed: the engine's memory is not its mailbox. */
const longestBacklog = 64 * 2 ** 20;
const mostPages = 100;

export interface SocketOptions {
  readonly place: Place;
  readonly keys: Keys;
  readonly connect: () => PageConnection;
  /** Script of the page that is served: a page with another one is a tab that was opened before the program was replaced. */
  readonly script?: string;
  /** Milliseconds between signs of life; a page that missed one is gone. */
  readonly heartbeatMs: number;
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

export class Sockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: longestMessage, perMessageDeflate: false, clientTracking: true });
  readonly #options: SocketOptions;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref();
  }

  /** Takes an upgrade request, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { place, keys } = this.#options;
    const { host, origin, cookie } = request.headers;
    socket.on('error', () => socket.destroy());
    if (!isKnownHost(host, place)) return refuse(socket, 421);
    if (!isOwnOrigin(origin, host!, place.secure)) return refuse(socket, 403);
    const below = keys.below(request.url ?? '');
    if (below === undefined || !keys.admits(cookie)) return refuse(socket, 401);
    const [path, query] = below.split('?', 2);
    if (path !== `/${socketPath}`) return refuse(socket, 404);
    if (this.#server.clients.size >= mostPages) return refuse(socket, 503);
    this.#server.handleUpgrade(request, socket, head, (page) => {
      const script = new URLSearchParams(query).get(scriptParameter);
      if (script !== null && script !== (this.#options.script ?? script)) this.#sendBack(page);
      else this.#serve(page);
    });
  }

  /** Tells a page of another build to reload, and gives it no engine. The socket stays: the page would only open it again. */
  #sendBack(page: WebSocket): void {
    this.#alive.add(page);
    page.on('pong', () => this.#alive.add(page));
    page.on('error', () => {});
    page.send(encodeFrame({ type: 'engine', state: 'ended', protocol: 'of another page' } satisfies FromEngine));
  }

  #serve(page: WebSocket): void {
    const port = this.#options.connect();
    this.#alive.add(page);
    page.on('pong', () => this.#alive.add(page));
    page.on('close', () => port.close());
    // A frame that breaks the protocol or is too long: the library closes the socket with the fitting code.
    page.on('error', () => {});
    page.on('message', (data, isBinary) => {
      try {
        if (!isBinary || !Buffer.isBuffer(data)) throw new AppError('bad-input', 'Messages are binary frames.', 'Reload the page.');
        // A Buffer's `slice` would not copy.
        const message = decodeFrame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        if (!isToEngine(message)) throw new AppError('bad-input', 'This is no call.', 'Reload the page.');
        port.send(message);
      } catch (error) {
        page.close(1007, error instanceof AppError ? error.message.slice(0, 100) : 'not understood');
      }
    });
    port.onMessage((message) => {
      if (page.readyState !== WebSocket.OPEN) return;
      page.send(encodeFrame(message));
      if (page.bufferedAmount > longestBacklog) page.terminate();
    });
    port.onClose(() => page.close(1001, 'The server has ended.'));
  }

  #beat(): void {
    for (const page of this.#server.clients) {
      if (!this.#alive.delete(page)) page.terminate();
      else page.ping();
    }
  }

  dispose(): void {
    clearInterval(this.#heartbeat);
    for (const page of this.#server.clients) page.close(1001, 'The server has ended.');
    this.#server.close();
  }

  /** Ends sockets that did not answer the goodbye. */
  terminate(): void {
    for (const page of this.#server.clients) page.terminate();
  }
}

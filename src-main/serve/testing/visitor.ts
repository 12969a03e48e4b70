// Requests as no browser would send them: raw paths, any header, raw sockets.
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { decodeFrame, encodeFrame } from '../../../shared/contract/frames.ts';
import type { PagePort } from '../../../shared/contract/messages.ts';
import type { FromEngine } from '../../../shared/contract/messages.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request; `path` goes out as it is. */
export function ask(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers }, agent: false },
      (reply) => {
        const parts: Buffer[] = [];
        reply.on('data', (part: Buffer) => parts.push(part));
        reply.on('end', () => resolve({ status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(parts) }));
        reply.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

/** What a browser has that was let in: the page's path, from the first slash to before the last, and the cookie. */
export interface Entry {
  readonly at: string;
  readonly cookie: string;
}

/** What the address with the token gives. */
export async function enter(url: string): Promise<Entry> {
  const { port, pathname, search } = new URL(url);
  const { status, headers } = await ask(Number(port), pathname + search);
  if (status !== 303) throw new Error(`The token was answered with ${status}.`);
  return { at: headers.location!.slice(1, -1), cookie: headers['set-cookie']![0]!.split(';')[0]! };
}

/** `path`: from the page's on. */
export const socketTo = (port: number, path: string, headers: Record<string, string>): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers: { origin: `http://127.0.0.1:${port}`, ...headers } });

/** How a socket ended: its close code and reason, or the status that refused it. */
export function endOf(socket: WebSocket): Promise<{ readonly code: number; readonly reason: string }> {
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, reply) => resolve({ code: reply.statusCode!, reason: '' }));
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    socket.on('error', () => {});
  });
}

/** A page's port over a socket, as the browser's face has it. */
export async function pagePort(port: number, { at, cookie }: Entry, query = ''): Promise<PagePort & { readonly socket: WebSocket }> {
  const socket = socketTo(port, `${at}/engine${query}`, { cookie });
  const early: FromEngine[] = [];
  let receive: (message: FromEngine) => void = (message) => early.push(message);
  socket.on('message', (data: Buffer) => receive(decodeFrame(new Uint8Array(data)) as FromEngine));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return {
    socket,
    send: (message) => socket.send(encodeFrame(message)),
    onMessage: (handler) => {
      for (const message of early.splice(0)) handler(message);
      receive = handler;
    },
    onClose: (handler) => socket.on('close', handler),
  };
}

// The browser's face: the built page, its pictures and its socket, over one port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { AppContract } from '../../shared/contract/contract.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { AppError, systemError } from '../../shared/errors.ts';
import { EngineLink } from '../link/engine-link.ts';
import { engineEntry, programFlags, programNode } from '../link/program-node.ts';
import { pageScript, readRendererFiles } from '../link/renderer-files.ts';
import { isEverywhere, isLoopback, Keys } from './access.ts';
import { PageFiles } from './page-files.ts';
import { pagePathOf } from './page-path.ts';
import { answerRequest } from './requests.ts';
import type { Serving } from './requests.ts';
import { Sockets } from './sockets.ts';

export interface ServeOptions {
  /** The program's folder: `src-main`, `dist/renderer`, `node_modules`. */
  readonly root: string;
  readonly home: string;
  /** Folders of this machine that pages may name. */
  readonly roots: readonly string[];
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Built page (default: `dist/renderer`). */
  readonly page?: string;
  /** Entry of the engine's process (default: the program's). */
  readonly engine?: string;
  readonly heartbeatMs?: number;
}

export interface StudioServer {
  /** With the token: who has one of them is in. The first is for this machine where it can be. */
  readonly urls: readonly string[];
  readonly port: number;
  readonly link: EngineLink;
  /** Ends the engine (a run keeps a checkpoint) and every connection. */
  dispose(): Promise<void>;
}

/** Asked for anew each time: a laptop changes its network, a tunnel comes later. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((cards) => cards ?? [])
    .map(({ address }) => address);

function readTls({ cert, key }: { readonly cert: string; readonly key: string }): { readonly cert: Buffer; readonly key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

/** An HTTP server, or an HTTPS one. Throws `not-found`, `bad-file` for its certificate. */
function makeServer(tls: ServeOptions['tls']): Server {
  if (!tls) return createServer();
  try {
    return createSecureServer({ ...readTls(tls), minVersion: 'TLSv1.2' });
  } catch (error) {
    throw (
      systemError(error) ??
      new AppError('bad-file', `The certificate or its key cannot be used: ${String(error)}`, 'Give PEM files that belong together.', error)
    );
  }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new AppError(
          taken ? 'locked' : 'bad-config',
          taken ? `Port ${port} is in use.` : `${host}:${port} cannot be listened on: ${error.message}`,
          taken
            ? 'Choose another with --port, or 0 for any that is free.'
            : 'Give an address of this machine with --host, and a port that you may use.',
          error,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

function urlsOf(host: string, port: number, secure: boolean, token: string): string[] {
  const listened = (address: string): boolean => host === '::' || !address.includes(':');
  const external = ownAddresses().filter((address) => !isLoopback(address) && !address.startsWith('fe80') && listened(address));
  const names = isEverywhere(host) ? ['127.0.0.1', ...external] : [host];
  return names.map((name) => `${secure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}/?token=${token}`);
}

/** Starts the server and the engine. Throws `not-found` (page not built, no such file), `locked` (port), `bad-config`, `bad-file`, `unsupported`. */
export async function startServer(options: ServeOptions): Promise<StudioServer> {
  const { root, home, roots, host, tls } = options;
  const built = readRendererFiles(options.page ?? join(root, 'dist', 'renderer'));
  const files = new PageFiles(built);
  const node = programNode(root);
  const server = makeServer(tls);
  const port = await listen(server, host, options.port);
  const secure = tls !== undefined;
  const place = { host, port, secure, own: () => [...ownAddresses(), hostname(), `${hostname()}.local`] };
  const keys = new Keys(port, secure, pagePathOf(home));
  const link = new EngineLink({ node, flags: programFlags(root), entry: options.engine ?? engineEntry(root), home, roots });
  const serving: Serving = { place, keys, files, client: new RpcClient<AppContract>(link.connect()) };
  const script = pageScript(built);
  const heartbeatMs = options.heartbeatMs ?? 30_000;
  const sockets = new Sockets({ place, keys, connect: () => link.connect(), heartbeatMs, ...(script !== undefined && { script }) });
  server.on('request', (request, response) => {
    // A fault of the program ends the answer, not the server.
    answerRequest(serving, request, response).catch(() => response.destroy());
  });
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  server.on('clientError', (_error, socket) => socket.destroy());
  return {
    urls: urlsOf(host, port, secure, keys.token),
    port,
    link,
    dispose: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await link.dispose();
      sockets.dispose();
      server.closeIdleConnections();
      const timer = setTimeout(() => {
        sockets.terminate();
        server.closeAllConnections();
      }, 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

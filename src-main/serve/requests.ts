// HTTP: the token's exchange for a cookie, the page's files, pictures. Nothing is changed by a request; work goes over the socket.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';
import { answerPicture, parsePictureRequest } from '../link/picture-request.ts';
import { securityHeaders } from '../link/renderer-files.ts';
import { isKnownHost } from './access.ts';
import type { Keys, Place } from './access.ts';
import type { PageFiles } from './page-files.ts';
import { showWayBack, tokenNeeded } from './way-back.ts';

export interface Serving {
  readonly place: Place;
  readonly keys: Keys;
  readonly files: PageFiles;
  /** For pictures; pages have connections of their own. */
  readonly client: RpcClient<AppContract>;
}

function refuse(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(`${words}\n`);
}

async function answerImage(serving: Serving, address: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const wanted = parsePictureRequest(address);
  if (!wanted) return false;
  const controller = new AbortController();
  // A cell that was scrolled past is not drawn.
  response.on('close', () => controller.abort());
  const { status, headers, body } = await answerPicture(serving.client, wanted, request.headers['if-none-match'], controller.signal);
  if (response.destroyed) return true;
  response.writeHead(status, headers).end(request.method === 'HEAD' || status === 304 ? undefined : body);
  return true;
}

/** Answers one request. Never rejects but for a fault of the program. */
export async function answerRequest(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { place, keys, files } = serving;
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  if (!isKnownHost(request.headers.host, place)) return refuse(response, 421, 'This server does not go by that name.');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are answered here.');
  }
  const address = request.url ?? '';
  const [bare = '', query] = address.split('?', 2);
  const token = bare === '/' && query !== undefined ? new URLSearchParams(query).get('token') : null;
  if (token !== null) {
    if (!keys.opens(token)) return refuse(response, 403, 'This token is not of this server: open the address that the terminal shows.');
    response.writeHead(303, { location: `./${keys.path}/`, 'set-cookie': keys.cookie, 'cache-control': 'no-store' }).end();
    return;
  }
  const below = keys.below(address);
  if (below === undefined || !keys.admits(request.headers.cookie)) {
    if (!showWayBack(bare, response, request.method === 'GET')) refuse(response, 401, tokenNeeded);
    return;
  }
  if (files.answer(below.split('?', 1)[0]!, request, response)) return;
  if (await answerImage(serving, below, request, response)) return;
  refuse(response, 404, 'There is nothing at this address.');
}

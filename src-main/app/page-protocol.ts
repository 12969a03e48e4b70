// `studio://app/…`: the built page and pictures of the catalogue, and nothing else on this machine or any other.
import { protocol } from 'electron';
import type { Session } from 'electron';
import type { AppContract } from '../../shared/contract/contract.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';
import { answerPicture, parsePictureRequest } from '../link/picture-request.ts';
import { readRendererFiles, securityHeaders } from '../link/renderer-files.ts';

const scheme = 'studio';
/** The page's address; every address of the window begins with it. */
export const pageAddress = `${scheme}://app/`;

/** A window has no page that opened it and opens none: keeping apart from those would only cost a second process at every start. */
const { 'cross-origin-opener-policy': _, ...headersOfAll } = securityHeaders;

/** Must be called before Electron is ready: the scheme has an origin of its own and counts as secure. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }]);
}

/** Serves the page of a folder to a session. Throws `not-found` when it was not built. */
export function servePage(session: Session, folder: string, client: RpcClient<AppContract>): void {
  const files = readRendererFiles(folder);
  session.protocol.handle(scheme, async (request) => {
    const respond = (status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | null): Response =>
      new Response(body as Uint8Array<ArrayBuffer> | null, { status, headers: { ...headersOfAll, ...headers } });
    const { host, pathname, search } = new URL(request.url);
    if (host !== 'app' || request.method !== 'GET') return respond(404, {}, null);
    const file = files.get(pathname);
    if (file) {
      const own = file.policy === undefined ? {} : { 'content-security-policy': file.policy };
      return respond(200, { 'content-type': file.type, 'cache-control': 'no-cache', ...own }, file.body);
    }
    const wanted = parsePictureRequest(pathname + search);
    if (!wanted) return respond(404, {}, null);
    const { status, headers, body } = await answerPicture(
      client,
      wanted,
      request.headers.get('if-none-match') ?? undefined,
      request.signal,
    );
    return respond(status, headers, status === 304 ? null : body);
  });
}

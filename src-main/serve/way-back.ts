// What the bare address answers whoever has no cookie there: the way to the page for a browser that has been let in, which remembers the
// page's path where other servers of this host name cannot read it. Nothing in it is secret, and nothing of it is the page.
import type { ServerResponse } from 'node:http';
import { addressKey } from '../../shared/contract/face.ts';

export const tokenNeeded = 'Open the address with the token that the terminal shows. If you have just come from there, reload this page.';

const scriptName = 'way-back.js';

const page = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>I-JEPA Studio</title></head>
  <body><p>${tokenNeeded}</p><script src="${scriptName}"></script></body>
</html>
`;

/** A path of ours and nothing else: what a browser keeps may have been tampered with. */
const script = `try {
  const path = localStorage.getItem('${addressKey}') ?? '';
  if (/^\\/[\\w-]{43}\\/$/.test(path)) location.replace(path + location.hash);
} catch {}
`;

/** Answers for the bare address and its script; false for any other. */
export function showWayBack(path: string, response: ServerResponse, withBody: boolean): boolean {
  const isPage = path === '/';
  if (!isPage && path !== `/${scriptName}`) return false;
  const type = isPage ? 'text/html' : 'text/javascript';
  response.writeHead(isPage ? 401 : 200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  response.end(withBody ? (isPage ? page : script) : undefined);
  return true;
}

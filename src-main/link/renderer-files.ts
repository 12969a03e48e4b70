// The page's files, read once: what a request names is looked up in a table, so no path from outside ever reaches the disk.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { protocolMark, protocolVersion } from '../../shared/contract/protocol-version.ts';
import { AppError } from '../../shared/errors.ts';

export interface RendererFile {
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly hashed: boolean;
  readonly body: Buffer;
  /** Sent with it in the place of every answer's: of a page that has styles or a script of its own, which are let in by their content. */
  readonly policy?: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Throws `bad-file` for a page that was built of other sources: reloading it would not help. */
function refuseOther(page: string): void {
  const built = new RegExp(`<meta name="${protocolMark}" content="([^"]*)"`).exec(page)?.[1];
  if (built === undefined || built === protocolVersion) return;
  throw new AppError(
    'bad-file',
    `The page was built of another version (${built}) than this program (${protocolVersion}).`,
    'Build it again: npm run build',
  );
}

/**
 * Address → file; `/` is the page. Source maps and what no page needs are left out. Throws `not-found` when the page was not built,
 * `bad-file` when it was built of another version.
 */
export function readRendererFiles(folder: string): ReadonlyMap<string, RendererFile> {
  if (!existsSync(join(folder, 'index.html')))
    throw new AppError('not-found', `The page is not built: ${join(folder, 'index.html')} is missing.`, 'Build it: npm run build');
  const files = new Map<string, RendererFile>();
  // Not by `recursive`: the Node of an older Electron passes it over.
  const read = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const address = `${below}/${entry.name}`;
      if (entry.isDirectory()) read(address);
      const type = types[extname(entry.name).toLowerCase()];
      if (!entry.isFile() || type === undefined) continue;
      const body = readFileSync(join(folder, address));
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      files.set(address, { type, etag, hashed: /^\/assets\/.*-[\w-]{8}\.\w+$/.test(address), body });
    }
  };
  read('');
  const page = files.get('/index.html')!;
  const text = page.body.toString();
  refuseOther(text);
  const own = { ...page, policy: policyOf(hashesOf(text, 'script'), hashesOf(text, 'style')) };
  files.set('/index.html', own).set('/', own);
  return files;
}

/** The page's script as its `src` says it: built of other sources, it has another name. */
export const pageScript = (files: ReadonlyMap<string, RendererFile>): string | undefined =>
  /<script type="module"[^>]* src="([^"]+)"/.exec(files.get('/')?.body.toString() ?? '')?.[1];

/** What the policy calls each element of that name that has its content in the page itself. */
const hashesOf = (page: string, element: 'script' | 'style'): string =>
  [...page.matchAll(new RegExp(`<${element}(?![^>]* src=)[^>]*>(.*?)</${element}>`, 'gs'))]
    .map(([, content]) => ` 'sha256-${createHash('sha256').update(content!).digest('base64')}'`)
    .join('');

/**
 * Only the program's own files and engine; of what is inline only what these hashes name, no other origin, no frame around it. Inline style
 * attributes only place things.
 */
const policyOf = (scripts = '', styles = ''): string =>
  [
    "default-src 'none'",
    `script-src 'self'${scripts}`,
    `style-src 'self'${styles}`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Sent with every answer of every face. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': policyOf(),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), payment=()',
};

// Who may talk to the server. Four walls, each for its own attacker: the secret (anyone who can reach the port), the path (another server
// of this host name, which the same browser visits), the Host header (a web page whose name was rebound to this machine), the Origin
// header (a web page in the same browser that holds the cookie).
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Place {
  /** What is listened on: a name or address, `0.0.0.0` or `::` for all. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** The machine's own names and addresses as they are now, for a host that means all of them. */
  readonly own: () => readonly string[];
}

const loopback = new Set(['localhost', '127.0.0.1', '::1']);
export const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';
export const isLoopback = (host: string): boolean => loopback.has(host.toLowerCase());

/** Host and port of a Host header, the host without brackets and in lower case. */
function parseHost(header: string): { readonly name: string; readonly port: number | undefined } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5}))?$/i.exec(header);
  if (!match) return undefined;
  return { name: (match[1] ?? match[2]!).toLowerCase().replace(/\.$/, ''), port: match[3] === undefined ? undefined : Number(match[3]) };
}

/**
 * Whether a request is meant for this server. Loopback may have any port: a tunnel to a machine without a screen has another one at its
 * near end, and no name can be rebound to a literal loopback host.
 */
export function isKnownHost(header: string | undefined, { host, port, secure, own }: Place): boolean {
  const asked = header === undefined ? undefined : parseHost(header);
  if (!asked) return false;
  if (isLoopback(asked.name)) return true;
  const names = isEverywhere(host) ? own() : [host];
  return (asked.port ?? (secure ? 443 : 80)) === port && names.some((name) => name.toLowerCase() === asked.name);
}

/** Whether a request was made by a page of this very server; the Host header must have been checked. */
export function isOwnOrigin(origin: string | undefined, hostHeader: string, secure: boolean): boolean {
  return origin?.toLowerCase() === `${secure ? 'https' : 'http'}://${hostHeader.toLowerCase()}`;
}

/** In time that does not depend on where they differ. */
const same = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

/** The token of the printed address is shown once in the address bar; from then on the browser has a cookie that no page can read. */
export class Keys {
  readonly token = randomBytes(32).toString('base64url');
  /** Folder of addresses below which everything lies. */
  readonly path: string;
  readonly #session = randomBytes(32).toString('base64url');
  readonly #name: string;
  readonly #secure: boolean;

  /** Cookies do not tell ports apart, so that the port is in the name, and `path`, which only browsers that were let in know, in its reach. */
  constructor(port: number, secure: boolean, path: string) {
    this.path = path;
    this.#name = `ijepa-studio-${port}`;
    this.#secure = secure;
  }

  opens(token: string): boolean {
    return same(token, this.token);
  }

  /** The Set-Cookie header; it ends with the browser's session. */
  get cookie(): string {
    return `${this.#name}=${this.#session}; Path=/${this.path}/; HttpOnly; SameSite=Strict${this.#secure ? '; Secure' : ''}`;
  }

  /** What an address names below the path; undefined for all that lie elsewhere. */
  below(address: string): string | undefined {
    const [, folder, rest] = /^\/([^/?]*)(\/.*)$/s.exec(address) ?? [];
    return folder !== undefined && same(folder, this.path) ? rest : undefined;
  }

  /** Whether a Cookie header holds the session. */
  admits(header: string | undefined): boolean {
    const prefix = `${this.#name}=`;
    const values = (header ?? '')
      .split(';')
      .map((one) => one.trim())
      .filter((one) => one.startsWith(prefix));
    return values.some((one) => same(one.slice(prefix.length), this.#session));
  }
}

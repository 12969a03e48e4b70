// Where this page is shown: in the window, whose preload brings its face along, or in a browser, where the engine is at the other end of
// a WebSocket. A socket that is lost is opened again by itself; the page is told in the words of the engine's own state.
import type { WindowChannel, WindowInput, WindowOutput } from '../../shared/contract/contract-window.ts';
import { addressKey, bridgeKey, scriptParameter, socketPath } from '../../shared/contract/face.ts';
import type { Face, WindowBridge } from '../../shared/contract/face.ts';
import { decodeFrame, encodeFrame } from '../../shared/contract/frames.ts';
import { mostDragged } from '../../shared/contract/limits.ts';
import type { FromEngine, PagePort, ToEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { fromWire, toWire } from '../../shared/errors.ts';
import type { AppError } from '../../shared/errors.ts';

/** Why the engine is not ready when it is the connection that is gone. */
export const lostConnection = 'cannot be reached';

const firstWait = 250;
const longestWait = 8000;

/** Milliseconds before attempt `attempt` (from 0) to connect again. */
export const waitBefore = (attempt: number): number => Math.min(longestWait, firstWait * 2 ** attempt);

/** What a socket needs to be; the browser's own is one. */
export type MakeSocket = (address: string) => WebSocket;

/** A port over a WebSocket that connects again for as long as the page lives. What is sent before the first connection waits for it. */
export function socketPort(address: string, makeSocket: MakeSocket = (url) => new WebSocket(url)): PagePort {
  let handler: (message: FromEngine) => void = () => {};
  let socket: WebSocket | undefined;
  let waiting: ToEngine[] = [];
  let attempt = 0;

  const say = (reason: string): void => handler({ type: 'engine', state: 'starting', protocol: protocolVersion, reason });
  const open = (): void => {
    const own = makeSocket(address);
    own.binaryType = 'arraybuffer';
    socket = own;
    own.onopen = () => {
      attempt = 0;
      for (const message of waiting) own.send(encodeFrame(message));
      waiting = [];
    };
    own.onmessage = ({ data }: MessageEvent) => {
      if (data instanceof ArrayBuffer) handler(decodeFrame(new Uint8Array(data)) as FromEngine);
    };
    own.onclose = () => {
      // Calls under way are lost with the connection: the client rejects them when it hears of the state.
      waiting = [];
      say(lostConnection);
      setTimeout(open, waitBefore(attempt++));
    };
  };
  return {
    send: (message) => {
      if (socket?.readyState === WebSocket.OPEN) socket.send(encodeFrame(message));
      else waiting.push(message);
    },
    onMessage: (given) => {
      handler = given;
      if (!socket) open();
    },
    // The connection is never given up.
    onClose: () => {},
  };
}

/** Keeps the page's path for who opens the bare address; where nothing can be kept that leads nowhere. */
export function rememberAddress(path: string, store: () => Pick<Storage, 'setItem'> = () => localStorage): void {
  try {
    if (path !== '/') store().setItem(addressKey, path);
  } catch {
    // A private window.
  }
}

function browserFace(): Face {
  rememberAddress(location.pathname);
  const address = new URL(socketPath, document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = '';
  const script = document.querySelector('script[type="module"][src]')?.getAttribute('src');
  if (script) address.searchParams.set(scriptParameter, script);
  return {
    kind: 'browser',
    connect: () => socketPort(address.href),
    notify: (title, text) => {
      if ('Notification' in globalThis && Notification.permission === 'granted') new Notification(title, { body: text });
    },
  };
}

/** The window's face: what it asks of the main process is typed here, and so are the errors that it is answered with. */
export function windowFace(bridge: WindowBridge): Face {
  const failed = new Set<(error: AppError) => void>();
  const ask = async <K extends WindowChannel>(channel: K, input: WindowInput<K>): Promise<WindowOutput<K>> => {
    const answer = await bridge.ask(channel, input);
    if (answer.type === 'fail') throw fromWire(answer.error);
    return answer.output as WindowOutput<K>;
  };
  /** For what the page does not wait for. */
  const order = <K extends WindowChannel>(channel: K, input: WindowInput<K>): void =>
    void ask(channel, input).catch((error: unknown) => {
      for (const handler of failed) handler(fromWire(toWire(error)));
    });
  return {
    kind: 'window',
    connect: () => bridge.connect(),
    chooseFolder: () => ask('window.choose-folder', {}),
    chooseFile: (kind) => ask('window.choose-file', { kind }),
    chooseTarget: (suggested) => ask('window.choose-target', { suggested }),
    reveal: (path) => order('window.reveal', { path }),
    dragOut: (images) => order('window.drag-out', { images: images.slice(0, mostDragged) }),
    pathOf: (file) => bridge.pathOf(file),
    onFail: (handler) => {
      failed.add(handler);
      return () => failed.delete(handler);
    },
    onMenu: (handler) => bridge.onMenu(handler),
    onPower: (handler) => {
      const stop = bridge.onPower(handler);
      order('window.watch-power', {});
      return stop;
    },
  };
}

export function faceOfThisPage(): Face {
  const bridge = (globalThis as Record<string, unknown>)[bridgeKey] as WindowBridge | undefined;
  return bridge ? windowFace(bridge) : browserFace();
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WindowAnswer } from '../../shared/contract/contract-window.ts';
import { decodeFrame, encodeFrame } from '../../shared/contract/frames.ts';
import { mostDragged } from '../../shared/contract/limits.ts';
import type { FromEngine } from '../../shared/contract/messages.ts';
import { protocolVersion } from '../../shared/contract/protocol-version.ts';
import { AppError } from '../../shared/errors.ts';
import { rememberAddress, socketPort, waitBefore, windowFace } from './face.ts';

/** A socket that the test opens and closes. */
class HandSocket {
  readyState = 0;
  binaryType = '';
  readonly sent: unknown[] = [];
  onopen = (): void => {};
  onclose = (): void => {};
  onmessage = (_event: { data: unknown }): void => {};

  send(frame: Uint8Array): void {
    this.sent.push(decodeFrame(frame));
  }
  open(): void {
    this.readyState = 1;
    this.onopen();
  }
  close(): void {
    this.readyState = 3;
    this.onclose();
  }
}

function connected() {
  const sockets: HandSocket[] = [];
  const heard: FromEngine[] = [];
  const port = socketPort('ws://here/engine', () => {
    const socket = new HandSocket();
    sockets.push(socket);
    return socket as unknown as WebSocket;
  });
  port.onMessage((message) => heard.push(message));
  return { port, sockets, heard };
}
const call = (id: number) => ({ type: 'call', id, channel: 'library.folders', input: {} }) as const;

describe('the connection of a page in a browser', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('sends what was asked before it was open, once it is', () => {
    const { port, sockets } = connected();
    port.send(call(1));
    sockets[0]!.open();
    port.send(call(2));
    expect(sockets[0]!.sent).toEqual([call(1), call(2)]);
  });

  it('hears frames, with their bytes, and nothing that is none', () => {
    const { sockets, heard } = connected();
    sockets[0]!.open();
    const message = { type: 'ok', id: 1, output: { bytes: new Uint8Array([1, 2, 3]) } } as const;
    sockets[0]!.onmessage({ data: encodeFrame(message).buffer });
    sockets[0]!.onmessage({ data: 'a word' });
    expect(heard).toEqual([message]);
  });

  it('says that it is lost, and connects again by itself, later and later', () => {
    const { sockets, heard } = connected();
    sockets[0]!.open();
    sockets[0]!.close();
    expect(heard).toEqual([{ type: 'engine', state: 'starting', protocol: protocolVersion, reason: 'cannot be reached' }]);
    vi.advanceTimersByTime(waitBefore(0) - 1);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    sockets[1]!.close();
    vi.advanceTimersByTime(waitBefore(1));
    expect(sockets).toHaveLength(3);
    sockets[2]!.open();
    sockets[2]!.close();
    vi.advanceTimersByTime(waitBefore(0));
    expect(sockets).toHaveLength(4);
    expect([waitBefore(0), waitBefore(3), waitBefore(20)]).toEqual([250, 2000, 8000]);
  });

  it('sends nothing again that was lost with a connection', () => {
    const { port, sockets } = connected();
    port.send(call(1));
    sockets[0]!.close();
    vi.advanceTimersByTime(waitBefore(0));
    sockets[1]!.open();
    expect(sockets[1]!.sent).toEqual([]);
  });
});

/** A window whose main process gives these answers. */
function inWindow(answer: WindowAnswer) {
  const asked: [string, unknown][] = [];
  const face = windowFace({
    connect: () => ({ send: () => {}, onMessage: () => {}, onClose: () => {} }),
    ask: async (channel, input) => {
      asked.push([channel, input]);
      return Promise.resolve(answer);
    },
    pathOf: () => undefined,
    onMenu: () => () => {},
    onPower: () => () => {},
  });
  return { face, asked };
}

describe('the face of a window', () => {
  it('asks its main process, for no more images than can be dragged', async () => {
    const { face, asked } = inWindow({ type: 'ok', output: '/home/ada' });
    expect(await face.chooseFolder!()).toBe('/home/ada');
    expect(await face.chooseTarget!('')).toBe('/home/ada');
    expect(await face.chooseFile!('weights')).toBe('/home/ada');
    face.dragOut!(Array.from({ length: mostDragged + 5 }, (_, i) => i + 1));
    face.onPower!(() => {});
    expect(asked.map(([channel]) => channel)).toEqual([
      'window.choose-folder',
      'window.choose-target',
      'window.choose-file',
      'window.drag-out',
      'window.watch-power',
    ]);
    expect(asked[2]![1]).toEqual({ kind: 'weights' });
    expect((asked[3]![1] as { images: number[] }).images).toHaveLength(mostDragged);
  });

  it('rejects with the error of its main process, and tells it where nobody waits for an answer', async () => {
    const error = { code: 'bad-input', message: 'It is no path.', hint: 'Give one.' } as const;
    const { face } = inWindow({ type: 'fail', error });
    await expect(face.chooseFile!('csv')).rejects.toBeInstanceOf(AppError);
    await expect(face.chooseFile!('csv')).rejects.toMatchObject(error);
    const told: AppError[] = [];
    const stop = face.onFail!((one) => told.push(one));
    face.reveal!('here');
    await vi.waitFor(() => expect(told).toMatchObject([error]));
    stop();
    face.reveal!('here');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(told).toHaveLength(1);
  });
});

it('a browser keeps the path of the page, where it keeps anything and there is one', () => {
  const kept: string[][] = [];
  const store = { setItem: (key: string, value: string) => void kept.push([key, value]) };
  rememberAddress('/', () => store);
  rememberAddress('/secret/', () => store);
  expect(kept).toEqual([['ijepa-studio.address', '/secret/']]);
  const denied = (): never => {
    throw new Error('denied');
  };
  expect(() => rememberAddress('/secret/', denied)).not.toThrow();
});

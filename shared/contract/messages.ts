// What travels between a page and the engine, whatever carries it: Electron's IPC, a WebSocket, a child process's channel.
import type { WireError } from '../errors.ts';

export type ToEngine =
  | { readonly type: 'call'; readonly id: number; readonly channel: string; readonly input: unknown }
  | { readonly type: 'cancel'; readonly id: number };

export type EngineState = 'starting' | 'ready' | 'crashed' | 'ended';

export type FromEngine =
  | { readonly type: 'event'; readonly id: number; readonly event: unknown }
  | { readonly type: 'ok'; readonly id: number; readonly output: unknown }
  | { readonly type: 'fail'; readonly id: number; readonly error: WireError }
  /** From whoever watches the engine, whose `protocolVersion` it has: calls under way are lost when it is not `ready`. */
  | { readonly type: 'engine'; readonly state: EngineState; readonly protocol: string; readonly reason?: string };

/** Three methods are all that a carrier needs. Messages arrive in order and whole; `close` is called once. */
export interface Port<In, Out> {
  send(message: Out): void;
  onMessage(handler: (message: In) => void): void;
  onClose(handler: () => void): void;
}

export type EnginePort = Port<ToEngine, FromEngine>;
export type PagePort = Port<FromEngine, ToEngine>;

/** Whether a value from outside has the form of a message to the engine; its input is checked by the channel's own schema. */
export function isToEngine(value: unknown): value is ToEngine {
  if (typeof value !== 'object' || value === null) return false;
  const message = value as Record<string, unknown>;
  if (!Number.isSafeInteger(message['id'])) return false;
  return message['type'] === 'cancel' || (message['type'] === 'call' && typeof message['channel'] === 'string');
}

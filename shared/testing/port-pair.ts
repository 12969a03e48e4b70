// Two ends of a carrier without a process between them: messages arrive in order, in a turn of their own, as they do anywhere else.
import type { EnginePort, FromEngine, PagePort, ToEngine } from '../contract/messages.ts';

export interface PortPair {
  readonly page: PagePort;
  readonly engine: EnginePort;
  /** Puts a message to the engine that no page of this program would send. */
  inject(message: unknown): void;
  /** Hands the page what whoever watches the engine says. */
  announce(message: FromEngine): void;
  close(): void;
}

export function portPair(): PortPair {
  let open = true;
  let toEngine = (_message: ToEngine): void => {};
  let toPage = (_message: FromEngine): void => {};
  const closers: (() => void)[] = [];
  const deliver = <T>(receive: () => (message: T) => void, message: T): void =>
    void Promise.resolve().then(() => {
      if (open) receive()(message);
    });
  const onClose = (handler: () => void): void => void closers.push(handler);
  return {
    page: {
      send: (message) => deliver(() => toEngine, message),
      onMessage: (handler) => (toPage = handler),
      onClose,
    },
    engine: {
      send: (message) => deliver(() => toPage, message),
      onMessage: (handler) => (toEngine = handler),
      onClose,
    },
    inject: (message) => deliver(() => toEngine, message as ToEngine),
    announce: (message) => deliver(() => toPage, message),
    close: () => {
      open = false;
      for (const closer of closers) closer();
    },
  };
}

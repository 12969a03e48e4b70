// Page and engine in one page: two ports that hand each other copies, as every real carrier does.
import type { EnginePort, FromEngine, PagePort, Port, ToEngine } from '../../shared/contract/messages.ts';

function end<In, Out>(deliver: (message: Out) => void): { readonly port: Port<In, Out>; readonly receive: (message: In) => void } {
  let handler: ((message: In) => void) | undefined;
  const early: In[] = [];
  return {
    port: {
      // Not before the caller is done: nobody may count on an answer within the call.
      send: (message) => {
        const copy = structuredClone(message);
        queueMicrotask(() => deliver(copy));
      },
      onMessage: (take) => {
        handler = take;
        for (const message of early.splice(0)) take(message);
      },
      onClose: () => {},
    },
    receive: (message) => (handler ? handler(message) : void early.push(message)),
  };
}

/** A connected pair. Whatever cannot be copied (a proxy of a rune, a function) throws at `send`, as it would in the app. */
export function inPagePorts(): { readonly page: PagePort; readonly engine: EnginePort } {
  const page = end<FromEngine, ToEngine>((message) => engine.receive(message));
  const engine = end<ToEngine, FromEngine>((message) => page.receive(message));
  return { page: page.port, engine: engine.port };
}

// A value that the engine keeps up to date: watched while the engine is there, watched again after it was started anew.
import type { Contract, EventOf, InputOf } from '../../shared/contract/channel.ts';
import type { RpcClient } from '../../shared/contract/rpc-client.ts';

/** Watches `channel` whenever the engine becomes ready; returns how to stop. Errors other than a lost engine go to `onError`. */
export function watchChannel<C extends Contract, K extends keyof C & string>(
  client: RpcClient<C>,
  channel: K,
  input: InputOf<C[K]>,
  onEvent: (event: EventOf<C[K]>) => void,
  onError: (error: unknown) => void,
): () => void {
  let controller: AbortController | undefined;
  const stop = client.watch((state) => {
    controller?.abort();
    controller = undefined;
    if (state !== 'ready') return;
    const own = (controller = new AbortController());
    client.call(channel, input, { signal: own.signal, onEvent }).catch((error: unknown) => {
      if (!own.signal.aborted && client.state === 'ready') onError(error);
    });
  });
  return () => {
    stop();
    controller?.abort();
  };
}

// The main process's end of what the window's page asks of it: every request is checked against its channel's schema, and whatever comes is
// answered, with an error where it is no such request.
import type { CheckedInputOf } from '../../shared/contract/channel.ts';
import { windowChannels } from '../../shared/contract/contract-window.ts';
import type { WindowAnswer, WindowContract, WindowOutput } from '../../shared/contract/contract-window.ts';
import { checkInput } from '../../shared/contract/rpc-server.ts';
import { AppError, toWire } from '../../shared/errors.ts';

/** What is done for each; `Asker` is the page and its window. */
export type WindowHandlers<Asker> = {
  readonly [K in keyof WindowContract]: (
    input: CheckedInputOf<WindowContract[K]>,
    asker: Asker,
  ) => WindowOutput<K> | Promise<WindowOutput<K>>;
};

type AnyHandler<Asker> = (input: unknown, asker: Asker) => unknown;

/** Answers a request; `findAsker` throws for one that may not ask. Never rejects. */
export async function answerWindowRequest<Asker>(
  handlers: WindowHandlers<Asker>,
  request: unknown,
  findAsker: () => Asker,
): Promise<WindowAnswer> {
  try {
    const asker = findAsker();
    const { channel, input } = (typeof request === 'object' && request !== null ? request : {}) as Record<string, unknown>;
    if (typeof channel !== 'string') throw new AppError('bad-input', 'This is no request of the window’s page.', 'Reload the page.');
    const checked = checkInput(windowChannels, channel, input);
    const output = await (handlers[channel as keyof WindowContract] as AnyHandler<Asker>)(checked, asker);
    return { type: 'ok', output };
  } catch (error) {
    return { type: 'fail', error: toWire(error) };
  }
}

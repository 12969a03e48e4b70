// The engine's end: checks every input against its channel's schema before the handler sees it.
import { safeParse } from 'valibot';
import { AppError, toWire } from '../errors.ts';
import type { CheckedInputOf, Contract, EventOf, OutputOf } from './channel.ts';
import { isToEngine } from './messages.ts';
import type { EnginePort, ToEngine } from './messages.ts';

export interface CallContext<Event> {
  /** Aborted when the caller cancels or is gone. */
  readonly signal: AbortSignal;
  /** Sent in order, before the answer; nothing is sent after an abort. */
  readonly emit: (event: Event) => void;
}

export type Handlers<C extends Contract> = {
  readonly [K in keyof C]: (input: CheckedInputOf<C[K]>, context: CallContext<EventOf<C[K]>>) => OutputOf<C[K]> | Promise<OutputOf<C[K]>>;
};

type AnyHandler = (input: unknown, context: CallContext<unknown>) => unknown;

/** The input as its channel's schema lets it in, with defaults filled in. Throws `bad-input`, also for a channel that is not there. */
export function checkInput(contract: Contract, channel: string, input: unknown): unknown {
  const entry = Object.hasOwn(contract, channel) ? contract[channel] : undefined;
  if (!entry)
    throw new AppError('bad-input', `There is no channel '${channel.slice(0, 80)}'.`, 'Reload the page: it may be of another version.');
  const result = safeParse(entry.input, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = (issue.path ?? []).map((item) => String(item.key)).join('.');
  throw new AppError('bad-input', `${channel}${where && `, ${where}`}: ${issue.message.slice(0, 300)}`, 'Check what was entered.');
}

/** Serves a port until it closes. Errors of handlers travel as typed errors; one bad message never ends the connection. */
export function serve<C extends Contract>(port: EnginePort, contract: C, handlers: Handlers<C>): void {
  const running = new Map<number, AbortController>();
  const answer = async (message: ToEngine & { type: 'call' }): Promise<void> => {
    const { id } = message;
    const controller = new AbortController();
    const { signal } = controller;
    try {
      if (running.has(id)) throw new AppError('bad-input', `Call ${id} is under way already.`, 'Reload the page.');
      running.set(id, controller);
      const input = checkInput(contract, message.channel, message.input);
      const emit = (event: unknown): void => {
        if (!signal.aborted) port.send({ type: 'event', id, event });
      };
      const output = await (handlers[message.channel] as AnyHandler)(input, { signal, emit });
      if (!signal.aborted) port.send({ type: 'ok', id, output });
    } catch (error) {
      if (!signal.aborted) port.send({ type: 'fail', id, error: toWire(error) });
    } finally {
      if (running.get(id) === controller) running.delete(id);
    }
  };
  port.onMessage((message) => {
    if (!isToEngine(message)) return;
    if (message.type === 'call') void answer(message);
    else {
      running.get(message.id)?.abort();
      running.delete(message.id);
    }
  });
  port.onClose(() => {
    for (const controller of running.values()) controller.abort();
    running.clear();
  });
}

// A channel is written once, as a value: the schema of its input and the types of its answer and of the events before it. The runtime
// check, the window's bridge, the browser's socket and the types of both ends all come from that entry.
import type { GenericSchema, InferInput, InferOutput } from 'valibot';

declare const answer: unique symbol;
declare const happening: unique symbol;

export interface Channel<Input extends GenericSchema = GenericSchema, Output = unknown, Event = unknown> {
  readonly input: Input;
  /** Types only: what the engine sends is its own and is not checked again. */
  readonly [answer]?: Output;
  readonly [happening]?: Event;
}

/** An entry: `channel<Output, Event>()(schema)`. A channel with events answers at the end of them, or never until it is cancelled. */
export const channel =
  <Output, Event = never>() =>
  <Input extends GenericSchema>(input: Input): Channel<Input, Output, Event> => ({ input });

export type Contract = Readonly<Record<string, Channel>>;
/** What a caller gives, and what the handler gets after the check (with defaults filled in). */
export type InputOf<C> = C extends Channel<infer Input, infer _O, infer _E> ? InferInput<Input> : never;
export type CheckedInputOf<C> = C extends Channel<infer Input, infer _O, infer _E> ? InferOutput<Input> : never;
export type OutputOf<C> = C extends Channel<infer _I, infer Output, infer _E> ? Output : never;
export type EventOf<C> = C extends Channel<infer _I, infer _O, infer Event> ? Event : never;

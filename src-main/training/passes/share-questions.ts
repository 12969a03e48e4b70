// What the threads of a step say to each other, and where in shared memory they count it.
import type { MessagePort } from 'node:worker_threads';
import type { WireError } from '../../../shared/errors.ts';
import type { ShareCalls, ShareSettings } from './step-share.ts';

export interface StepThreadData extends ShareSettings {
  readonly port: MessagePort;
  /** Questions so far, at `asked`, and answers, at `answered`. */
  readonly turns: Int32Array;
}

export const asked = 0;
export const answered = 1;

export type ShareQuestion =
  | { [K in keyof ShareCalls]: { readonly call: K; readonly ask: ShareCalls[K]['ask'] } }[keyof ShareCalls]
  | 'dispose';
export type ShareAnswer = { readonly answer: ShareCalls[keyof ShareCalls]['answer'] } | { readonly failed: WireError };

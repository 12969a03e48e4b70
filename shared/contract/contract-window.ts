// What the window's page asks of its main process, which no browser could do. Work is asked of the engine (`contract.ts`), never here.
import * as v from 'valibot';
import type { WireError } from '../errors.ts';
import { channel } from './channel.ts';
import type { InputOf, OutputOf } from './channel.ts';
import { images, nothing, path } from './contract-values.ts';
import { fileKinds } from './file-kinds.ts';
import { mostDragged } from './limits.ts';

/** A path, or nothing when the dialog was cancelled. */
type Chosen = string | undefined;

export const windowChannels = {
  'window.choose-folder': channel<Chosen>()(nothing),
  'window.choose-file': channel<Chosen>()(v.strictObject({ kind: v.picklist(fileKinds) })),
  /** `suggested` is where the dialog begins, where it is an absolute path. */
  'window.choose-target': channel<Chosen>()(v.strictObject({ suggested: v.pipe(v.string(), v.maxLength(32_767)) })),
  /** Throws `bad-input` for a path that is not absolute. */
  'window.reveal': channel<void>()(v.strictObject({ path })),
  /** Throws `not-found` when none of the files is there. */
  'window.drag-out': channel<void>()(v.strictObject({ images: images(mostDragged) })),
  /** From now on the page is told of the power supply, at once and at every change. */
  'window.watch-power': channel<void>()(nothing),
} as const;

export type WindowContract = typeof windowChannels;
export type WindowChannel = keyof WindowContract;
export type WindowInput<K extends WindowChannel> = InputOf<WindowContract[K]>;
export type WindowOutput<K extends WindowChannel> = OutputOf<WindowContract[K]>;

/** Electron carries no error with its code: answers are data. */
export type WindowAnswer = { readonly type: 'ok'; readonly output: unknown } | { readonly type: 'fail'; readonly error: WireError };

// What a command is.
import type { Output } from './output.ts';

/** Parsed flags by their camel-case name. */
export type Options = Readonly<Record<string, unknown>>;
/** What a command does; the number is the exit code. */
export type Action = (output: Output, options: Options, ...operands: string[]) => Promise<number>;

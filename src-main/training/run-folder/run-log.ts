// `metrics.jsonl` of a run, read in pieces: a run of a million steps has some 400 MB of them.
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { systemError } from '../../../shared/errors.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';

export type LoggedEvent = TrainEvent & { readonly time: string };
type EventType = TrainEvent['type'];
export type LoggedEventOf<T extends EventType> = Extract<LoggedEvent, { readonly type: T }>;

/** Bytes read at a time. */
const pieceBytes = 1 << 20;
const lineEnd = 0x0a;

export const logPath = (run: string): string => join(run, 'metrics.jsonl');

/**
 * The events of a run's log in order, of all types or those named; a last line that a crash tore is left out. Lines of other types are
 * passed over unread: a million steps take a fraction of a second when evaluations are asked for. Throws `not-writable`.
 */
export function readEvents(run: string): Generator<LoggedEvent>;
export function readEvents<T extends EventType>(run: string, ...types: readonly T[]): Generator<LoggedEventOf<T>>;
export function* readEvents(run: string, ...types: readonly EventType[]): Generator<LoggedEvent> {
  // In JSON a quotation mark inside a text has a backslash before it, so this stands for the type and nothing else.
  const marks = types.map((type) => Buffer.from(`"type":"${type}"`));
  for (const lines of wholeLines(logPath(run))) {
    for (const line of marks.length > 0 ? markedLines(lines, marks) : eachLine(lines)) {
      const event = parsed(line);
      if (!event) return;
      yield event;
    }
  }
}

/** Undefined for a torn line, after which nothing counts. */
function parsed(line: Buffer): LoggedEvent | undefined {
  try {
    return JSON.parse(line.toString('utf8')) as LoggedEvent;
  } catch {
    return undefined;
  }
}

/** A file in pieces that end where a line ends, the last one with whatever there is; nothing where there is no file. */
function* wholeLines(path: string): Generator<Buffer> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    const known = systemError(error);
    if (known?.code === 'not-found') return;
    throw known ?? error;
  }
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const piece = Buffer.allocUnsafe(pieceBytes);
      const count = readSync(file, piece, 0, pieceBytes, null);
      const text = Buffer.concat([rest, piece.subarray(0, count)]);
      const end = count === 0 ? text.length : text.lastIndexOf(lineEnd) + 1;
      if (end > 0) yield text.subarray(0, end);
      if (count === 0) return;
      rest = text.subarray(end);
    }
  } finally {
    closeSync(file);
  }
}

function* eachLine(lines: Buffer): Generator<Buffer> {
  for (let start = 0; start < lines.length;) {
    const end = endOfLine(lines, start);
    if (end > start) yield lines.subarray(start, end);
    start = end + 1;
  }
}

/** The lines that hold one of the marks. */
function* markedLines(lines: Buffer, marks: readonly Buffer[]): Generator<Buffer> {
  // Where each mark is next; the nearest of them comes first.
  const next = marks.map((mark) => lines.indexOf(mark));
  for (;;) {
    const found = Math.min(...next.filter((at) => at >= 0), lines.length);
    if (found === lines.length) return;
    const end = endOfLine(lines, found);
    yield lines.subarray(lines.lastIndexOf(lineEnd, found) + 1, end);
    for (const [i, at] of next.entries()) if (at >= 0 && at < end) next[i] = lines.indexOf(marks[i]!, end);
  }
}

function endOfLine(lines: Buffer, from: number): number {
  const end = lines.indexOf(lineEnd, from);
  return end < 0 ? lines.length : end;
}

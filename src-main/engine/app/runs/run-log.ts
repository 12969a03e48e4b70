// The log of a run as the engine follows it: `metrics.jsonl` is read once, as it grows, in pieces between which the engine answers;
// what was read is kept in `metrics.pyramid` for the next time.
import { open, rm, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { MetricSeries } from '../../../../shared/contract/contract-runs.ts';
import { metricNames } from '../../../../shared/contract/metric-names.ts';
import type { MetricName } from '../../../../shared/contract/metric-names.ts';
import { systemError } from '../../../../shared/errors.ts';
import type { TrainEvent } from '../../../../shared/train-events.ts';
import { encodePiece, markBytes, readPiece } from './metric-file.ts';
import type { LoggedRow, MetricPiece } from './metric-file.ts';
import { MetricPyramid } from './metric-pyramid.ts';

export type RunEventLogged = Exclude<TrainEvent, { type: 'step' }>;

/** Steps of a piece of the file; a reader of the log begins at the end of the last piece. */
const stepsPerPiece = 4096;
const bytesPerRead = 1 << 19;
/** Milliseconds of work after which the engine may answer others. */
const mostBusyMs = 15;

/** An event of a piece, after so many of the piece's steps. */
interface PlacedEvent {
  readonly after: number;
  readonly event: RunEventLogged;
}

interface Line {
  readonly time?: string;
  readonly type?: string;
  readonly step?: unknown;
  readonly asleepSeconds?: number;
}

const numberOr = (value: unknown, otherwise: number): number => (typeof value === 'number' ? value : otherwise);

export class RunLog {
  readonly #path: string;
  readonly #stepsPerPiece: number;
  #pyramid = new MetricPyramid();
  #events: RunEventLogged[] = [];
  /** Bytes of the log that were read, and the checksum of what stands before that place. */
  #offset = 0;
  #mark = 0;
  /** Of the last line: ms since 1970 (0: none), and seconds of work until then. */
  #time = 0;
  #seconds = 0;
  /** What was read since the last piece of the file, and where the next one goes; none when the file cannot be written. */
  #fresh: { rows: LoggedRow[]; events: PlacedEvent[] } = { rows: [], events: [] };
  #fileEnd: number | undefined = 0;
  #turn: Promise<void> = Promise.resolve();
  #loaded = false;

  constructor(run: string, pieces = stepsPerPiece) {
    this.#path = run;
    this.#stepsPerPiece = pieces;
  }

  /** The last step that was logged, 0 before the first. */
  get last(): number {
    return this.#pyramid.last;
  }

  /** Steps that it holds. */
  get steps(): number {
    return this.#pyramid.rows;
  }

  /** Seconds of work until the last line. */
  get seconds(): number {
    return this.#seconds;
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.#pyramid.bytes;
  }

  /** Everything but the steps, oldest first. */
  get events(): readonly RunEventLogged[] {
    return this.#events;
  }

  series(metric: MetricName, from: number, to: number, points: number): MetricSeries {
    return this.#pyramid.series(metric, from, to, points);
  }

  /** Reads what was logged since. A run without a log has none. Rejects with the operating system's errors, as `AppError`. */
  async follow(): Promise<void> {
    const turn = this.#turn.then(async () => this.#follow());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #follow(): Promise<void> {
    let log: FileHandle;
    try {
      log = await open(join(this.#path, 'metrics.jsonl'), 'r');
    } catch (error) {
      const known = systemError(error);
      if (known?.code !== 'not-found') throw known ?? error;
      this.#forget();
      return;
    }
    try {
      const { size } = await log.stat();
      const same = this.#loaded && size >= this.#offset && (await markOf(log, this.#offset)) === this.#mark;
      if (!same) await this.#load(log, size);
      await this.#read(log, size);
    } finally {
      await log.close();
    }
  }

  #forget(): void {
    this.#pyramid = new MetricPyramid();
    this.#events = [];
    [this.#offset, this.#mark, this.#time, this.#seconds, this.#fileEnd] = [0, 0, 0, 0, 0];
    this.#fresh = { rows: [], events: [] };
  }

  /** Begins with what the file has of the log that is there. */
  async #load(log: FileHandle, size: number): Promise<void> {
    this.#forget();
    this.#loaded = true;
    const path = join(this.#path, 'metrics.pyramid');
    let end = 0;
    try {
      const file = await open(path, 'r');
      try {
        const length = (await file.stat()).size;
        for (;;) {
          const read = await readPiece(file, end, length);
          if (!read || read.piece.offset > size || (await markOf(log, read.piece.offset)) !== read.piece.mark) break;
          this.#take(read.piece);
          end += read.bytes;
          await setImmediate();
        }
      } finally {
        await file.close();
      }
      await truncate(path, end);
      this.#fileEnd = end;
    } catch (error) {
      this.#fileEnd = systemError(error)?.code === 'not-found' ? 0 : undefined;
    }
  }

  #take({ rows, events, offset, mark, time, seconds }: MetricPiece): void {
    const others = JSON.parse(events) as PlacedEvent[];
    let next = 0;
    for (let row = 0; row <= rows.length; row++) {
      for (; others[next]?.after === row; next++) this.#note(others[next]!.event);
      const logged = rows[row];
      if (!logged) break;
      this.#begin(logged.step - 1);
      this.#pyramid.append(logged.step, logged.seconds, logged.values);
    }
    [this.#offset, this.#mark, this.#time, this.#seconds] = [offset, mark, time, seconds];
  }

  async #read(log: FileHandle, size: number): Promise<void> {
    let [at, rest] = [this.#offset, Buffer.alloc(0)];
    let began = performance.now();
    while (at < size) {
      const chunk = Buffer.alloc(Math.min(bytesPerRead, size - at));
      const { bytesRead } = await log.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(10) + 1;
      // A last line without its end is still being written.
      let from = 0;
      while (from < end) {
        const to = bytes.indexOf(10, from) + 1;
        this.#line(bytes.toString('utf8', from, to - 1));
        this.#offset += to - from;
        if (this.#fresh.rows.length >= this.#stepsPerPiece) await this.#keep(log);
        from = to;
        if (performance.now() - began > mostBusyMs) {
          await setImmediate();
          began = performance.now();
        }
      }
      rest = bytes.subarray(end);
    }
    this.#mark = await markOf(log, this.#offset);
  }

  #line(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      // A line that a crash tore; the next process begins a new one.
      return;
    }
    if (typeof line !== 'object' || line === null || typeof line.type !== 'string') return;
    this.#clock(line);
    const { step } = line;
    if (line.type !== 'step') {
      const event = line as RunEventLogged;
      this.#note(event);
      this.#fresh.events.push({ after: this.#fresh.rows.length, event });
      return;
    }
    if (typeof step !== 'number' || !(step > 0)) return;
    const record = line as unknown as Readonly<Record<string, unknown>>;
    const values = Float32Array.from(metricNames, (name) => numberOr(record[name], NaN));
    this.#begin(step - 1);
    this.#pyramid.append(step, this.#seconds, values);
    this.#fresh.rows.push({ step, seconds: this.#seconds, values });
  }

  /** Seconds of work: neither a pause, nor sleep, nor the time between two sessions counts. */
  #clock({ time, type, asleepSeconds }: Line): void {
    const now = Date.parse(time ?? '');
    if (!Number.isFinite(now)) return;
    if (this.#time > 0 && type !== 'started' && type !== 'resumed')
      // The sleep may have been in an evaluation, whose own line has counted it in.
      this.#seconds = Math.max(0, this.#seconds + Math.max(0, (now - this.#time) / 1000) - (asleepSeconds ?? 0));
    this.#time = now;
  }

  #note(event: RunEventLogged): void {
    if (event.type === 'started') this.#begin(event.step);
    this.#events.push(event);
  }

  /** Takes back what was logged after `step`, when the run goes on from there. */
  #begin(step: number): void {
    if (step >= this.#pyramid.last) return;
    this.#pyramid.rewind(step);
    this.#events = this.#events.filter((event) => (event.type === 'baselines' ? step > 0 : event.step <= step));
    this.#seconds = this.#pyramid.seconds;
  }

  /** Adds what was read since to the file. One that cannot be written costs time at the next start, nothing else. */
  async #keep(log: FileHandle): Promise<void> {
    const { rows, events } = this.#fresh;
    this.#fresh = { rows: [], events: [] };
    this.#mark = await markOf(log, this.#offset);
    if (this.#fileEnd === undefined) return;
    const piece = encodePiece({
      rows,
      events: JSON.stringify(events),
      offset: this.#offset,
      mark: this.#mark,
      time: this.#time,
      seconds: this.#seconds,
    });
    const path = join(this.#path, 'metrics.pyramid');
    try {
      const file = await open(path, this.#fileEnd === 0 ? 'w' : 'r+');
      try {
        for (let done = 0; done < piece.length;)
          done += (await file.write(piece, done, piece.length - done, this.#fileEnd + done)).bytesWritten;
      } finally {
        await file.close();
      }
      this.#fileEnd += piece.length;
    } catch {
      this.#fileEnd = undefined;
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

/** Checksum of the bytes before a place of the log. */
async function markOf(log: FileHandle, offset: number): Promise<number> {
  const length = Math.min(markBytes, offset);
  const bytes = Buffer.alloc(length);
  await log.read(bytes, 0, length, offset - length);
  return crc32(bytes);
}

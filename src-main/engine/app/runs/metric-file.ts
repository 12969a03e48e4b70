// `metrics.pyramid` beside a run's `metrics.jsonl`: what was read from the log, in pieces that are written once and only appended, so
// that a log of a million steps is not parsed again. It may be deleted at any time; a piece that is torn, damaged or of another log
// than the one that is there ends what is used of it.
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { metricNames } from '../../../../shared/contract/metric-names.ts';

/** Changes with what a piece holds. */
const magic = 0x31504d49 + metricNames.length * 0x10000;
const headerBytes = 56;
const rowBytes = 16 + 4 * metricNames.length;
/** Bytes of the log before a place that tell whether it is still the same log: some lines, which have their times. */
export const markBytes = 1000;

export interface LoggedRow {
  readonly step: number;
  readonly seconds: number;
  readonly values: Float32Array;
}

/** What a stretch of the log held. */
export interface MetricPiece {
  readonly rows: readonly LoggedRow[];
  /** The other events, as JSON. */
  readonly events: string;
  /** Where the stretch ends in the log, bytes, and the checksum of what stands before. */
  readonly offset: number;
  readonly mark: number;
  /** Time of its last line, ms since 1970, and seconds of work until then. */
  readonly time: number;
  readonly seconds: number;
}

export function encodePiece({ rows, events, offset, mark, time, seconds }: MetricPiece): Buffer {
  const text = Buffer.from(events);
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = Buffer.alloc(headerBytes + rows.length * rowBytes + padded + 8);
  const header = [magic, rows.length, text.length, mark];
  header.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  [offset, time, seconds].forEach((value, i) => bytes.writeDoubleLE(value, 16 + 8 * i));
  let at = headerBytes;
  for (const row of rows) {
    bytes.writeDoubleLE(row.step, at);
    bytes.writeDoubleLE(row.seconds, at + 8);
    row.values.forEach((value, i) => bytes.writeFloatLE(value, at + 16 + 4 * i));
    at += rowBytes;
  }
  text.copy(bytes, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -8)), bytes.length - 8);
  return bytes;
}

/** The piece that begins at `position` of the file and how long it is; `undefined` at the end and where it is not whole. */
export async function readPiece(
  file: FileHandle,
  position: number,
  size: number,
): Promise<{ readonly piece: MetricPiece; readonly bytes: number } | undefined> {
  const header = Buffer.alloc(headerBytes);
  if (position + headerBytes > size) return undefined;
  await file.read(header, 0, headerBytes, position);
  const [kind, count, textLength, mark] = [0, 1, 2, 3].map((i) => header.readUInt32LE(4 * i)) as [number, number, number, number];
  const length = headerBytes + count * rowBytes + Math.ceil(textLength / 8) * 8 + 8;
  if (kind !== magic || position + length > size) return undefined;
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length || crc32(bytes.subarray(0, -8)) !== bytes.readUInt32LE(length - 8)) return undefined;
  const [offset, time, seconds] = [0, 1, 2].map((i) => bytes.readDoubleLE(16 + 8 * i)) as [number, number, number];
  const rows = Array.from({ length: count }, (_, row) => {
    const at = headerBytes + row * rowBytes;
    const values = new Float32Array(metricNames.length);
    for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(at + 16 + 4 * i);
    return { step: bytes.readDoubleLE(at), seconds: bytes.readDoubleLE(at + 8), values };
  });
  const textAt = headerBytes + count * rowBytes;
  return { piece: { rows, events: bytes.toString('utf8', textAt, textAt + textLength), offset, mark, time, seconds }, bytes: length };
}

// A line of text inside a PNG, by which a program knows its own pictures again.
import { closeSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Signature and header of every PNG; other chunks follow. */
const headBytes = 33;
const keyword = 'Software';

function textChunk(text: string): Buffer {
  const body = Buffer.from(`tEXt${keyword}\0${text}`, 'latin1');
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

/** The PNG with `text` (Latin letters) as the name of the software that made it, right behind its header. */
export const markedPng = (png: Buffer, text: string): Buffer =>
  Buffer.concat([png.subarray(0, headBytes), textChunk(text), png.subarray(headBytes)]);

/** Whether a file is a PNG that `markedPng` made with this text. Throws the operating system's errors. */
export function isMarkedPng(path: string, text: string): boolean {
  const chunk = textChunk(text);
  const start = Buffer.alloc(headBytes + chunk.length);
  const handle = openSync(path, 'r');
  try {
    readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString('latin1', 1, 4) === 'PNG' && start.subarray(headBytes).equals(chunk);
}

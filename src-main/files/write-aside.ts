// Nothing is ever half written: a file gets a temporary name beside its place, is synced, and then takes its name in one move.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a rename durable; a platform that cannot sync folders (Windows) does not need it. */
export function syncFolder(path: string): void {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } catch {
    // Not every file system syncs folders; the rename itself has happened.
  } finally {
    closeSync(handle);
  }
}

/** Replaces `path` by `content` or leaves it as it was. Throws the operating system's error. */
export function writeFileAside(path: string, content: string | Uint8Array): void {
  writeAside(path, (handle) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
  });
}

/** As `writeFileAside`, with the content written by `fill` to an open file. */
export function writeAside(path: string, fill: (handle: number) => void): void {
  const aside = `${path}.${process.pid}.part`;
  const handle = openSync(aside, 'w');
  try {
    fill(handle);
    fsyncSync(handle);
  } catch (error) {
    closeSync(handle);
    rmSync(aside, { force: true });
    throw error;
  }
  closeSync(handle);
  renameSync(aside, path);
  syncFolder(dirname(path));
}

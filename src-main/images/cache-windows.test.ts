// As Windows has it: what is open for appending can be neither cut nor written at a place.
import fs, { mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DecodeCache } from './cache.ts';

const appending = new Set<number>();
let isFull = false;
const fault = (code: string): Error => Object.assign(new Error(`${code}: the disk of this test`), { code, syscall: 'test' });

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cache-windows-'));
  const { openSync, ftruncateSync, writeSync } = fs;
  vi.spyOn(fs, 'openSync').mockImplementation((path, flags) => {
    const handle = openSync(path, flags);
    if (String(flags).startsWith('a')) appending.add(handle);
    else appending.delete(handle);
    return handle;
  });
  vi.spyOn(fs, 'ftruncateSync').mockImplementation((handle, size) => {
    if (appending.has(handle)) throw fault('EPERM');
    ftruncateSync(handle, size);
  });
  (vi.spyOn(fs, 'writeSync') as unknown as { mockImplementation(write: typeof writeAt): void }).mockImplementation(writeAt);
  function writeAt(handle: number, bytes: Uint8Array, at: number, length: number, position: number): number {
    if (!isFull) return writeSync(handle, bytes, at, length, position);
    // Some of it had room.
    writeSync(handle, bytes, at, 5, position);
    throw fault('ENOSPC');
  }
  syncBuiltinESMExports();
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(root, { recursive: true });
});

const recordBytes = 68;
const hashOf = (i: number): string => String(i).repeat(64);
const picture = (i: number): { width: number; height: number; pixels: Uint8Array } => ({
  width: 5,
  height: 4,
  pixels: new Uint8Array(60).fill(10 * i),
});
const writer = (): DecodeCache => new DecodeCache(root, { access: 'write' });

async function expectAll(count: number): Promise<void> {
  const cache = new DecodeCache(root, { access: 'read' });
  expect(cache.size).toBe(count);
  for (let i = 0; i < count; i++) expect(await cache.get(hashOf(i))).toEqual(picture(i));
  cache.dispose();
}

it('is filled, opened again and filled further', async () => {
  for (let round = 0; round < 2; round++) {
    const cache = writer();
    for (let i = 0; i < 2; i++) await cache.put(hashOf(2 * round + i), picture(2 * round + i));
    cache.dispose();
  }
  await expectAll(4);
});

it('cuts a torn record off, and what a full disk took of a picture', async () => {
  const first = writer();
  await first.put(hashOf(0), picture(0));
  await first.put(hashOf(1), picture(1));
  first.dispose();
  truncateSync(join(root, 'index.bin'), 2 * recordBytes - 9);
  const cache = writer();
  expect(cache.size).toBe(1);
  isFull = true;
  await expect(cache.put(hashOf(1), picture(1))).rejects.toMatchObject({ code: 'disk-full' });
  isFull = false;
  expect([statSync(join(root, 'index.bin')).size, readFileSync(join(root, 'shard-00000.bin')).length]).toEqual([recordBytes, 120]);
  await cache.put(hashOf(1), picture(1));
  cache.dispose();
  await expectAll(2);
});

// What is the drive's fault, or the memory's, is held against no file: such files are read again by the next scan.
import fs, { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { decodeImage } from './decode.ts';
import { defaultLimits } from './decoder.ts';
import type { DecodeFailure } from './decoder.ts';
import { plainSettings, quadrants } from './testing/test-images.ts';

let path = '';
let root = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'unreadable-'));
  path = join(root, 'good.png');
  writeFileSync(path, await quadrants().png().toBuffer());
});
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function failureOf(fault: Error): Promise<DecodeFailure> {
  vi.spyOn(fs, 'readSync').mockImplementation(() => {
    throw fault;
  });
  syncBuiltinESMExports();
  const result = await decodeImage({ path, settings: plainSettings, shortSide: 64 }, defaultLimits);
  if (result.ok) throw new Error('It was decoded.');
  return result.failure;
}

it.each(['EIO', 'EBUSY', 'ENXIO', 'ETIMEDOUT', 'ESTALE', 'ENOTCONN', 'EMFILE', 'UNKNOWN'])(
  'a drive that answers %s leaves files unreadable, not damaged',
  async (code) => {
    const fault = Object.assign(new Error(`${code}: truncated end of file, read`), { code, syscall: 'read' });
    expect(await failureOf(fault)).toEqual({ reason: 'unreadable', message: `The file cannot be read (${code}).` });
  },
);

it.each([
  new RangeError('Array buffer allocation failed'),
  Object.assign(new Error('Failed to allocate memory'), { code: 'ERR_MEMORY_ALLOCATION_FAILED' }),
  new Error('vips__malloc: out of memory --- size == 4000MB'),
])('too little memory leaves a file unreadable, not damaged: %s', async (fault) => {
  const failure = await failureOf(fault);
  expect(failure.reason).toBe('unreadable');
  expect(failure.message).toContain('not enough memory');
});

it('says when the bytes of a file are read: what takes long before that is not the file’s fault', async () => {
  const read = vi.fn();
  const request = { path, settings: plainSettings, shortSide: 64 };
  expect((await decodeImage(request, defaultLimits, read)).ok).toBe(true);
  expect(read).toHaveBeenCalledTimes(1);
  expect((await decodeImage({ ...request, path: join(root, 'nowhere.png') }, defaultLimits, read)).ok).toBe(false);
  expect(read).toHaveBeenCalledTimes(1);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { zip } from './testing/torch-files.ts';
import type { ZipEnd, ZipEntry } from './testing/torch-files.ts';
import { ZipArchive } from './zip-archive.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zip-archive-'));
  path = join(folder, 'a.zip');
});
afterAll(() => rmSync(folder, { recursive: true }));

function readAll(bytes: Uint8Array): Record<string, string> {
  writeFileSync(path, bytes);
  const archive = new ZipArchive(path);
  try {
    return Object.fromEntries(archive.names.map((name) => [name, Buffer.from(archive.read(name)).toString()]));
  } finally {
    archive.dispose();
  }
}

function codeOf(bytes: Uint8Array): string {
  try {
    readAll(bytes);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'accepted';
}

const entries: readonly ZipEntry[] = [
  { name: 'a', bytes: Buffer.from('first') },
  { name: 'b/ü', bytes: Buffer.from('second') },
  { name: 'empty', bytes: Buffer.alloc(0) },
];
const contents = { a: 'first', 'b/ü': 'second', empty: '' };

describe('a zip file', () => {
  it('is read with 32-bit and with 64-bit sizes, and with a comment', () => {
    expect(readAll(zip(entries))).toEqual(contents);
    expect(
      readAll(
        zip(
          entries.map((entry) => ({ ...entry, large: true })),
          { large: true },
        ),
      ),
    ).toEqual(contents);
    const commented = zip(entries);
    commented.writeUInt16LE(3, commented.length - 2);
    expect(readAll(Buffer.concat([commented, Buffer.from('abc')]))).toEqual(contents);
  });

  it('says what is missing', () => {
    writeFileSync(path, zip(entries));
    const archive = new ZipArchive(path);
    expect(archive.sizeOf('a')).toBe(5);
    expect(archive.sizeOf('c')).toBeUndefined();
    expect(() => archive.read('c')).toThrow("no entry 'c'");
    archive.dispose();
    expect(() => new ZipArchive(join(folder, 'none.zip'))).toThrow('does not exist');
  });

  it('is refused when it was cut off anywhere', () => {
    const whole = zip(entries);
    for (let length = 0; length < whole.length; length += length < whole.length - 40 ? 7 : 1)
      expect(codeOf(whole.subarray(0, length)), String(length)).toBe('bad-checkpoint');
    const large = zip(entries, { large: true });
    for (let cut = 1; cut < 100; cut += 3) expect(codeOf(large.subarray(cut)), String(cut)).not.toBe('accepted');
  });

  const first = (claims: NonNullable<ZipEntry['claims']>): readonly ZipEntry[] => [{ ...entries[0]!, claims }, ...entries.slice(1)];
  const hostile: readonly (readonly [string, string, readonly ZipEntry[], ZipEnd?])[] = [
    ['an entry larger than the file', 'bad-checkpoint', first({ size: 1e6 })],
    ['an entry of 4 GiB', 'bad-checkpoint', first({ size: 0xfffffffe })],
    ['an entry that reaches into the next', 'unsafe-file', first({ size: 12 })],
    [
      'an entry that lies in the next one’s place',
      'unsafe-file',
      [entries[0]!, { ...entries[1]!, claims: { header: 0, localName: 'b/ü' } }],
    ],
    ['two entries in one place', 'unsafe-file', [entries[0]!, { name: 'a2', bytes: Buffer.from('x'), claims: { header: 0 } }]],
    ['an entry beyond the end', 'bad-checkpoint', first({ header: 0x7fffffff })],
    ['an entry inside the directory', 'bad-checkpoint', first({ header: 110 })],
    ['a name of its own in the entry', 'unsafe-file', first({ localName: 'z' })],
    ['a name twice', 'unsafe-file', [entries[0]!, entries[0]!]],
    ['a compressed entry', 'unsafe-file', first({ method: 8 })],
    ['an entry that claims to shrink', 'unsafe-file', first({ size: 5, packed: 4 })],
    ['an encrypted entry', 'unsafe-file', first({ flags: 1 })],
    ['a wrong checksum', 'bad-checkpoint', first({ checksum: 1 })],
    ['more entries than there are', 'bad-checkpoint', entries, { entries: 4 }],
    ['millions of entries', 'bad-checkpoint', entries, { entries: 1e9, large: true }],
    ['a directory beyond the end', 'bad-checkpoint', entries, { start: 1e6 }],
    ['a directory that is no directory', 'bad-checkpoint', entries, { start: 3 }],
    ['a directory that ends too early', 'bad-checkpoint', entries, { size: 20 }],
    ['a 64-bit directory beyond the end', 'bad-checkpoint', entries, { start: 2 ** 50, large: true }],
  ];
  it.each(hostile.map(([what, code, list, end = {}]) => ({ what, code, list, end })))('is refused with $what', ({ code, list, end }) => {
    expect(codeOf(zip(list, end))).toBe(code);
  });
});

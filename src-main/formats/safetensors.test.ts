import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { halfToNumber, SafetensorsFile, writeSafetensors } from './safetensors.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
  path = join(folder, 'a.safetensors');
});
afterAll(() => rmSync(folder, { recursive: true }));

function open<T>(use: (file: SafetensorsFile) => T): T {
  const file = new SafetensorsFile(path);
  try {
    return use(file);
  } finally {
    file.dispose();
  }
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** A file with this header, as text or as an object, before `bytes`. */
function foreign(header: unknown, bytes: Uint8Array = new Uint8Array(0), length?: bigint): void {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  writeFileSync(path, Buffer.concat([size, text, bytes]));
}

const one = (entry: unknown): unknown => ({ x: entry });

describe('a file that was written here', () => {
  it('comes back with its types, shapes, values and metadata, and a right checksum', () => {
    const whole = Float32Array.from({ length: 6 }, (_, i) => i / 3);
    writeSafetensors(
      path,
      [
        { name: 'floats', shape: [2, 3], data: whole },
        { name: 'part', shape: [2], data: whole.subarray(1, 3) },
        { name: 'later', shape: [3], data: () => Float32Array.of(7, 8, 9) },
        { name: 'integers', shape: [2], data: Int32Array.of(-1, 5) },
        { name: 'bytes', shape: [3], data: Uint8Array.of(1, 2, 255) },
        { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
      ],
      { run: 'größer', sha256: 'not this one' },
    );
    open((file) => {
      expect(file.metadata).toMatchObject({ run: 'größer', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
      expect([...file.tensors].map(([name, { type, shape }]) => [name, type, shape])).toEqual([
        ['floats', 'F32', [2, 3]],
        ['part', 'F32', [2]],
        ['later', 'F32', [3]],
        ['integers', 'I32', [2]],
        ['bytes', 'U8', [3]],
        ['empty', 'F32', [0, 4]],
      ]);
      expect(file.readFloat32('floats', [2, 3])).toEqual(whole);
      expect(file.readFloat32('part')).toEqual(whole.slice(1, 3));
      expect([...file.readFloat32('later')]).toEqual([7, 8, 9]);
      expect([...file.readFloat32('integers')]).toEqual([-1, 5]);
      expect([...file.readBytes('bytes')]).toEqual([1, 2, 255]);
      expect(file.readFloat32('empty')).toHaveLength(0);
      expect(file.verify()).toBe(true);
      expect(() => file.readFloat32('none')).toThrow("no tensor 'none'");
      expect(() => file.readFloat32('floats', [3, 2])).toThrow('where [3, 2] is expected');
    });
    expect((8 + Number(readFileSync(path).readBigUInt64LE())) % 8).toBe(0);
  });

  it('is found out when any of its bytes changes', () => {
    writeSafetensors(path, [{ name: 'x', shape: [2], data: Float32Array.of(1, 2) }], { step: '12' });
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 4;
      writeFileSync(path, bytes);
      expect(
        codeOf(() => open((file) => expect(file.verify()).toBe(false))),
        String(at),
      ).toMatch(/bad-checkpoint|accepted/);
    }
  });

  it('stays as it was when the next one cannot be written whole', () => {
    writeSafetensors(path, [{ name: 'x', shape: [1], data: Float32Array.of(1) }]);
    expect(() => writeSafetensors(path, [{ name: 'x', shape: [3], data: Float32Array.of(1, 2) }])).toThrow('2 values for [3]');
    let calls = 0;
    const fails = (): Float32Array => {
      if (++calls > 1) throw new Error('the disk is gone');
      return Float32Array.of(1);
    };
    expect(() => writeSafetensors(path, [{ name: 'y', shape: [1], data: fails }])).toThrow('the disk is gone');
    expect(open((file) => [...file.tensors.keys()])).toEqual(['x']);
    expect(readdirSync(folder)).toEqual(['a.safetensors']);
    expect(codeOf(() => writeSafetensors(join(folder, 'gone', 'a'), []))).toBe('not-found');
  });
});

describe('a file of another program', () => {
  it.each<readonly [string, ArrayBuffer, number[]]>([
    ['F64', Float64Array.of(1.5, -2).buffer, [1.5, -2]],
    ['F32', Float32Array.of(1.5, -2).buffer, [1.5, -2]],
    ['F16', Uint16Array.of(0x3e00, 0xc000).buffer, [1.5, -2]],
    ['BF16', Uint16Array.of(0x3fc0, 0xc000).buffer, [1.5, -2]],
    ['I64', BigInt64Array.of(7n, -2n).buffer, [7, -2]],
    ['U64', BigUint64Array.of(7n, 2n).buffer, [7, 2]],
    ['I32', Int32Array.of(7, -2).buffer, [7, -2]],
    ['U32', Uint32Array.of(7, 2 ** 31).buffer, [7, 2 ** 31]],
    ['I16', Int16Array.of(7, -2).buffer, [7, -2]],
    ['U16', Uint16Array.of(7, 2).buffer, [7, 2]],
    ['I8', Int8Array.of(7, -2).buffer, [7, -2]],
    ['U8', Uint8Array.of(7, 255).buffer, [7, 255]],
    ['BOOL', Uint8Array.of(0, 1).buffer, [0, 1]],
  ])('may hold %s', (dtype, data, expected) => {
    foreign(one({ dtype, shape: [2], data_offsets: [0, data.byteLength] }), new Uint8Array(data));
    open((file) => {
      expect([...file.readFloat32('x')]).toEqual(expected);
      expect(file.verify()).toBe(false);
    });
  });

  it('may hold every half-precision number', () => {
    expect([0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x7c00, 0xfc00].map(halfToNumber)).toEqual([
      0,
      -0,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      65504,
      Infinity,
      -Infinity,
    ]);
    expect(halfToNumber(0x7e00)).toBeNaN();
  });

  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const hostile: readonly (readonly [string, unknown, bigint?])[] = [
    ['no JSON', '{"x"'],
    ['a list as header', '[]'],
    ['nothing as header', 'null'],
    ['a header longer than the file', one(entry), 1000n],
    ['a header of 2^63 bytes', one(entry), 2n ** 63n],
    ['metadata that is no table', { __metadata__: 'x', x: entry }],
    ['metadata of numbers', { __metadata__: { step: 1 }, x: entry }],
    ['a tensor that is nothing', one(null)],
    ['an unknown type', one({ ...entry, dtype: 'F8' })],
    ['a type from the prototype', one({ ...entry, dtype: 'toString' })],
    ['a negative size', one({ ...entry, shape: [-2] })],
    ['half a size', one({ ...entry, shape: [0.5] })],
    ['a size beyond numbers', one({ ...entry, shape: [2 ** 60] })],
    ['no place', one({ dtype: 'F32', shape: [2] })],
    ['a place of three numbers', one({ ...entry, data_offsets: [0, 4, 8] })],
    ['a place that runs backwards', one({ ...entry, data_offsets: [8, 0] })],
    ['a place beyond the end', one({ ...entry, shape: [4], data_offsets: [0, 16] })],
    ['a shape larger than its place', one({ ...entry, shape: [3] })],
    ['tensors that overlap', { x: entry, y: { ...entry, shape: [1], data_offsets: [4, 8] } }],
    ['a gap', one({ ...entry, shape: [1], data_offsets: [4, 8] })],
    ['bytes of no tensor', one({ ...entry, shape: [1], data_offsets: [0, 4] })],
  ];
  it.each(hostile.map(([what, header, length]) => ({ what, header, length })))('is refused with $what', ({ header, length }) => {
    foreign(header, new Uint8Array(8), length);
    expect(codeOf(() => open((file) => file.tensors))).toBe('bad-checkpoint');
  });

  it('is refused when it is too short to be one, and when there is none', () => {
    writeFileSync(path, 'short');
    expect(codeOf(() => open((file) => file.tensors))).toBe('bad-checkpoint');
    rmSync(path);
    expect(codeOf(() => open((file) => file.tensors))).toBe('not-found');
  });
});

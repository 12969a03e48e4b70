import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';
import { refusalOf } from './testing/refusal.ts';
import { assemble, dictionary, integer, name, storage, tensor, text, tuple, writeTorchFile, zip } from './testing/torch-files.ts';
import type { TensorClaim } from './testing/torch-files.ts';
import { TorchCheckpoint } from './torch-checkpoint.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'torch-checkpoint-'));
  path = join(folder, 'a.pth.tar');
});
afterAll(() => rmSync(folder, { recursive: true }));

const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const six = { 0: floats(0, 1, 2, 3, 4, 5) };

function open<T>(use: (file: TorchCheckpoint) => T): T {
  const file = new TorchCheckpoint(path);
  try {
    return use(file);
  } finally {
    file.dispose();
  }
}

const valuesOf = (claim: TensorClaim, storages: Readonly<Record<string, Uint8Array>> = six): number[] => {
  writeTorchFile(path, dictionary({ x: tensor(claim) }), storages);
  return open((file) => [...file.readFloat32('x', claim.shape)]);
};

describe('a file of torch.save', () => {
  it('gives tensors of nested dictionaries under their path, and nothing else', () => {
    const x = tensor({ storage: { elements: 6 }, shape: [2, 3], strides: [3, 1] });
    const state = assemble(name('collections', 'OrderedDict'), ')R(', text('module.x'), x, 'u', '}(', text('_metadata'), '}', 'u', 'b');
    writeTorchFile(path, dictionary({ encoder: state, epoch: integer(3), opt: dictionary({ state: dictionary({ step: x }) }), x }), six);
    open((file) => {
      expect([...file.tensors.keys()]).toEqual(['encoder.module.x', 'x']);
      expect(file.tensors.get('x')).toMatchObject({ type: 'F32', shape: [2, 3] });
      expect([...file.readFloat32('encoder.module.x')]).toEqual([0, 1, 2, 3, 4, 5]);
      expect(() => file.readFloat32('y')).toThrow("no tensor 'y'");
      expect(() => file.readFloat32('x', [3, 2])).toThrow('where [3, 2] is expected');
    });
  });

  it('reads views: turned, shifted, stepped, of no axes, of no values', () => {
    expect(valuesOf({ storage: { elements: 6 }, shape: [3, 2], strides: [1, 3] })).toEqual([0, 3, 1, 4, 2, 5]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [2, 2], strides: [3, 1], offset: 1 })).toEqual([1, 2, 4, 5]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [3], strides: [1], offset: 3 })).toEqual([3, 4, 5]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [3], strides: [2] })).toEqual([0, 2, 4]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [], strides: [], offset: 5 })).toEqual([5]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [0, 3], strides: [3, 1] })).toEqual([]);
    expect(valuesOf({ storage: { elements: 6 }, shape: [1, 6], strides: [99, 1] })).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it.each<readonly [string, Uint8Array, number[]]>([
    ['DoubleStorage', new Uint8Array(Float64Array.of(1.5, -2).buffer), [1.5, -2]],
    ['HalfStorage', new Uint8Array(Uint16Array.of(0x3e00, 0xc000).buffer), [1.5, -2]],
    ['BFloat16Storage', new Uint8Array(Uint16Array.of(0x3fc0, 0xc000).buffer), [1.5, -2]],
    ['LongStorage', new Uint8Array(BigInt64Array.of(7n, -2n).buffer), [7, -2]],
    ['IntStorage', new Uint8Array(Int32Array.of(7, -2).buffer), [7, -2]],
    ['ByteStorage', Uint8Array.of(7, 255), [7, 255]],
    ['BoolStorage', Uint8Array.of(1, 0), [1, 0]],
  ])('reads a %s', (type, bytes, expected) => {
    expect(valuesOf({ storage: { type, elements: 2 }, shape: [2], strides: [1] }, { 0: bytes })).toEqual(expected);
  });

  it('takes parameters for the tensors that they are', () => {
    const x = tensor({ storage: { elements: 6 }, shape: [6], strides: [1] });
    const none = assemble(name('collections', 'OrderedDict'), ')R');
    writeTorchFile(
      path,
      dictionary({ x: assemble(name('torch._utils', '_rebuild_parameter'), tuple(x, Buffer.of(0x88), none), 'R') }),
      six,
    );
    expect(open((file) => file.readFloat32('x').length)).toBe(6);
  });
});

describe('a hostile file', () => {
  it.each<readonly [string, TensorClaim]>([
    ['reaches beyond its storage', { storage: { elements: 6 }, shape: [2, 3], strides: [4, 1] }],
    ['begins beyond its storage', { storage: { elements: 6 }, shape: [1], strides: [1], offset: 6 }],
    ['repeats one value a billion times', { storage: { elements: 6 }, shape: [1_000_000_000], strides: [0] }],
    ['has more values than memory', { storage: { elements: 6 }, shape: [2 ** 30, 2 ** 30, 2 ** 30], strides: [0, 0, 0] }],
    ['has a negative size', { storage: { elements: 6 }, shape: [-2, -3], strides: [3, 1] }],
    ['runs backwards', { storage: { elements: 6 }, shape: [6], strides: [-1], offset: 5 }],
    ['has a negative offset', { storage: { elements: 6 }, shape: [1], strides: [1], offset: -1 }],
    ['has a negative storage', { storage: { elements: -6 }, shape: [1], strides: [1] }],
    ['has more strides than axes', { storage: { elements: 6 }, shape: [6], strides: [1, 1] }],
    ['has seventeen axes', { storage: { elements: 6 }, shape: Array<number>(17).fill(1), strides: Array<number>(17).fill(1) }],
    ['has a storage of an unknown type', { storage: { type: 'UntypedStorage', elements: 6 }, shape: [6], strides: [1] }],
  ])('is refused: a tensor that %s', (_, claim) => {
    const error = refusalOf(() => valuesOf(claim));
    expect(error.code).toBe('unsafe-file');
    expect(error.hint).not.toBe('');
  });

  it.each<readonly [string, TensorClaim]>([
    ['smaller than claimed', { storage: { elements: 100 }, shape: [100], strides: [1] }],
    ['of four billion values', { storage: { elements: 2 ** 31 - 1 }, shape: [2 ** 31 - 1], strides: [1] }],
    ['that is not there', { storage: { elements: 6, key: '7' }, shape: [6], strides: [1] }],
    ['outside of its folder', { storage: { elements: 6, key: '../0' }, shape: [6], strides: [1] }],
  ])('is refused: a storage %s', (_, claim) => {
    expect(refusalOf(() => valuesOf(claim)).code).toBe('bad-checkpoint');
  });

  it('is refused before anything in it is run', () => {
    const marker = join(folder, 'was-run');
    const attack = assemble(name('os', 'system'), tuple(text(`touch ${marker}`)), 'R');
    for (const value of [attack, dictionary({ encoder: attack }), assemble(name('builtins', 'exec'), tuple(text('x = 1')), 'R')]) {
      writeTorchFile(path, value, {});
      const error = refusalOf(() => open((file) => file.tensors));
      expect(error.code).toBe('unsafe-file');
      expect(error.message).toMatch(/os\.system|builtins\.exec/);
    }
    expect(() => readFileSync(marker)).toThrow('ENOENT');
  });

  it.each<readonly [string, Buffer]>([
    ['an ordered dictionary made from a list', assemble(name('collections', 'OrderedDict'), tuple(assemble(']')), 'R')],
    ['a tensor made from a number', assemble(name('torch._utils', '_rebuild_tensor_v2'), tuple(integer(1)), 'R')],
    [
      'a tensor made from a tensor',
      assemble(
        name('torch._utils', '_rebuild_tensor_v2'),
        tuple(tensor({ storage: { elements: 6 }, shape: [6], strides: [1] }), integer(0), tuple(), tuple()),
        'R',
      ),
    ],
    ['a parameter made from a storage', assemble(name('torch._utils', '_rebuild_parameter'), tuple(storage({ elements: 6 })), 'R')],
    ['a called storage type', assemble(name('torch', 'FloatStorage'), tuple(integer(6)), 'R')],
    ['a reference of four parts', assemble(tuple(text('storage'), name('torch', 'FloatStorage'), text('0'), integer(6)), 'Q')],
    ['a reference to a module', assemble(tuple(text('module'), name('torch', 'FloatStorage'), text('0'), text('cpu'), integer(6)), 'Q')],
  ])('is refused: %s', (_, value) => {
    writeTorchFile(path, value, six);
    expect(refusalOf(() => open((file) => file.tensors)).code).toBe('unsafe-file');
  });

  it('is refused when it is of another program or machine', () => {
    writeFileSync(path, zip([{ name: 'word/document.xml', bytes: Buffer.from('<a/>') }]));
    expect(refusalOf(() => open((file) => file.tensors)).code).toBe('bad-checkpoint');
    writeTorchFile(path, dictionary({}), {}, 'big');
    expect(refusalOf(() => open((file) => file.tensors)).code).toBe('unsupported');
  });

  it('gives an error of its own for any damage, or the values', () => {
    const x = tensor({ storage: { elements: 6 }, shape: [2, 3], strides: [3, 1] });
    writeTorchFile(path, dictionary({ encoder: dictionary({ x, y: x }), epoch: integer(3) }), six);
    const whole = readFileSync(path);
    const random = new Random(3, 'test');
    const codes = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const bytes = Buffer.from(whole);
      for (let changes = 1 + random.integer(3); changes > 0; changes--) bytes[random.integer(bytes.length)] = random.integer(256);
      writeFileSync(path, random.integer(4) === 0 ? bytes.subarray(0, random.integer(bytes.length)) : bytes);
      let code = 'read';
      try {
        open((file) => [...file.tensors.keys()].map((one) => file.readFloat32(one)));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        code = error.code;
      }
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect([...codes.keys()].toSorted()).toEqual(['bad-checkpoint', 'read', 'unsafe-file']);
  });
});

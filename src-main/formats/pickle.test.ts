import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { Random } from '../../shared/random.ts';
import { PickleName, readPickle } from './pickle.ts';
import type { PickleRules } from './pickle.ts';
import { refusalOf } from './testing/refusal.ts';
import type { Pieces } from './testing/torch-files.ts';
import { assemble, dictionary, integer, name, proto, text, tuple } from './testing/torch-files.ts';

const rules: PickleRules<string> = {
  names: new Set(['known.thing', 'known.made']),
  call: (one, values) => (one === 'known.made' ? { made: `made from ${values.length}` } : undefined),
  refer: (value) => (typeof value === 'string' ? { made: `reference to ${value}` } : undefined),
};
const read = (...pieces: Pieces): unknown => readPickle(assemble(proto, ...pieces), 'a file', rules);

describe('a pickle as data', () => {
  it('reads plain values', () => {
    expect(read('N.')).toBe(null);
    expect(read(0x88, '.')).toBe(true);
    expect(read(integer(-7), '.')).toBe(-7);
    expect(read('K', 200, '.')).toBe(200);
    expect(read('M', 1, 2, '.')).toBe(513);
    expect(read('G', Buffer.from('3ff8000000000000', 'hex'), '.')).toBe(1.5);
    expect(read(0x8a, 2, 0xff, 0x00, '.')).toBe(255);
    expect(read(0x8a, 1, 0xff, '.')).toBe(-1);
    expect(read(0x8a, 0, '.')).toBe(0);
    expect(read(0x8a, 9, Buffer.alloc(8), 1, '.')).toBe(2n ** 64n);
    expect(read(text('größer'), '.')).toBe('größer');
    expect(read(0x8c, 2, 'ok.')).toBe('ok');
    expect(read(0x8d, 2, Buffer.alloc(7), 'ok.')).toBe('ok');
    expect(read(0x95, Buffer.alloc(8), 'N.')).toBe(null);
  });

  it('builds lists, tuples and dictionaries', () => {
    expect(read(']', integer(1), 'a(', integer(2), integer(3), 'e.')).toEqual([1, 2, 3]);
    expect(read(')', integer(1), 0x85, integer(2), integer(3), 0x86, 0x87, '.')).toEqual([[], [1], [2, 3]]);
    expect(read(tuple(integer(1), tuple()), '.')).toEqual([1, []]);
    expect(read(dictionary({ a: integer(1), b: text('two') }), '.')).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', 'two'],
      ]),
    );
    expect(read('}', text('k'), 'Ns.')).toEqual(new Map([['k', null]]));
    expect(read(dictionary({ ['__proto__']: integer(1) }), '.')).toEqual(new Map([['__proto__', 1]]));
  });

  it('remembers values by number and by order', () => {
    expect(read('(', text('x'), 'q', 5, 'h', 5, 't.')).toEqual(['x', 'x']);
    expect(read('(', text('x'), 'r', 5, 1, 0, 0, 'j', 5, 1, 0, 0, 't.')).toEqual(['x', 'x']);
    expect(read('(', text('x'), 0x94, text('y'), 0x94, 'h', 0, 't.')).toEqual(['x', 'y', 'x']);
  });

  it('calls the names it knows, and no others', () => {
    expect(read(name('known', 'made'), tuple(integer(1), integer(2)), 'R.')).toEqual({ made: 'made from 2' });
    expect(read(text('known'), text('made'), 0x93, ')R.')).toEqual({ made: 'made from 0' });
    expect(read(name('known', 'thing'), '.')).toEqual(new PickleName('known.thing'));
    expect(read(text('here'), 'Q.')).toEqual({ made: 'reference to here' });
    expect(read('}', dictionary({ _metadata: integer(1) }), 'b.')).toEqual(new Map());
  });
});

describe('a pickle that would do something', () => {
  it.each<readonly [string, Pieces]>([
    ['os.system', [name('os', 'system'), tuple(text('true')), 'R.']],
    ['posix.system by way of the stack', [text('posix'), text('system'), 0x93, tuple(text('true')), 'R.']],
    ['builtins.eval', [name('builtins', 'eval'), tuple(text('1')), 'R.']],
    ['a name that only begins alike', [name('known', 'thing.__init__'), '.']],
    ['a known name, called in an unknown way', [name('known', 'thing'), ')R.']],
    ['a call of something without a name', [text('os.system'), ')R.']],
    ['the old way to make an object (INST)', ['(iposix\nsystem\n.']],
    ['the older way to make an object (OBJ)', ['(', name('known', 'thing'), 'o.']],
    ['a new object (NEWOBJ)', [name('known', 'thing'), ')', 0x81, '.']],
    ['a new object with keywords (NEWOBJ_EX)', [name('known', 'thing'), ')}', 0x92, '.']],
    ['a registered extension (EXT1)', [0x82, 1, '.']],
    ['a text reference (PERSID)', ['P1\n.']],
    ['a reference that is none', [integer(1), 'Q.']],
    ['the state of an object (BUILD)', [name('known', 'made'), ')R', dictionary({ a: integer(1) }), 'b.']],
    ['appending to a tuple', [')', integer(1), 'a.']],
    ['appending to a dictionary', ['}', integer(1), 'a.']],
    ['entries of a list', [']', text('a'), integer(1), 's.']],
    ['an odd number of entries', ['}(', text('a'), 'u.']],
    ['a dictionary as a key', ['}', '}', integer(1), 's.']],
    ['a name made of numbers', [integer(1), integer(2), 0x93, '.']],
    ['old text that may hold anything (STRING)', ["S'a'\n."]],
  ])('is refused: %s', (_, pieces) => {
    const error = refusalOf(() => read(...pieces));
    expect(error.code).toBe('unsafe-file');
    expect(error.hint).toMatch(/safetensors/);
  });

  it('names what it would have called', () => {
    expect(refusalOf(() => read(name('os', 'system'), tuple(text('true')), 'R.')).message).toContain('"os.system"');
  });

  it('is refused when it nests without end, or opens values without end', () => {
    expect(refusalOf(() => read('('.repeat(1_000_000))).code).toBe('unsafe-file');
    expect(refusalOf(() => read('N'.repeat(1_000_000))).code).toBe('unsafe-file');
  });

  it('may refer to itself a billion times without growing', () => {
    // Each tuple holds the one before twice: 2^200 leaves when written out, 200 arrays here.
    const doubling = Array.from({ length: 200 }, (_, i) => assemble('q', i, 'h', i, 0x86));
    expect(Array.isArray(read(text('x'), ...doubling, '.'))).toBe(true);
  });
});

describe('a damaged pickle', () => {
  it.each<readonly [string, Pieces]>([
    ['ends before its end', ['N']],
    ['has a text longer than itself', ['X', 255, 255, 255, 255, 'short.']],
    ['has a text of 2^64 bytes', [0x8d, Buffer.alloc(8, 255), '.']],
    ['has a text that is no UTF-8', ['X', 2, 0, 0, 0, 0xff, 0xfe, '.']],
    ['has a name without an end', ['cos']],
    ['takes from an empty stack', ['a.']],
    ['closes what it never opened', ['t.']],
    ['recalls what it never remembered', ['h', 9, '.']],
    ['remembers nothing', ['q', 1, '.']],
    ['leaves two values', ['NN.']],
    ['leaves a mark open', ['N(.']],
    ['has no value', ['.']],
    ['is of a version to come', [0x80, 9, 'N.']],
  ])('that %s', (_, pieces) => {
    expect(refusalOf(() => read(...pieces)).code).toBe('bad-checkpoint');
  });

  it('is refused or read, whatever is changed in it', () => {
    const whole = assemble(proto, dictionary({ a: tuple(integer(1), text('x')), b: assemble(name('known', 'made'), ')R') }), '.');
    const random = new Random(4, 'test');
    const codes = new Set<string>();
    for (let i = 0; i < 6000; i++) {
      const bytes = Buffer.from(whole);
      for (let changes = 1 + random.integer(4); changes > 0; changes--) bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        readPickle(bytes, 'a file', rules);
        codes.add('read');
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        codes.add(error.code);
      }
    }
    expect([...codes].toSorted()).toEqual(['bad-checkpoint', 'read', 'unsafe-file']);
  });
});

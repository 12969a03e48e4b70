import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { decodeFrame, encodeFrame } from './frames.ts';

const bulk = fc.oneof(fc.uint8Array(), fc.int32Array(), fc.uint32Array(), fc.float32Array(), fc.float64Array());
/** What JSON carries unchanged. */
const plain = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const name = fc.string({ maxLength: 6 }).filter((key) => key !== '$array' && key !== '__proto__');
const { message } = fc.letrec((tie) => ({
  message: fc.oneof(
    { depthSize: 'small' },
    plain,
    bulk,
    fc.array(tie('message'), { maxLength: 4 }),
    fc.dictionary(name, tie('message'), { maxKeys: 4 }),
  ),
}));

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof AppError ? error.code : `no AppError: ${String(error)}`;
  }
  return 'none';
};

/** A frame of any JSON, whether or not the program would write it. */
function frameOf(json: string, tail: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(json);
  const frame = new Uint8Array(Math.ceil((4 + text.length) / 8) * 8 + tail.length);
  new DataView(frame.buffer).setUint32(0, text.length, true);
  frame.set(text, 4);
  frame.set(tail, frame.length - tail.length);
  return frame;
}

describe('a message as a frame', () => {
  it('is the same message afterwards, arrays and all', () => {
    fc.assert(
      fc.property(message, (given) => {
        expect(decodeFrame(encodeFrame(given))).toEqual(normalised(given));
      }),
      { numRuns: 300 },
    );
  });

  it('may lie anywhere in a larger piece of memory, and its arrays do not hang on to that', () => {
    const frame = encodeFrame({ a: Float64Array.of(1.5, -2), b: Uint8Array.of(7) });
    for (let shift = 0; shift < 8; shift++) {
      const larger = Buffer.alloc(frame.length + 64, 255);
      larger.set(frame, shift);
      const { a, b } = decodeFrame(larger.subarray(shift, shift + frame.length)) as { a: Float64Array; b: Uint8Array };
      expect([...a, ...b]).toEqual([1.5, -2, 7]);
      expect([a.buffer.byteLength, b.buffer.byteLength]).toEqual([16, 1]);
      larger.fill(0);
      expect([...a, ...b]).toEqual([1.5, -2, 7]);
    }
  });

  it("carries Node's Buffer as bytes and not as text", () => {
    const decoded = decodeFrame(encodeFrame({ bytes: Buffer.from('JFIF') })) as { bytes: Uint8Array };
    expect(decoded.bytes.constructor).toBe(Uint8Array);
    expect([...decoded.bytes]).toEqual([...Buffer.from('JFIF')]);
  });

  it('takes a part of a larger array for that part', () => {
    const decoded = decodeFrame(encodeFrame({ part: Int32Array.of(1, 2, 3, 4).subarray(1, 3) })) as { part: Int32Array };
    expect([...decoded.part]).toEqual([2, 3]);
  });

  it('refuses a message that holds the reserved key', () => {
    expect(codeOf(() => encodeFrame({ $array: ['Uint8Array', 0, 1] }))).toBe('internal');
  });
});

describe('a frame that this program did not write', () => {
  it('is refused as bad input, whatever its bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['none', 'bad-input']).toContain(codeOf(() => decodeFrame(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('is refused when it was cut short or its length was changed', () => {
    const frame = encodeFrame({ id: 1, list: [1, 2, 3], bytes: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < frame.length - 7; length++)
      expect(codeOf(() => decodeFrame(frame.subarray(0, length)))).toBe('bad-input');
    for (const wrong of [0, 1, 0xffffffff, frame.length]) {
      const changed = frame.slice();
      new DataView(changed.buffer).setUint32(0, wrong, true);
      expect(codeOf(() => decodeFrame(changed))).toBe('bad-input');
    }
  });

  it.each([
    ['an array that reaches beyond the frame', '{"$array":["Uint8Array",0,9]}'],
    ['an array whose bytes are more than numbers can count', '{"$array":["Float64Array",0,9007199254740991]}'],
    ['an array before its beginning', '{"$array":["Uint8Array",-8,8]}'],
    ['an array of an unknown kind', '{"$array":["BigInt64Array",0,1]}'],
    ['an array of a kind that is no array', '{"$array":["constructor",0,1]}'],
    ['an array with no place', '{"$array":["Uint8Array","0",1]}'],
    ['half a number of elements', '{"$array":["Uint8Array",0,0.5]}'],
    ['a description that is none', '{"$array":"Uint8Array"}'],
    ['arrays of the same bytes', '[{"$array":["Uint8Array",0,8]},{"$array":["Uint8Array",0,8]}]'],
    ['arrays that lie over each other', '[{"$array":["Uint8Array",0,8]},{"$array":["Uint8Array",4,4]}]'],
    ['more arrays than any message has', `[${Array.from({ length: 10_001 }, () => '{"$array":["Uint8Array",8,0]}').join()}]`],
    ['JSON that is none', '{"type":'],
    ['nesting that no message has', '['.repeat(200_000)],
    ['nesting that is closed', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('is refused with %s', (_what, json) => {
    expect(['bad-input']).toContain(codeOf(() => decodeFrame(frameOf(json, new Uint8Array(8)))));
  });

  it('is refused when its text is no text', () => {
    const frame = frameOf('"xx"');
    frame.set([0xff, 0xfe], 5);
    expect(codeOf(() => decodeFrame(frame))).toBe('bad-input');
  });
});

/** −0 becomes 0 in JSON; inside arrays it stays. */
function normalised(value: unknown): unknown {
  if (typeof value === 'number') return value + 0;
  if (Array.isArray(value)) return value.map(normalised);
  if (ArrayBuffer.isView(value) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, normalised(one)]));
}

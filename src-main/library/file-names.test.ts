import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isHidden, kindOf } from './file-kinds.ts';
import { displayName, foldedText, isEscaped, nameBytes, nameText, nativePath } from './file-names.ts';

const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const anyText = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.isWellFormed());
/** Parts of names that are or look like escapes. */
const tricky = fc
  .array(
    fc.constantFrom(
      Buffer.from([0xff]),
      Buffer.from('é'),
      Buffer.from([0xc3]),
      Buffer.from('\u{10ff41}'),
      Buffer.from('\u{10ffff}'),
      Buffer.from('a'),
    ),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((parts) => Buffer.concat(parts));

describe('file names', () => {
  it('go from bytes to text and back unchanged, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, tricky), (bytes) => {
        const text = nameText(bytes);
        expect(text.isWellFormed()).toBe(true);
        expect(nameBytes(text).equals(bytes)).toBe(true);
      }),
    );
  });

  it('never share a text form', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, tricky), fc.oneof(anyBytes, tricky), (a, b) => {
        expect(nameText(a) === nameText(b)).toBe(a.equals(b));
      }),
    );
  });

  it('that are text stay as they are, in the spelling of the disk', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(!/[\u{10ff00}-\u{10ffff}]/u.test(text));
        expect(nameText(Buffer.from(text))).toBe(text);
        expect(isEscaped(text)).toBe(false);
      }),
    );
    for (const form of ['NFC', 'NFD']) expect(nameText(Buffer.from('é'.normalize(form)))).toBe('é'.normalize(form));
  });

  it('that are no text are shown as such and reached by their bytes', () => {
    const text = nameText(Buffer.from([0x61, 0xe9, 0x2e, 0x6a, 0x70, 0x67]));
    expect(displayName(text)).toBe('a\\xE9.jpg');
    expect(nativePath('/r', text)).toEqual(Buffer.from([0x2f, 0x72, 0x2f, 0x61, 0xe9, 0x2e, 0x6a, 0x70, 0x67]));
    expect(nativePath('/r', 'b/c.jpg')).toMatch(/^[/\\]r[/\\]b[/\\]c\.jpg$/);
    expect(foldedText('É'.normalize('NFD'))).toBe('é');
  });

  it('promise an image, one that cannot be read, or nothing', () => {
    for (const name of ['a.jpg', 'A.JPEG', 'x.y.Png', 'a.heic', 'a.svg', 'a.tif']) expect(kindOf(name).kind).toBe('image');
    for (const name of ['a.txt', 'jpg', '.jpg', 'a.', 'a.mp4']) expect(kindOf(name).kind).toBe('other');
    expect(kindOf('IMG.CR2')).toMatchObject({ kind: 'unsupported', message: expect.stringContaining('Camera RAW') as string });
    for (const name of ['.git', '._a.jpg', '__MACOSX', 'Thumbs.db', '@eaDir']) expect(isHidden(name)).toBe(true);
    expect(isHidden('a.jpg')).toBe(false);
  });
});

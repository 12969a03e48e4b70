// Paths inside the catalogue are text, but a Linux file name is bytes that need not be UTF-8. A byte that is no part of valid
// UTF-8 becomes the code point U+10FF00 + byte (private use, so no real name means anything by it); names that do hold such a
// code point have its bytes escaped too, so text ↔ bytes is a bijection and no two files share a row. NFC and NFD stay as they are.
import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

const escapeBase = 0x10ff00;
/** High surrogate that every escaped byte begins with in a JavaScript string. */
const escapeMark = '\udbff';
const replacement = /[\u{10ff00}-\u{10ffff}]/gu;

const isEscape = (codePoint: number): boolean => codePoint >= escapeBase;

function sequenceLength(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/** The text form of a file name (or a path with `/`) as the disk has it. */
export function nameText(bytes: Buffer): string {
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    if (!text.includes(escapeMark)) return text;
  }
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!;
    const part = bytes.subarray(at, at + sequenceLength(lead));
    const one = isUtf8(part) ? part.toString('utf8') : '';
    if (one !== '' && !isEscape(one.codePointAt(0)!)) {
      text += one;
      at += part.length;
    } else {
      text += String.fromCodePoint(escapeBase + lead);
      at += 1;
    }
  }
  return text;
}

/** The bytes that `nameText` was given. */
export function nameBytes(text: string): Buffer {
  if (!text.includes(escapeMark)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const codePoint = character.codePointAt(0)!;
    parts.push(isEscape(codePoint) ? Buffer.from([codePoint - escapeBase]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** True when the name holds bytes that no string can hand to the operating system. */
export const isEscaped = (text: string): boolean => text.includes(escapeMark) && text.search(replacement) >= 0;

/** What `node:fs` takes to reach `relative` (text form, `/` between folders) below `root`: a string, or bytes where it must. */
export function nativePath(root: string, relative: string): string | Buffer {
  const path = relative === '' ? root : join(root, relative);
  return isEscaped(path) ? nameBytes(path) : path;
}

/** For people: bytes that are no text appear as `\xE9`. */
export const displayName = (text: string): string =>
  text.replace(replacement, (one) => `\\x${(one.codePointAt(0)! - escapeBase).toString(16).toUpperCase().padStart(2, '0')}`);

/** Folded for searching: composed, compatible and lower case, so that `é` finds both spellings of `É`. */
export const foldedText = (text: string): string => text.normalize('NFKC').toLowerCase();

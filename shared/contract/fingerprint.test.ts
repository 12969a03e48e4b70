import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { programVersion } from '../version.ts';
import { channel } from './channel.ts';
import type { Contract } from './channel.ts';
import { contract } from './contract.ts';
import { fingerprint } from './fingerprint.ts';
import { protocolVersion } from './protocol-version.ts';

const input = {
  image: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  space: v.optional(v.picklist(['raw', 'centred']), 'raw'),
  name: v.pipe(v.string(), v.regex(/^[a-z]+$/)),
};
const of = (entries: v.ObjectEntries): Contract => ({
  'a.get': channel<number>()(v.strictObject(entries)),
  'a.set': channel<void>()(v.strictObject({})),
});
const base = of(input);

describe('the fingerprint of a contract', () => {
  it('is the same for the same channels, in whatever order they are written', () => {
    const [get, set] = [base['a.get']!, base['a.set']!];
    const { image, space, name } = input;
    expect(fingerprint({ 'a.set': set, 'a.get': get })).toBe(fingerprint(base));
    expect(fingerprint(of({ name, space, image }))).toBe(fingerprint(base));
    expect(fingerprint(base)).toMatch(/^[0-9a-f]{8}$/);
  });

  it.each<[string, Contract]>([
    ['a channel more', { ...base, 'a.drop': channel<void>()(v.strictObject({})) }],
    ['a channel less', { 'a.get': base['a.get']! }],
    ['another name of a channel', { 'a.read': base['a.get']!, 'a.set': base['a.set']! }],
    ['two channels that were exchanged', { 'a.get': base['a.set']!, 'a.set': base['a.get']! }],
    ['an entry more', of({ ...input, more: v.boolean() })],
    ['an entry that may be left out', of({ ...input, image: v.optional(input.image) })],
    ['another default', of({ ...input, space: v.optional(v.picklist(['raw', 'centred']), 'centred') })],
    ['another choice', of({ ...input, space: v.optional(v.picklist(['raw', 'whitened']), 'raw') })],
    ['another limit', of({ ...input, image: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })],
    ['another kind of value', of({ ...input, image: v.pipe(v.string(), v.minLength(1)) })],
    ['another pattern', of({ ...input, name: v.pipe(v.string(), v.regex(/^[a-z]*$/)) })],
    ['a list instead of one', of({ ...input, image: v.array(input.image) })],
    ['keys that nobody knows let through', { ...base, 'a.get': channel<number>()(v.object(input)) }],
  ])('differs by %s', (_what, changed) => {
    expect(fingerprint(changed)).not.toBe(fingerprint(base));
  });

  it('depends on every channel of the program', () => {
    const all = fingerprint(contract);
    for (const name of Object.keys(contract)) {
      const { [name]: _left, ...rest } = contract as Contract;
      expect(fingerprint(rest), name).not.toBe(all);
    }
  });
});

it('stands behind the program’s version in what both ends compare', () => {
  expect(protocolVersion.startsWith(`${programVersion}-`)).toBe(true);
  expect(protocolVersion.slice(programVersion.length)).toMatch(/^-[0-9a-f]{8}$/);
});

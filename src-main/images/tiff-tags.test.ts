import { expect, it } from 'vitest';
import { tiff } from './testing/tiff-files.ts';
import { asUnsigned, extraSamples } from './tiff-tags.ts';

const values = [1, 2, 3, 4, 5, 6];

it.each([
  ['little-endian', {}],
  ['big-endian', { bigEndian: true }],
  ['BigTIFF', { big: true }],
  ['big-endian BigTIFF', { bigEndian: true, big: true }],
])('reads and changes the tags of a %s file', (_, form) => {
  const rgb = (channels: number, extra?: readonly number[]): Uint8Array =>
    tiff({
      width: 1,
      kind: 'int16',
      values: values.slice(0, channels),
      channels,
      photometric: 2,
      ...(extra && { extraSamples: extra }),
      ...form,
    });
  expect(extraSamples(rgb(3))).toEqual([]);
  expect(extraSamples(rgb(4, [0]))).toEqual([0]);
  expect(extraSamples(rgb(5, [2, 0]))).toEqual([2, 0]);
  expect(extraSamples(rgb(6, [0, 0, 1]))).toEqual([0, 0, 1]);
  for (const channels of [1, 3, 5]) {
    const signed = { width: 1, kind: 'int16', values: values.slice(0, channels), channels, ...form } as const;
    expect(asUnsigned(tiff(signed))).toEqual(Buffer.from(tiff({ ...signed, kind: 'uint16' })));
  }
});

it('takes whatever is no tag of the file for none', () => {
  const whole = tiff({ width: 1, kind: 'uint8', values, channels: 6, extraSamples: [0, 0, 0], big: true });
  for (let length = 0; length < whole.length; length++) expect([[], [0, 0, 0]]).toContainEqual(extraSamples(whole.subarray(0, length)));
  const far = Uint8Array.from(whole);
  far.fill(255, 8, 16);
  expect(extraSamples(far)).toEqual([]);
  expect(asUnsigned(far)).toBeUndefined();
});

it('looks no longer through a directory that claims to be endless than the file is long', () => {
  const endless = new Uint8Array(1 << 16);
  endless.set(tiff({ width: 1, kind: 'uint8', values: [1], big: true }));
  endless.fill(255, 16, 24);
  expect(extraSamples(endless)).toEqual([]);
});

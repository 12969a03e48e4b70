import { expect, it } from 'vitest';
import { tiff } from './testing/tiff-files.ts';
import { asUnsigned, extraSamples, noData } from './tiff-tags.ts';

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

it.each([
  ['-9999', -9999],
  ['0', 0],
  ['255 ', 255],
  [' -3.4028234663852886e+38', -3.4028234663852886e38],
  ['inf', Infinity],
  ['-inf', -Infinity],
  ['nan', undefined],
  ['', undefined],
  ['none', undefined],
  ['1'.repeat(200), undefined],
])('reads what stands where nothing is known: %j', (written, value) => {
  for (const form of [{}, { bigEndian: true }, { big: true }, { bigEndian: true, big: true }])
    expect(noData(tiff({ width: 1, kind: 'float32', values: [1], noData: written, ...form }))).toBe(value);
});

it('knows of no such number where the file does not say one, or ends before it', () => {
  expect(noData(tiff({ width: 1, kind: 'float32', values: [1] }))).toBeUndefined();
  const whole = tiff({ width: 1, kind: 'uint8', values: [1], noData: '-9999' });
  for (let length = 0; length < whole.length; length++) expect([undefined, -9999]).toContain(noData(whole.subarray(0, length)));
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

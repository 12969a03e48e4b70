import { expect, it } from 'vitest';
import { isSameVersion, totalOf, versionOf } from './download-version.ts';

const of = (headers: Readonly<Record<string, string>>, status = 200): Response => new Response(null, { status, headers });

it('A version is told by checksum, strong tag, time and size', () => {
  const headers = { etag: '"a"', 'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT', 'content-length': '7' };
  expect(versionOf(of(headers), 'f'.repeat(64))).toEqual({
    stated: 'f'.repeat(64),
    etag: '"a"',
    modified: 'Sun, 01 Nov 2026 00:00:00 GMT',
    total: 7,
  });
  expect(versionOf(of({ etag: 'W/"a"' }), undefined)).toEqual({});
  // Of a part the range has the size of the whole.
  expect(totalOf(of({ 'content-range': 'bytes 3-6/7', 'content-length': '4' }, 206))).toBe(7);
  expect(totalOf(of({ 'content-length': '4' }, 206))).toBeUndefined();
  expect(totalOf(of({ 'content-length': '4', 'content-encoding': 'gzip' }))).toBeUndefined();
});

it('A download goes on with the same version alone', () => {
  const version = { etag: '"a"', modified: 'now', total: 7 };
  expect(isSameVersion(version, version, false)).toBe(true);
  for (const change of [{ etag: '"b"' }, { modified: 'later' }, { total: 8 }])
    expect(isSameVersion(version, { ...version, ...change }, true), Object.keys(change).join()).toBe(false);
  expect(isSameVersion({ stated: 'a' }, { stated: 'b' }, true)).toBe(false);
  // What one of them does not tell is no difference, and no proof.
  expect(isSameVersion(version, { total: 7 }, false)).toBe(false);
  expect(isSameVersion(version, { total: 7 }, true)).toBe(true);
  expect(isSameVersion(undefined, version, false)).toBe(false);
  expect(isSameVersion(undefined, version, true)).toBe(true);
});

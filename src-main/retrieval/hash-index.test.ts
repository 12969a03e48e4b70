import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { bytesOf, HashIndex } from './hash-index.ts';

const hash = (i: number): string => createHash('sha256').update(String(i)).digest('hex');

it('finds every hash again while it grows, and none that is not there', () => {
  const index = new HashIndex();
  for (let i = 0; i < 9000; i += 90) {
    index.append(Buffer.concat(Array.from({ length: 90 }, (_, j) => bytesOf(hash(i + j)))));
  }
  expect(index.rows).toBe(9000);
  for (let i = 0; i < 9000; i++) {
    expect(index.rowOf(hash(i).toUpperCase())).toBe(i);
    expect(index.hashOf(i)).toBe(hash(i));
  }
  for (let i = 9000; i < 9500; i++) expect(index.rowOf(hash(i))).toBeUndefined();
});

it('keeps hashes apart that fall into one slot, and the first row of equal ones', () => {
  const index = new HashIndex();
  const alike = (end: string): string => '0'.repeat(62) + end;
  index.append(Buffer.concat([alike('01'), alike('02'), alike('01')].map(bytesOf)));
  expect([alike('01'), alike('02'), alike('03')].map((one) => index.rowOf(one))).toEqual([0, 1, undefined]);
  expect(() => index.rowOf('abc')).toThrow('no SHA-256');
});

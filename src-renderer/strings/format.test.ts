import { describe, expect, it } from 'vitest';
import { readNumber } from '../components/number-input.ts';
import { common } from './common.ts';
import { baseName, formatBytes, formatCount, formatDuration, formatRate, formatShare, formatTime, plural, shortNumber } from './format.ts';
import { library } from './library.ts';
import { plan } from './new-run.ts';
import { settingUnit } from './settings.ts';

describe('numbers as people read them', () => {
  it('counts', () => {
    expect(formatCount(12403)).toBe('12,403');
    expect([plural(1, 'image'), plural(0, 'image'), plural(2, 'copy', 'copies')]).toEqual(['1 image', '0 images', '2 copies']);
  });

  it('counts one of a kind as one, whatever the unit', () => {
    const { amount } = common.job;
    expect(amount({ done: 1, total: 1, unit: 'steps' })).toBe('1 of 1 step');
    expect(amount({ done: 1, total: 12_000, unit: 'steps' })).toBe('1 of 12,000 steps');
    expect([amount({ done: 1, total: 0, unit: 'images' }), amount({ done: 0, total: 0, unit: 'images' })]).toEqual(['1 image', '']);
    expect(amount({ done: 3, total: 4, unit: '' })).toBe('3 of 4');
    expect([settingUnit('patches', 1), settingUnit('patches', 10), settingUnit('px', 1)]).toEqual(['patch', 'patches', 'px']);
  });

  it('says why a folder has more files than images', () => {
    expect([library.count(300), library.count(1), library.count(303, 301)]).toEqual([
      '300 images',
      '1 image',
      '303 files, 301 of them usable',
    ]);
  });

  it('names what is not learned from by its reason: kept for evaluation, or a copy', () => {
    expect([plan.imagesOf(8000, 2000, 0), plan.imagesOf(99, 0, 1), plan.imagesOf(8, 2, 3), plan.imagesOf(8, 0, 0)]).toEqual([
      '8,000 (2,000 kept for evaluation)',
      '99 (1 copy left out)',
      '8 (2 kept for evaluation, 3 copies left out)',
      '8',
    ]);
  });

  it('shortens fractions to what can be seen, and nothing else', () => {
    expect([4 / 3, 0.15, 224, 0, 1e-6].map((value) => shortNumber(value))).toEqual(['1.333', '0.15', '224', '0', '0.000001']);
    expect(shortNumber(4 / 3, 5)).toBe('1.3333');
  });

  it('says bytes without ever writing 1,000 of a unit', () => {
    expect([0, 999, 1000, 3_140_000_000, 999_600_000, 12_400_000].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KB',
      '3.1 GB',
      '1.0 GB',
      '12 MB',
    ]);
  });

  it('says durations without ever writing 60 of a unit', () => {
    expect([Number.NaN, 0.4, 42, 59.7, 3599, 11_100, 187_200].map(formatDuration)).toEqual([
      'under a second',
      'under a second',
      '42 s',
      '1 min',
      '1 h 00 min',
      '3 h 05 min',
      '2 d 4 h',
    ]);
  });

  it('says rates, shares and names', () => {
    expect([formatRate(8.24), formatRate(1204.4), formatShare(0.5421)]).toEqual(['8.2', '1,204', '54.2\u00a0%']);
    expect([baseName('/a/b/'), baseName('C:\\a\\b'), baseName('/')]).toEqual(['b', 'b', '/']);
  });
});

describe('a time', () => {
  it('is said, and one that is none throws nothing', () => {
    expect(formatTime(new Date(2026, 10, 25, 9, 30).getTime())).toMatch(/^Nov 25, 2026, 9:30\sAM$/u);
    expect([Date.parse(''), Infinity, 9e15].map(formatTime)).toEqual(['unknown', 'unknown', 'unknown']);
  });
});

describe('a typed number', () => {
  it('is taken in its range and told otherwise', () => {
    expect(readNumber('5e-4', { min: 0, max: 1 })).toBe(0.0005);
    expect(readNumber('', { min: 0, max: 1 })).toBe('Give a number from 0 to 1.');
    expect(readNumber('2', { min: 0, max: 1 })).toBe('Give a number from 0 to 1.');
    expect(readNumber('1.5', { min: 0, max: 4, whole: true })).toBe('Give a whole number.');
  });
});

import { expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { foundText, labelsOf, labelText } from './scan-progress.ts';

const counts = { found: 404, decoded: 0, reused: 0, unchanged: 0, failed: 0, notImages: 0, missing: 0, moved: 0 };

it('counts so that the numbers add up', () => {
  expect(foundText({ ...counts, failed: 2 }, 400)).toBe('404 files, 2 unreadable, 2 copies: 400 different images');
  expect(foundText({ ...counts, failed: 2 }, 402)).toBe('404 files, 2 unreadable: 402 different images');
  expect(foundText({ ...counts, found: 12_001 }, 12_000)).toBe('12,001 files, 1 copy: 12,000 different images');
  expect(foundText(counts, 404)).toBe('404 different images');
});

it('says which labels are in force, and whether this scan or an earlier one decided', () => {
  const facts = { different: 400, labelled: 400, labels: 10 };
  expect(labelText({ ...facts, mode: { kind: 'folders' } }, false)).toBe('Labels from folders: 10 labels for 400 images.');
  expect(labelText({ ...facts, labels: 0, labelled: 0, mode: { kind: 'folders' } }, false)).toContain('No labels');
  expect(labelText({ ...facts, mode: { kind: 'off' } }, true)).toBe('Labels are off.');
  expect(labelText({ ...facts, mode: { kind: 'off' } }, false)).toBe('Labels are off, as last time.');
  const mode = { kind: 'csv', file: '/a/b.csv' } as const;
  expect(labelText({ ...facts, labelled: 300, mode }, false)).toBe('Labels from /a/b.csv, as last time: 10 labels for 300 images.');
  expect(labelText({ ...facts, labelled: 0, labels: 0, mode }, true)).toContain('none of its lines');
});

it.each([
  ['flders', /Did you mean folders\?/],
  ['Off', /Did you mean off\?/],
  ['nothing-like-it.csv', /^Give folders, off, or/],
])('does not take %s for a table that is missing', (text, hint) => {
  let error: unknown;
  try {
    labelsOf(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'bad-config', hint: expect.stringMatching(hint) as unknown });
  expect(labelsOf('off')).toEqual({ labels: { kind: 'off' } });
});

import { expect, it } from 'vitest';
import { newsOf } from './folder-news.ts';

it('of a folder are what is to be read and every file that is newly gone', () => {
  expect(newsOf({ added: 2, changed: 3, missing: 4 })).toEqual({ toRead: 5, gone: 4 });
  expect(newsOf(undefined)).toEqual({ toRead: 0, gone: 0 });
});

import type { Stats } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { folderExists } from './folder-exists.ts';

vi.mock('node:fs/promises', { spy: true });
const stat = vi.mocked(fsPromises.stat);
afterEach(() => vi.useRealTimers());

it('tells a folder from a file and from nothing, anew each time', async () => {
  expect(await folderExists(import.meta.dirname)).toBe(true);
  expect(await folderExists(import.meta.filename)).toBe(false);
  stat.mockRejectedValueOnce(new Error('gone'));
  expect(await folderExists(import.meta.dirname)).toBe(false);
  expect(await folderExists(import.meta.dirname)).toBe(true);
});

it('asks a server that is gone once, however often somebody looks, and again when it has answered', async () => {
  vi.useFakeTimers();
  stat.mockClear();
  const answer = Promise.withResolvers<Stats>();
  stat.mockReturnValueOnce(answer.promise);
  for (let i = 0; i < 5; i++) {
    const there = folderExists('/away');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await there).toBe(false);
  }
  expect(stat).toHaveBeenCalledTimes(1);
  answer.reject(new Error('gone for good'));
  await vi.advanceTimersByTimeAsync(0);
  expect(await folderExists('/away')).toBe(false);
  expect(stat).toHaveBeenCalledTimes(2);
});

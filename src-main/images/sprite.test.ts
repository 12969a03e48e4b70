import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { DecodeCache } from './cache.ts';
import { spriteSheet } from './sprite.ts';

const folder = mkdtempSync(join(tmpdir(), 'sprite-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('ends where it is told to, and writes nothing then', async () => {
  let asked = 0;
  const cache = { get: async () => Promise.resolve(void asked++) } as unknown as DecodeCache;
  const path = join(folder, 'sprite.png');
  const enough = (): void => {
    if (asked === 3) throw new RangeError('enough');
  };
  await expect(spriteSheet(cache, Array<string>(10).fill('a'), 8, path, enough)).rejects.toThrow('enough');
  expect([asked, existsSync(path)]).toEqual([3, false]);
  await spriteSheet(cache, ['a', 'b'], 8, path);
  expect(existsSync(path)).toBe(true);
});

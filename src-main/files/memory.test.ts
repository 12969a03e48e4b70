import { totalmem } from 'node:os';
import { expect, it } from 'vitest';
import { memoryThere, memoryToUse } from './memory.ts';
import type { MemoryOfSystem } from './memory.ts';

const computer: MemoryOfSystem = { platform: 'linux', total: 64e9, free: 40e9, limit: 2 ** 64, left: 40e9, copies: () => 9e9 };
const container = { ...computer, limit: 8e9, left: 3e9, copies: () => 1e9 };

it('is what a container has left, with the copies of files that give way; not what its computer has free', () => {
  expect([memoryToUse(container), memoryThere(container)]).toEqual([4e9, 8e9]);
  // A limit that others leave no room for.
  expect(memoryToUse({ ...container, free: 2e9 })).toBe(2e9);
});

it('is what the computer has free where there is no limit', () => {
  for (const limit of [0, 2 ** 64, 64e9])
    expect([memoryToUse({ ...computer, limit }), memoryThere({ ...computer, limit })]).toEqual([40e9, 64e9]);
});

it('is most of the memory of a Mac, which never counts it as free', () => {
  const mac: MemoryOfSystem = { ...computer, platform: 'darwin', total: 16e9, free: 0.2e9, limit: 0, left: 0.2e9 };
  expect([memoryToUse(mac), memoryThere(mac)]).toEqual([9.6e9, 16e9]);
});

it('is something here', () => {
  expect(memoryToUse()).toBeGreaterThan(0);
  expect(memoryThere()).toBeLessThanOrEqual(totalmem());
  expect(memoryToUse()).toBeLessThanOrEqual(memoryThere());
});
